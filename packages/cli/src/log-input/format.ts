import { stat } from 'node:fs/promises'
import { ParapetError } from '@parapet/core'
import type { LineParser } from '@parapet/detect'

/** What `--format` takes, beside the parsers' own names. */
const ALIASES: Readonly<Record<string, string>> = { nginx: 'nginx.access' }

/** The line of `--format` in every help. */
export const FORMAT_HELP = 'auto, sshd or nginx (combined access log)'

/**
 * The parser for a named format, or the one that recognises the first lines for `auto`. Throws `PPT_FORMAT_UNKNOWN`. Lines that are
 * all blank recognise nothing and are no fault: they get a parser that will not be needed.
 */
export const pickParser = async (format: string, lines: readonly string[], path: string): Promise<LineParser> => {
  const { parserFor, parsers, recognizeFormat } = await import('@parapet/detect')
  if (format !== 'auto') return parserFor(ALIASES[format] ?? format)
  const [first] = parsers
  const found = lines.every((line) => line.trim() === '') ? first : recognizeFormat(lines)
  if (found === undefined) {
    throw new ParapetError('PPT_FORMAT_UNKNOWN', `the first lines of ${path} are of none of ${parsers.map(({ name }) => name).join(', ')}`)
  }
  return found
}

/** The latest moment that a line of this input can be from, ms UTC: the file's last change, `now` for a pipe. */
export const latestMoment = async (path: string, now: number): Promise<number> => {
  if (path === '-') return now
  const info = await stat(path).catch(() => undefined)
  return info?.isFile() === true ? info.mtimeMs : now
}
