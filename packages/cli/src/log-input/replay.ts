import { type Alert, isParapetError } from '@parapet/core'
import type { Engine, LineParser } from '@parapet/detect'
import { latestMoment, pickParser } from './format.js'

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
  readonly format: string
  readonly engine: Engine
  /** ms UTC, inclusive and exclusive */
  readonly since: number | undefined
  readonly until: number | undefined
  readonly now: number
  readonly stdin: AsyncIterable<Uint8Array | string>
  readonly progress?: (
    path: string,
  ) => Promise<{ update: (bytes: number, total: number | undefined, lines: number) => void; stop: () => void }>
}

type Counters = { lines: number; events: number; outside: number; foreign: number; unknown: number; cut: number }

/**
 * Reads files in the order given through one engine, as one log. Alerts come back as they stand at the end, in the order in which
 * they fired. A file that cannot be read does not keep the others from it: its error is in its summary.
 */
export const replay = async (options: ReplayOptions): Promise<{ alerts: Alert[]; files: FileSummary[] }> => {
  const { readLines } = await import('@parapet/detect')
  const { engine, since = Number.NEGATIVE_INFINITY, until = Number.POSITIVE_INFINITY } = options
  const alerts = new Map<string, Alert>()
  const keep = (found: ReturnType<Engine['process']>): void => {
    for (const { alert } of found) alerts.set(alert.id, alert)
  }
  const several = options.files.length > 1

  const readFile = async (path: string, counters: Counters, found: (parser: LineParser) => void): Promise<void> => {
    let parser = options.format === 'auto' ? undefined : await pickParser(options.format, [], path)
    const bar = await options.progress?.(path)
    const reader = readLines(path, { stdin: options.stdin, onProgress: ({ bytes, total }) => bar?.update(bytes, total, counters.lines) })
    const context = { now: await latestMoment(path, options.now) }
    try {
      for await (const { firstNumber, lines } of reader) {
        if (parser === undefined) parser = await pickParser(options.format, lines, path)
        found(parser)
        let number = firstNumber
        for (const line of lines) {
          const at = number++
          const event = parser.parse(line, context)
          if (event === undefined) {
            if (parser.isForeign(line)) counters.foreign++
            else if (line.trim() !== '') counters.unknown++
            continue
          }
          counters.events++
          const time = event['@timestamp']
          if (time < since || time >= until) counters.outside++
          else keep(engine.process(event, several ? `${path}:${at}` : at))
        }
        counters.lines += lines.length
      }
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
