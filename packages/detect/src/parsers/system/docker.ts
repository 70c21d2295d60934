import type { SecurityEvent } from '@parapet/core'
import { asEvent, LINE_BYTES, openParser, type LineParser, type ParseContext } from '../line-parser.js'
import { isoStamp, type ReadStamp } from '../stamps.js'

/** One line of Docker's `json-file` driver. */
type Wrapped = { text: string; stream: string; time: number; partial: boolean }

const stamp: ReadStamp = { time: 0, end: 0 }

/** Reads `{"log":"TEXT\n","stream":"stderr","time":"2026-11-22T11:12:13.123456789Z"}`; `undefined` for anything else. */
const unwrap = (line: string): Wrapped | undefined => {
  if (!line.startsWith('{"log":"')) return undefined
  let parsed: { log?: unknown; stream?: unknown; time?: unknown }
  try {
    parsed = JSON.parse(line) as typeof parsed
  } catch {
    return undefined
  }
  const { log, stream, time } = parsed
  if (typeof log !== 'string' || typeof time !== 'string' || time.length < 20 || !isoStamp(time, 0, 0, stamp)) return undefined
  const ended = log.endsWith('\n')
  const end = ended ? log.length - (log.endsWith('\r\n') ? 2 : 1) : log.length
  return { text: log.slice(0, end), stream: stream === 'stderr' ? 'stderr' : 'stdout', time: stamp.time, partial: !ended }
}

const plain = (text: string, { stream, time }: Wrapped): SecurityEvent =>
  asEvent({
    '@timestamp': time,
    'event.category': 'application',
    'event.action': 'message',
    'event.outcome': 'unknown',
    'event.dataset': 'docker',
    message: text.slice(0, LINE_BYTES),
    'container.log.stream': stream,
  })

/** unknown lines in a row after which the inner format is looked for again */
const DOUBTS = 20

/**
 * Lines of a container as Docker keeps them (`json-file`). Each is unwrapped and read by the parser that `choose` gives for it, the same for a
 * stream until that knows nothing more; what no parser knows is an `application` `message`. Docker cuts lines at 16 KiB: an opened parser joins the parts, up to
 * `LINE_BYTES`. stdout and stderr are streams of their own.
 */
export const createDocker = (choose: (line: string) => LineParser | undefined): LineParser => {
  const open = (): LineParser => {
    const streams = { stdout: createInner(choose), stderr: createInner(choose) }
    const parts = { stdout: '', stderr: '' }
    const parse = (line: string, context: ParseContext): SecurityEvent | undefined => {
      const wrapped = unwrap(line)
      if (wrapped === undefined) return undefined
      const which = wrapped.stream === 'stderr' ? 'stderr' : 'stdout'
      const text = (parts[which] + wrapped.text).slice(0, LINE_BYTES)
      parts[which] = wrapped.partial ? text : ''
      return wrapped.partial ? undefined : streams[which].read(text, wrapped, context)
    }
    return { ...docker, parse, flush: () => streams.stdout.flush() ?? streams.stderr.flush() }
  }
  const docker: LineParser = {
    name: 'docker',
    parse: (line, context) => {
      const wrapped = unwrap(line)
      return wrapped === undefined ? undefined : (choose(wrapped.text)?.parse(wrapped.text, context) ?? plain(wrapped.text, wrapped))
    },
    sniff: (line) => unwrap(line) !== undefined,
    isForeign: () => false,
    open,
  }
  return docker
}

type Inner = {
  read: (text: string, wrapped: Wrapped, context: ParseContext) => SecurityEvent | undefined
  flush: () => SecurityEvent | undefined
}

const createInner = (choose: (line: string) => LineParser | undefined): Inner => {
  let parser: LineParser | undefined
  let joins = false
  let doubts = 0
  return {
    flush: () => parser?.flush?.(),
    read: (text, wrapped, context) => {
      if (parser === undefined || doubts >= DOUBTS) {
        const found = choose(text)
        if (found !== undefined && found.name !== parser?.name) {
          parser = openParser(found)
          joins = found.open !== undefined
        }
        if (found !== undefined) doubts = 0
      }
      const event = parser?.parse(text, context)
      if (event !== undefined) {
        doubts = 0
        return event
      }
      // a parser that joins lines may be waiting for the next one
      if (parser !== undefined && (joins || parser.isForeign(text))) {
        doubts++
        return undefined
      }
      doubts++
      return plain(text, wrapped)
    },
  }
}
