import type { SecurityEvent } from '@parapet/core'
import { addressAt } from '../address-text.js'
import { contentEnd, type LineParser, type ParseContext } from '../line-parser.js'
import { NO_TIME } from '../stamps.js'
import { codeOf, type ErrorDraft, errorEvent } from './error-event.js'
import { clearHttpDraft, createHttpDraft, setRequestLine } from './http-event.js'
import { spacedStamp } from './web-stamps.js'

const STAMP = 19
const CLIENT = ', client: '
const LEVELS: ReadonlySet<string> = new Set(['debug', 'info', 'notice', 'warn', 'error', 'crit', 'alert', 'emerg'])

/** What nginx says, as short codes. Source: the texts of nginx's sources. */
const TYPES: readonly (readonly [string, string])[] = [
  [': password mismatch', 'auth_failed'],
  [' was not found in "', 'auth_failed'],
  ['no user/password was provided', 'auth_missing'],
  ['access forbidden by rule', 'forbidden'],
  ['directory index of "', 'directory_index'],
  ['(13: Permission denied)', 'permission_denied'],
  ['(2: No such file or directory)', 'file_not_found'],
  ['(20: Not a directory)', 'file_not_found'],
  ['(36: File name too long)', 'name_too_long'],
  ['limiting requests', 'rate_limited'],
  ['limiting connections', 'rate_limited'],
  ['client intended to send too large', 'body_too_large'],
  ['client sent too long', 'headers_too_large'],
  ['client sent too large', 'headers_too_large'],
  ['client sent invalid host', 'invalid_host'],
  ['client sent plain HTTP request to HTTPS port', 'plain_on_tls'],
  ['client sent both "Content-Length" and "Transfer-Encoding"', 'smuggling'],
  ['client sent duplicate header line: "', 'duplicate_header'],
  ['client sent unknown "Transfer-Encoding"', 'smuggling'],
  ['client sent invalid', 'invalid_request'],
  ['client sent HTTP/', 'invalid_request'],
  ['SSL_do_handshake() failed', 'tls_handshake'],
  ['rewrite or internal redirection cycle', 'redirect_cycle'],
  ['upstream timed out', 'upstream_timeout'],
  ['no live upstreams', 'upstream_failed'],
  ['upstream prematurely closed', 'upstream_failed'],
  ['while connecting to upstream', 'upstream_failed'],
  ['FastCGI sent in stderr', 'stderr'],
  ['PHP message: ', 'stderr'],
  ['client timed out', 'client_timeout'],
  ['worker process', 'worker'],
]

const http = createHttpDraft()
const draft: ErrorDraft = { http, action: 'http-error', level: undefined, message: '', type: undefined, code: undefined, pid: undefined }

/** True when the line read last is of a connection and names no client: it goes on in the next. */
let unfinished = false

/** The end of an address and what nginx writes behind it (`, server: ` or nothing), or -1: a client's text can hold this too. */
const addressEnd = (line: string, from: number, end: number): number => {
  let at = from
  while (at < end && at - from <= 64 && line.charCodeAt(at) !== 44 && line.charCodeAt(at) > 32) at++
  return (at === end || line.startsWith(', server: ', at)) && (addressAt(line, from, at) !== undefined || line.startsWith('unix:', from))
    ? at
    : -1
}

/** The value of `, NAME: "VALUE"` in the text behind the client's address. */
const valueOf = (line: string, name: string, from: number, end: number): readonly [number, number] | undefined => {
  const text = `, ${name}: "`
  const at = line.indexOf(text, from)
  if (at < 0 || at >= end) return undefined
  const start = at + text.length
  const close = line.indexOf('"', start)
  return [start, close < 0 || close > end ? end : close]
}

/** Reads what nginx writes behind a message: who asked, which server, for what. */
const readClient = (line: string, from: number, end: number): number => {
  let found = -1
  let other = false
  for (let at = line.indexOf(CLIENT, from); at >= 0 && at < end; at = line.indexOf(CLIENT, at + 1)) {
    const start = at + CLIENT.length
    const stop = addressEnd(line, start, end)
    if (stop < 0) continue
    const address = addressAt(line, start, stop)
    if (found < 0) [found, http.ip] = [at, address]
    else if (address !== http.ip) other = true
  }
  if (found < 0) return end
  const server = line.indexOf(', server: ', found)
  if (server > 0 && server < end) {
    const comma = line.indexOf(',', server + 10)
    const name = line.slice(server + 10, comma < 0 || comma > end ? end : comma)
    if (name !== '' && name !== '_') http.domain = name
  }
  const request = valueOf(line, 'request', found, end)
  if (request !== undefined) setRequestLine(http, line, request[0], request[1], false)
  const host = valueOf(line, 'host', request?.[1] ?? found, end)
  if (host !== undefined) http.domain = line.slice(host[0], host[1])
  const referrer = valueOf(line, 'referrer', host?.[1] ?? found, end)
  if (referrer !== undefined) http.referrer = line.slice(referrer[0], referrer[1])
  if (other) {
    // paths stand decoded in the message and referrers raw behind it: either may hold another client, so nobody is named
    http.ip = undefined
    http.reason = 'ambiguous_line'
  }
  return found
}

