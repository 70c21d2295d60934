import { ParapetError } from '@parapet/core'
import type { LineParser } from './line-parser.js'
import { nginxAccess } from './nginx-access.js'
import { createDocker, systemParsers } from './system/index.js'
import { generalParsers, webParsers } from './web/index.js'

const isSyslog = ({ name }: LineParser): boolean => name === 'syslog'

const isTraefik = ({ name }: LineParser): boolean => name === 'traefik'

/** Parsers of one program or a family. The container's is last: it opens an envelope, and asks the others what is in it. */
const specific: readonly LineParser[] = [
  ...systemParsers.filter((parser) => !isSyslog(parser)),
  // its lines begin as nginx's do
  ...webParsers.filter(isTraefik),
  nginxAccess,
  ...webParsers.filter((parser) => !isTraefik(parser)),
  createDocker((line) => inside.find((parser) => parser.sniff(line))),
]

/** Parsers that know nearly any line of a shape: syslog, JSON, logfmt. */
const general: readonly LineParser[] = [...systemParsers.filter(isSyslog), ...generalParsers]

/** Every parser, in the order in which they are tried where two know as many lines. */
export const parsers: readonly LineParser[] = [...specific, ...general]

const inside: readonly LineParser[] = parsers.filter(({ name }) => name !== 'docker')

/** The parser of a format. Throws PPT_FORMAT_UNKNOWN, naming the known ones. */
export const parserFor = (name: string): LineParser => {
  const parser = parsers.find((candidate) => candidate.name === name)
  if (parser === undefined) throw new ParapetError('PPT_FORMAT_UNKNOWN', `known are ${parsers.map((known) => known.name).join(', ')}`)
  return parser
}

/** How many lines are looked at to recognise a format, out of the first so many. */
const SAMPLE = { of: 2_000, looked: 400 }

type Counts = (parser: LineParser, line: string) => boolean

/** The parsers by how many lines they claim; line by line, so that what parsers share of one line is read once. */
const tally = (lines: readonly string[], counts: Counts): Map<LineParser, number> => {
  const known = new Map<LineParser, number>(parsers.map((parser) => [parser, 0]))
  for (const line of lines) {
    if (line === '') continue
    for (const parser of parsers) if (counts(parser, line)) known.set(parser, (known.get(parser) ?? 0) + 1)
  }
  return known
}

const most = (known: ReadonlyMap<LineParser, number>, among: readonly LineParser[]): { parser: LineParser | undefined; count: number } => {
  let [parser, count]: [LineParser | undefined, number] = [undefined, 0]
  for (const one of among) if ((known.get(one) ?? 0) > count) [parser, count] = [one, known.get(one) ?? 0]
  return { parser, count }
}

const bestOf = (lines: readonly string[], counts: Counts): LineParser | undefined => {
  const known = tally(lines, counts)
  const own = most(known, specific)
  const shape = most(known, general)
  // a program's own parser says more of its lines than a general one, unless it leaves out most of them
  return own.count * 2 >= shape.count ? (own.parser ?? shape.parser) : shape.parser
}

/**
 * The parser that knows most of these lines: the first block of a file does. Lines of other programs decide where no line of the
 * format's own has come yet. A general parser is taken when no other knows half of what it knows. `undefined` when nobody knows a line.
 */
export const recognizeFormat = (lines: readonly string[]): LineParser | undefined => {
  const sample = lines.slice(0, SAMPLE.of)
  const step = Math.max(1, Math.ceil(sample.length / SAMPLE.looked))
  const some = step === 1 ? sample : sample.filter((_, at) => at % step === 0)
  const sniff: Counts = (parser, line) => parser.sniff(line)
  return bestOf(some, sniff) ?? (step === 1 ? undefined : bestOf(sample, sniff)) ?? bestOf(some, (parser, line) => parser.isForeign(line))
}
