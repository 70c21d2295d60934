import { commonLogStamp, isoStamp, NO_TIME, type ReadStamp } from '../stamps.js'
import { quotedText } from './combined.js'
import { agentText, setPeer, setRequestLine, setTarget, type HttpDraft } from './http-event.js'
import { spacedStamp, unixTime } from './web-stamps.js'

/**
 * What a variable may hold. `word`: no space, written by the server. `guest`: no space either, but a client's text. `list`: words joined by `, ` and ` : `,
 * as nginx tells of several upstreams. `text`: anything that the format's escape lets through. A number is a fixed length.
 */
export type Shape = 'word' | 'guest' | 'list' | 'text' | number

/** Where a variable goes: reads `line[from, to)` into the draft; false when it cannot be what it should. `cut`: the line ended inside it. */
export type Store = (draft: HttpDraft, line: string, from: number, to: number, cut: boolean) => boolean

/** A variable of a format. `label`: kept as `labels.NAME` instead. `gives`: what must stand once in a format. */
export type Slot = {
  readonly name: string
  readonly shape: Shape
  readonly store?: Store
  readonly label?: string
  readonly gives?: 'time' | 'address' | 'request'
}

const isDash = (line: string, from: number, to: number): boolean => to <= from || (to - from === 1 && line.charCodeAt(from) === 45)

/** Digits with at most one point; -1 for `-`, NaN for anything else. */
const decimal = (line: string, from: number, to: number): number => {
  if (isDash(line, from, to)) return -1
  const value = to - from > 24 ? Number.NaN : Number(line.slice(from, to))
  return value >= 0 ? value : Number.NaN
}

/** Stores a number that may be missing. */
const number =
  (put: (draft: HttpDraft, value: number) => void): Store =>
  (draft, line, from, to) => {
    const value = decimal(line, from, to)
    if (value >= 0) put(draft, value)
    return !Number.isNaN(value)
  }

/** Stores text; `-` and nothing are missing. */
const text =
  (put: (draft: HttpDraft, value: string) => void): Store =>
  (draft, line, from, to) => {
    const value = quotedText(line, from, to)
    if (value !== undefined) put(draft, value)
    return true
  }

const stamp: ReadStamp = { time: 0, end: 0 }
const timed =
  (read: (line: string, from: number, to: number) => number): Store =>
  (draft, line, from, to) => {
    draft.time = read(line, from, to)
    return draft.time !== NO_TIME
  }

/** How a request's time is counted. */
export const duration = (nanoseconds: number): Store =>
  number((draft, value) => {
    draft.duration = Math.round(value * nanoseconds)
  })

/** Names of {@link stores}. */
export type StoreName =
  | 'address'
  | 'user'
  | 'request'
  | 'target'
  | 'query'
  | 'method'
  | 'version'
  | 'status'
  | 'bytes'
  | 'port'
  | 'referrer'
  | 'agent'
  | 'domain'
  | 'localTime'
  | 'bracketedTime'
  | 'isoTime'
  | 'spacedTime'
  | 'seconds'
  | 'milliseconds'
  | 'microseconds'

/** Every way to keep a variable; nginx and Apache share them. */
export const stores: Readonly<Record<StoreName, Store>> = {
  address: (draft, line, from, to) => {
    setPeer(draft, line, from, to)
    return to > from
  },
  user: text((draft, value) => {
    draft.user = value
  }),
  request: (draft, line, from, to, cut) => {
    setRequestLine(draft, line, from, to, cut)
    return true
  },
  target: (draft, line, from, to, cut) => {
    const { query } = draft
    if (!isDash(line, from, to)) setTarget(draft, line.slice(from, to))
    draft.query ??= query
    if (cut) draft.reason = 'truncated_line'
    return true
  },
  query: text((draft, value) => {
    draft.query = value.startsWith('?') ? value.slice(1) : value
  }),
  method: text((draft, value) => {
    draft.method = value
  }),
  version: text((draft, value) => {
    draft.version = value.startsWith('HTTP/') ? value.slice(5) : value
  }),
  status: (draft, line, from, to) => {
    const value = decimal(line, from, to)
    if (value >= 0) draft.status = value
    return value <= 999
  },
  bytes: number((draft, value) => {
    draft.bytes = value
  }),
  port: number((draft, value) => {
    draft.port = value
  }),
  referrer: text((draft, value) => {
    draft.referrer = value
  }),
  agent: (draft, line, from, to) => {
    if (!isDash(line, from, to)) draft.agent = agentText(line, from, to)
    return true
  },
  domain: text((draft, value) => {
    draft.domain = value
  }),
  localTime: timed((line, from) => commonLogStamp(line, from)),
  bracketedTime: timed((line, from, to) =>
    line.charCodeAt(from) === 91 && line.charCodeAt(to - 1) === 93 ? commonLogStamp(line, from + 1) : NO_TIME,
  ),
  isoTime: timed((line, from, to) => (isoStamp(line, from, 0, stamp) && stamp.end === to ? stamp.time : NO_TIME)),
  spacedTime: timed((line, from) => spacedStamp(line, from, 0)),
  seconds: timed((line, from, to) => unixTime(decimal(line, from, to), 's')),
  milliseconds: timed((line, from, to) => unixTime(decimal(line, from, to), 'ms')),
  microseconds: timed((line, from, to) => unixTime(decimal(line, from, to), 'us')),
}
