import { ParapetError } from '@parapet/core'
import type { LineParser } from './line-parser.js'
import { nginxAccess } from './nginx-access.js'
import { sshd } from './sshd.js'

/** Every parser, in the order in which they are tried where two know as many lines. */
export const parsers: readonly LineParser[] = [sshd, nginxAccess]

/** The parser of a format. Throws PPT_FORMAT_UNKNOWN, naming the known ones. */
export const parserFor = (name: string): LineParser => {
  const parser = parsers.find((candidate) => candidate.name === name)
  if (parser === undefined) throw new ParapetError('PPT_FORMAT_UNKNOWN', `known are ${parsers.map((known) => known.name).join(', ')}`)
  return parser
}

/** How many lines are looked at to recognise a format. */
const SAMPLE = 2_000

/**
 * The parser that knows most of these lines: the first block of a file does. Lines of other programs decide where no line of the
 * format's own has come yet (an auth.log that starts with cron). `undefined` when nobody knows a line.
 */
export const recognizeFormat = (lines: readonly string[]): LineParser | undefined => {
  const sample = lines.slice(0, SAMPLE)
  const most = (counts: (parser: LineParser, line: string) => boolean): LineParser | undefined => {
    let best: LineParser | undefined
    let bestCount = 0
    for (const parser of parsers) {
      const count = sample.reduce((sum, line) => (counts(parser, line) ? sum + 1 : sum), 0)
      if (count > bestCount) {
        best = parser
        bestCount = count
      }
    }
    return best
  }
  return most((parser, line) => parser.sniff(line)) ?? most((parser, line) => parser.isForeign(line))
}
