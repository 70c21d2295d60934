import type { SecurityEvent } from '@parapet/core'
import { addressAt } from '../address-text.js'
import { asEvent } from '../line-parser.js'
import { createSharedText, type SharedText } from '../shared-text.js'
import { readRequest, readTarget, request } from './request-line.js'

/** One request while its line is read: the fields of `nginx.access`, and what richer logs say besides. `undefined` where the line says nothing. */
export type HttpDraft = {
  /** ms UTC */
  time: number
  ip: string | undefined
  port: number | undefined
  user: string | undefined
  method: string | undefined
  path: string | undefined
  query: string | undefined
  target: string | undefined
  version: string | undefined
  reason: string | undefined
  status: number | undefined
  /** of the answer's body */
  bytes: number | undefined
  referrer: string | undefined
  agent: string | undefined
  /** the host that was asked for */
  domain: string | undefined
  /** ns, as ECS counts */
  duration: number | undefined
}

const EMPTY: HttpDraft = {
  time: 0,
  ip: undefined,
  port: undefined,
  user: undefined,
  method: undefined,
  path: undefined,
  query: undefined,
  target: undefined,
  version: undefined,
  reason: undefined,
  status: undefined,
  bytes: undefined,
  referrer: undefined,
  agent: undefined,
  domain: undefined,
  duration: undefined,
}

/** An empty draft; one a parser is enough, since reading is synchronous. */
export const createHttpDraft = (): HttpDraft => ({ ...EMPTY })

/** Empties a draft for the next line. */
export const clearHttpDraft = (draft: HttpDraft): void => {
  // one by one: Object.assign costs more than all the rest of a line
  draft.time = 0
  draft.ip = undefined
  draft.port = undefined
  draft.user = undefined
  draft.method = undefined
  draft.path = undefined
  draft.query = undefined
  draft.target = undefined
  draft.version = undefined
  draft.reason = undefined
  draft.status = undefined
  draft.bytes = undefined
  draft.referrer = undefined
  draft.agent = undefined
  draft.domain = undefined
  draft.duration = undefined
}

const takeRequest = (draft: HttpDraft): void => {
  draft.path = request.path
  draft.query = request.query
  draft.target = request.target
}

/** Reads `METHOD TARGET HTTP/N` into the draft. `cut`: the line ended inside it. */
export const setRequestLine = (draft: HttpDraft, line: string, from: number, to: number, cut: boolean): void => {
  readRequest(line, from, to, cut)
  draft.method = request.method
  draft.version = request.version
  draft.reason = request.reason
  takeRequest(draft)
}

/** Reads a request target, which stands alone in many logs, into the draft. */
export const setTarget = (draft: HttpDraft, target: string): void => {
  request.query = undefined
  readTarget(target, 0, target.length)
  takeRequest(draft)
}

/** Reads `ADDRESS`, `ADDRESS:PORT` or `[ADDRESS]:PORT` into the draft; a name of a host gives nothing. */
export const setPeer = (draft: HttpDraft, line: string, from: number, to: number): void => {
  draft.ip = addressAt(line, from, to)
  if (draft.ip !== undefined) return
  let colon = to - 1
  while (colon > from && line.charCodeAt(colon) >= 48 && line.charCodeAt(colon) <= 57) colon--
  const bracketed = line.charCodeAt(from) === 91
  const closed = bracketed && line.charCodeAt(colon) !== 58 ? to : colon
  const port = Number(line.slice(colon + 1, to))
  draft.ip = bracketed
    ? line.charCodeAt(closed - 1) === 93
      ? addressAt(line, from + 1, closed - 1)
      : undefined
    : line.charCodeAt(colon) === 58
      ? addressAt(line, from, colon)
      : undefined
  if (draft.ip !== undefined && closed === colon && port > 0 && port < 65_536) draft.port = port
}

const sharedAgent = createSharedText()

/** A user agent, as one string for as long as the same one keeps coming. */
export const agentText: SharedText = (line, from, to) => sharedAgent(line, from, to)

/** ECS's outcome of a request by its status: below 400 it was served. */
export const outcomeOf = (status: number | undefined): 'success' | 'failure' | 'unknown' =>
  status === undefined ? 'unknown' : status < 400 ? 'success' : 'failure'

/** The `http-request` event of a draft. Every parser's events have the same fields in the same order. */
export const httpEvent = (draft: HttpDraft, dataset: string): SecurityEvent =>
  asEvent({
    '@timestamp': draft.time,
    'event.category': 'web',
    'event.action': 'http-request',
    'event.outcome': outcomeOf(draft.status),
    'event.reason': draft.reason,
    'event.dataset': dataset,
    'source.ip': draft.ip,
    'user.name': draft.user,
    'http.request.method': draft.method,
    'url.path': draft.path,
    'url.query': draft.query,
    'url.original': draft.target,
    'http.version': draft.version,
    'http.response.status_code': draft.status,
    'http.response.body.bytes': draft.bytes,
    'http.request.referrer': draft.referrer,
    'user_agent.original': draft.agent,
    'source.port': draft.port,
    'url.domain': draft.domain,
    'event.duration': draft.duration,
  })