const digitsTo = (line: string, from: number, mark: number): number => {
  let at = from
  while (at - from < 12 && line.charCodeAt(at) >= 48 && line.charCodeAt(at) <= 57) at++
  return at > from && line.charCodeAt(at) === mark ? at : -1
}

const parse = (line: string, context: ParseContext): SecurityEvent | undefined => {
  const end = contentEnd(line)
  clearHttpDraft(http)
  http.time = spacedStamp(line, 0, context.utcOffsetMinutes ?? 0)
  if (http.time === NO_TIME || line.charCodeAt(4) !== 47 || line.charCodeAt(STAMP) !== 32 || line.charCodeAt(STAMP + 1) !== 91)
    return undefined
  const close = line.indexOf('] ', STAMP)
  const level = close < 0 || close - STAMP > 10 ? '' : line.slice(STAMP + 2, close)
  const pidEnd = LEVELS.has(level) ? digitsTo(line, close + 2, 35) : -1
  const tidEnd = pidEnd < 0 ? -1 : digitsTo(line, pidEnd + 1, 58)
  if (tidEnd < 0) return undefined
  let from = tidEnd + 2
  unfinished = false
  if (line.charCodeAt(from) === 42) {
    const space = digitsTo(line, from + 1, 32)
    if (space > 0) from = space + 1
    unfinished = space > 0
  }
  draft.level = level
  draft.pid = Number(line.slice(close + 2, pidEnd))
  const messageEnd = readClient(line, from, end)
  unfinished &&= messageEnd === end
  draft.message = line.slice(from, messageEnd)
  draft.type = codeOf(draft.message, TYPES)
  readUser()
  return errorEvent(draft, 'nginx.error')
}

/** `user "NAME": password mismatch` and `user "NAME" was not found in "FILE"`, from the right: a name may hold quotes. */
const readUser = (): void => {
  if (draft.type !== 'auth_failed' || !draft.message.startsWith('user "')) return
  const wrong = draft.message.lastIndexOf('": password mismatch')
  const unknown = draft.message.lastIndexOf('" was not found in "')
  http.user = draft.message.slice(6, Math.max(wrong, unknown))
  http.reason ??= wrong > unknown ? 'bad_password' : 'unknown_user'
}

/** The most that nginx writes for one message, in bytes. Source: `NGX_MAX_ERROR_STR` of its sources. */
const LONGEST = 2_048

/**
 * A parser of one stream. nginx writes a decoded line break of a path as it is, so what follows it may be a whole line of the attacker's own. A
 * message of a connection that names no client was broken so; what comes behind it, as far as one message reaches, accuses nobody.
 */
const openNginxError = (): LineParser => {
  let doubtful = 0
  const parseNext = (line: string, context: ParseContext): SecurityEvent | undefined => {
    const event = parse(line, context)
    const doubted = doubtful > 0
    doubtful -= line.length + 1
    if (event === undefined) return undefined
    if (unfinished) doubtful = LONGEST - line.length
    if (!doubted || event['source.ip'] === undefined) return event
    const told: { [field: string]: unknown } = event
    told['source.ip'] = undefined
    told['event.reason'] = 'ambiguous_line'
    return event
  }
  return { name: 'nginx.error', parse: parseNext, sniff, isForeign: () => false }
}

const sniff = (line: string): boolean => parse(line, SNIFF) !== undefined

/**
 * nginx's error log: `http-error` with level, process, a short code of the kind and the request behind it. The stamp names no zone:
 * `utcOffsetMinutes` says which. A line that names two clients, as texts of an attacker can make it do, names none: `ambiguous_line`.
 */
export const nginxError: LineParser = { name: 'nginx.error', parse, sniff, isForeign: () => false, open: openNginxError }

const SNIFF: ParseContext = { now: 0 }
