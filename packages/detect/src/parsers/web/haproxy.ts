import type { SecurityEvent } from '@parapet/core'
import { contentEnd, type LineParser, type ParseContext } from '../line-parser.js'
import { createSyslogFrame, readSyslogFrame } from '../syslog-frame.js'
import { NO_TIME } from '../stamps.js'
import { clearHttpDraft, createHttpDraft, httpEvent, setPeer, setRequestLine } from './http-event.js'
import { numberFrom } from './request-line.js'
import { slashStamp } from './web-stamps.js'

const STAMP = 24
const draft = createHttpDraft()
const frame = createSyslogFrame()

/** The end of the word at `from`, or -1 where none is. */
const wordEnd = (line: string, from: number, end: number): number => {
  const space = line.indexOf(' ', from)
  return from <= 0 || from >= end ? -1 : space < 0 || space > end ? end : space
}

/** Where HAProxy's own text starts: behind the head of syslog, where there is one. -1 for the lines of other programs. */
const textFrom = (line: string, end: number, context: ParseContext): number => {
  if (!readSyslogFrame(line, end, context, frame)) return 0
  return line.startsWith('haproxy', frame.nameFrom) ? frame.messageFrom : -1
}

const captured = (line: string, from: number): number => (line.charCodeAt(from) === 123 ? line.indexOf('}', from) : -1)

/** The total time of `6/0/30/69/109`, ns; with `option logasap` it has a `+` before it. */
const totalTime = (line: string, from: number, to: number): number | undefined => {
  const slash = line.lastIndexOf('/', to - 1)
  if (slash < from) return undefined
  const value = Number(line.slice(line.charCodeAt(slash + 1) === 43 ? slash + 2 : slash + 1, to))
  return value >= 0 ? value * 1e6 : undefined
}

const parse = (line: string, context: ParseContext): SecurityEvent | undefined => {
  const end = contentEnd(line)
  let at = textFrom(line, end, context)
  if (at < 0) return undefined
  clearHttpDraft(draft)
  if (line.startsWith('Connect from ', at)) return parseConnect(line, at + 13, end)
  const peerEnd = wordEnd(line, at + 1, end)
  if (peerEnd < 0 || line.charCodeAt(peerEnd + 1) !== 91 || line.charCodeAt(peerEnd + STAMP + 2) !== 93) return undefined
  setPeer(draft, line, at, peerEnd)
  draft.time = slashStamp(line, peerEnd + 2, context.utcOffsetMinutes ?? 0)
  if (draft.time === NO_TIME) return undefined
  const words: number[] = [peerEnd + STAMP + 3]
  // frontend, backend/server, timers, status, bytes, cookies twice, state, connections, queues: none is a client's but the cookies
  for (let i = 0; i < 10; i++) {
    const stop = wordEnd(line, (words[i] as number) + 1, end)
    if (stop < 0) return undefined
    words.push(stop)
  }
  const from = (word: number): number => (words[word] as number) + 1
  const [timers, status, bytes, state] = [3, 4, 5, 8].map((word) => from(word - 1)) as [number, number, number, number]
  const timersEnd = words[3] as number
  let slashes = 0
  for (let i = timers; i < timersEnd; i++) if (line.charCodeAt(i) === 47) slashes++
  const code = numberFrom(line, status, end)
  // three timers are a TCP connection's, whose line has no status
  if (slashes !== 4 || (code < 0 && !line.startsWith('-1 ', status)) || code > 999 || (words[8] as number) - state !== 4) return undefined
  draft.status = code < 0 ? undefined : code
  const size = numberFrom(line, line.charCodeAt(bytes) === 43 ? bytes + 1 : bytes, end)
  draft.bytes = size < 0 ? undefined : size
  draft.duration = totalTime(line, timers, timersEnd)
  const backend = line.slice(from(1), words[2])
  const frontend = line.slice(from(0), words[1])
  const termination = line.slice(state, state + 4)

  at = from(10)
  let [requestHeaders, responseHeaders]: (string | undefined)[] = []
  for (let group = 0; group < 2; group++) {
    const close = captured(line, at)
    if (close < 0) break
    const text = line.slice(at + 1, close)
    if (requestHeaders === undefined) requestHeaders = text
    else responseHeaders = text
    at = close + 2
  }
  if (line.charCodeAt(at) !== 34) return undefined
  // the request is the last thing of a line, and a quote in it is written as #22
  const close = line.indexOf('"', at + 1)
  const cut = close < 0 || close >= end
  if (line.startsWith('<BADREQ>', at + 1)) draft.reason = 'malformed_request'
  else setRequestLine(draft, line, at + 1, cut ? end : close, cut)
  return withLabels(httpEvent(draft, 'haproxy'), frontend, backend, termination, requestHeaders, responseHeaders)
}

const withLabels = (
  event: SecurityEvent,
  frontend: string | undefined,
  backend: string | undefined,
  state: string | undefined,
  requestHeaders: string | undefined,
  responseHeaders: string | undefined,
): SecurityEvent => {
  event['labels.frontend'] = frontend
  event['labels.backend'] = backend
  event['labels.termination_state'] = state
  event['labels.captured_request'] = requestHeaders
  event['labels.captured_response'] = responseHeaders
  return event
}

/** `Connect from 10.0.1.2:33312 to 10.0.3.31:8012 (www/HTTP)`: the default log, which tells of no request and needs syslog's stamp. */
const parseConnect = (line: string, from: number, end: number): SecurityEvent | undefined => {
  const stop = line.indexOf(' to ', from)
  const open = line.lastIndexOf(' (', end)
  if (stop < 0 || open < stop || frame.messageFrom + 13 !== from || line.charCodeAt(end - 1) !== 41) return undefined
  setPeer(draft, line, from, stop)
  draft.time = frame.time
  const event = withLabels(
    httpEvent(draft, 'haproxy'),
    line.slice(open + 2, end - 1).split('/', 1)[0],
    undefined,
    undefined,
    undefined,
    undefined,
  )
  event['event.category'] = 'network'
  event['event.action'] = 'connection'
  return event
}

/**
 * HAProxy's HTTP log (`option httplog`) with captures and the state in which a session ended, and the `Connect from` lines of its default log; with or
 * without the head of syslog. The stamp names no zone: `utcOffsetMinutes` says which. Source: HAProxy configuration manual, 8.2.3 and 8.5.
 */
export const haproxy: LineParser = {
  name: 'haproxy',
  parse,
  sniff: (line) => parse(line, SNIFF) !== undefined,
  isForeign: () => false,
}

/** any time does: sniffing only asks whether there is an event */
const SNIFF: ParseContext = { now: Date.UTC(2026, 0, 1) }
