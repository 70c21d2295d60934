import { readFile, stat } from 'node:fs/promises'
import { ParapetError } from '@parapet/core'
import type { LineParser } from '@parapet/detect'
import { usageError } from '../errors.js'
import { formatCount } from '../output/format.js'
import { wrap } from '../output/width.js'

/** What `--format` takes, beside the parsers' own names. */
const ALIASES: Readonly<Record<string, string>> = {
  nginx: 'nginx.access',
  apache: 'apache.access',
  gunicorn: 'gunicorn.access',
  postgres: 'postgresql',
}

/** The line of `--format` in every help. */
export const FORMAT_HELP = 'auto, or the name of a parser, such as sshd, nginx, apache.error or json'
/** Every parser's name. A help loads no engine, so they stand here; a test holds the list to the parsers. */
export const FORMAT_NAMES =
  'auth sshd auditd journal.json postgresql postgresql.csv postgresql.json redis traefik nginx.access apache.access gunicorn.access nginx.error apache.error gunicorn.error django haproxy caddy traefik.json nginx.json apache.json pino bunyan docker syslog json logfmt'
/** The section of a help that lists them. */
export const FORMATS_HELP = `Formats:\n${wrap(FORMAT_NAMES.replaceAll(' ', ', '), 76)
  .map((line) => `  ${line}`)
  .join('\n')}`
/** The line of `--mapping` in every help. */
export const MAPPING_HELP = 'read JSON or logfmt by this file: which field is which (YAML)'
/** The line of `--log-format` in every help. */
export const LOG_FORMAT_HELP = 'log_format of nginx or LogFormat of Apache, as in its configuration: the text, or a file that holds it'

/** What says how lines are read. */
export type FormatChoice = { readonly format: string; readonly mapping?: string; readonly logFormat?: string }

const MAX_FILE = 1_048_576

const readText = async (path: string): Promise<string> => {
  try {
    const { size } = await stat(path)
    if (size > MAX_FILE) throw new ParapetError('PPT_FILE_UNREADABLE', `${path} is larger than 1 MiB`)
    return await readFile(path, 'utf8')
  } catch (cause) {
    if (cause instanceof ParapetError) throw cause
    throw new ParapetError('PPT_FILE_UNREADABLE', `${path}${cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : ''}`, {
      cause,
    })
  }
}

/**
 * The parser that the options name, or `undefined` for `auto`: then the first lines tell ({@link pickParser}). Throws `PPT_USAGE` for options that
 * say different things, `PPT_FORMAT_UNKNOWN`, `PPT_MAPPING_INVALID`, `PPT_LOG_FORMAT_INVALID` and `PPT_FILE_UNREADABLE`.
 */
export const namedParser = async ({ format, mapping, logFormat }: FormatChoice): Promise<LineParser | undefined> => {
  const named = [
    ...(format === 'auto' ? [] : ['--format']),
    ...(mapping === undefined ? [] : ['--mapping']),
    ...(logFormat === undefined ? [] : ['--log-format']),
  ]
  if (named.length > 1) throw usageError(`${named.join(' and ')} do not go together; keep one`)
  const { compileLogFormat, compileMapping, parserFor } = await import('@parapet/detect')
  if (mapping !== undefined) return compileMapping(await readText(mapping), mapping)
  // a template names variables; what names none is a file
  if (logFormat !== undefined) return compileLogFormat(/[$%]/.test(logFormat) ? logFormat : await readText(logFormat))
  return format === 'auto' ? undefined : parserFor(ALIASES[format] ?? format)
}

/**
 * The parser that recognises these lines, the first ones of `path`. Throws `PPT_FORMAT_UNKNOWN`. Lines that are all blank recognise nothing and are no
 * fault: they get a parser that will not be needed.
 */
export const pickParser = async (lines: readonly string[], path: string): Promise<LineParser> => {
  const { parsers, recognizeFormat } = await import('@parapet/detect')
  const [first] = parsers
  const found = lines.every((line) => line.trim() === '') ? first : recognizeFormat(lines)
  if (found === undefined) {
    throw new ParapetError(
      'PPT_FORMAT_UNKNOWN',
      `the first lines of ${path} are of none of ${parsers.map(({ name }) => name).join(', ')}; --mapping and --log-format read others`,
    )
  }
  return found
}

/** What became of the lines of one input. */
export type Understood = { readonly events: number; readonly foreign: number; readonly unknown: number }

/** Lines that nobody understood, to all that were looked at, beyond which an input without an event is of another format. */
const MOST_UNKNOWN = 0.9

/**
 * Throws `PPT_FORMAT_UNKNOWN` for an input that gave no event and of which hardly a line was understood: it was not read, and "nothing found"
 * would be a lie.
 */
export const assertUnderstood = (path: string, parser: Pick<LineParser, 'name'> | undefined, counts: Understood): void => {
  const { events, foreign, unknown } = counts
  if (parser === undefined || events > 0 || unknown === 0 || unknown < MOST_UNKNOWN * (unknown + foreign)) return
  throw new ParapetError(
    'PPT_FORMAT_UNKNOWN',
    `${path} was read as ${parser.name}, and ${formatCount(unknown)} of its lines are not of this format`,
  )
}

/** The latest moment that a line of this input can be from, ms UTC: the file's last change, `now` for a pipe. */
export const latestMoment = async (path: string, now: number): Promise<number> => {
  if (path === '-') return now
  const info = await stat(path).catch(() => undefined)
  return info?.isFile() === true ? info.mtimeMs : now
}
