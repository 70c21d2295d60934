import { hostname } from 'node:os'
import { type Alert, isParapetError, type SecurityEvent } from '@parapet/core'
import type { Engine, LineParser } from '@parapet/detect'
import { assertUnderstood, latestMoment, pickParser } from './format.js'

/** One file as it was read. */
export type FileSummary = {
  readonly path: string
  /** `undefined` when the file could not be opened or its format is not known */
  readonly format: string | undefined
  readonly lines: number
  /** lines that became events */
  readonly events: number
  /** events left out by --since and --until */
  readonly outside: number
  /** well-formed lines of other programs in the same file */
  readonly foreign: number
  /** lines that the format's parser does not understand */
  readonly unknown: number
  /** lines longer than 8 KiB, cut */
  readonly cut: number
  readonly error?: unknown
}

/** What {@link replay} needs. */
export type ReplayOptions = {
  readonly files: readonly string[]
  /** reads every file; `undefined`: each by the parser that recognises its first lines */
  readonly parser: LineParser | undefined
  readonly engine: Engine
  /** looks at each event before the engine does, and may fill in what it lacks */
  readonly enrich?: ((event: SecurityEvent) => SecurityEvent) | undefined
  /** ms UTC, inclusive and exclusive */
  readonly since: number | undefined
  readonly until: number | undefined
  readonly now: number
  readonly stdin: AsyncIterable<Uint8Array | string>
  /** inputs that are no files, by the name that `files` has for them */
  readonly streams?: ReadonlyMap<string, AsyncIterable<Uint8Array | string>> | undefined
  /** called with a path when bytes follow a gzip file that are none of it */
  readonly onTrailing?: (path: string) => void
  readonly progress?: (path: string) => { update: (bytes: number, total: number | undefined, lines: number) => void; stop: () => void }
}

/** True for a line that a parser of events over several lines has kept. */
export const waits = (parser: LineParser, line: string): boolean => parser.flush !== undefined && parser.sniff(line)

type Counters = { lines: number; events: number; outside: number; foreign: number; unknown: number; cut: number }

/**
 * Reads files in the order given through one engine, as one log. Alerts come back as they stand at the end, in the order in which
 * they fired. A file that cannot be read does not keep the others from it: its error is in its summary.
 */
export const replay = async (options: ReplayOptions): Promise<{ alerts: Alert[]; files: FileSummary[] }> => {
  const { openParser, readLines } = await import('@parapet/detect')
  const { engine, enrich = (event) => event, since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = options
  const alerts = new Map<string, Alert>()
  const keep = (found: ReturnType<Engine['process']>): void => {
    for (const { alert } of found) alerts.set(alert.id, alert)
  }
  const several = options.files.length > 1
  const host = hostname()

  const readFile = async (path: string, counters: Counters, found: (parser: LineParser) => void): Promise<void> => {
    let parser = options.parser === undefined ? undefined : openParser(options.parser)
    const bar = options.progress?.(path)
    const stream = options.streams?.get(path)
    const reader = readLines(stream === undefined ? path : '-', {
      stdin: stream ?? options.stdin,
      onTrailing: () => options.onTrailing?.(path),
      onProgress: ({ bytes, total }) => bar?.update(bytes, total, counters.lines),
    })
    const context = { now: stream === undefined ? await latestMoment(path, options.now) : options.now }
    const weigh = (event: SecurityEvent, at: number): void => {
      counters.events++
      // rules of hosts count by host, and some logs name none
      if (event['event.category'] !== 'web') event['host.name'] ??= host
      const time = event['@timestamp']
      if (time < since || time >= until) counters.outside++
      else keep(engine.process(enrich(event), several ? `${path}:${at}` : at))
    }
    try {
      for await (const { firstNumber, lines } of reader) {
        parser ??= openParser(await pickParser(lines, path))
        found(parser)
        let number = firstNumber
        for (const line of lines) {
          const at = number++
          const event = parser.parse(line, context)
          if (event === undefined) {
            if (parser.isForeign(line)) counters.foreign++
            else if (line.trim() !== '' && !waits(parser, line)) counters.unknown++
            continue
          }
          weigh(event, at)
        }
        counters.lines += lines.length
      }
      // what a parser kept for lines that never came
      for (let event = parser?.flush?.(); event !== undefined; event = parser?.flush?.()) weigh(event, counters.lines)
      assertUnderstood(path, parser, counters)
    } finally {
      counters.cut = reader.counts().cut
      bar?.stop()
    }
  }

  const files: FileSummary[] = []
  for (const path of options.files) {
    const counters: Counters = { lines: 0, events: 0, outside: 0, foreign: 0, unknown: 0, cut: 0 }
    let format: string | undefined
    let failure: { error: unknown } | undefined
    try {
      await readFile(path, counters, (parser) => (format = parser.name))
    } catch (error) {
      if (!isParapetError(error)) throw error
      failure = { error }
    }
    files.push({ path, format, ...counters, ...failure })
  }
  keep(engine.flush())
  return { alerts: [...alerts.values()], files }
}
