import type { SecurityEvent } from '@parapet/core'
import { addressAt } from './address-text.js'
import { asEvent, contentEnd, type LineParser } from './line-parser.js'
import { createSharedText, type SharedText } from './shared-text.js'
import { commonLogStamp, NO_TIME } from './stamps.js'

const BACKSLASH = 92
/** `[05/Nov/2026:03:04:05 +0000] ` */
const STAMP = 29

/** The next quote that no backslash escapes, or -1. nginx writes a quote inside a value as `\x22`, Apache as `\"`. */
const quoteFrom = (line: string, from: number, end: number): number => {
  let at = line.indexOf('"', from)
  while (at > from && line.charCodeAt(at - 1) === BACKSLASH) {
    let slashes = 1
    while (at - slashes > from && line.charCodeAt(at - slashes - 1) === BACKSLASH) slashes++
    if (slashes % 2 === 0) break
    at = line.indexOf('"', at + 1)
  }
  return at >= end ? -1 : at
}

/** Where the request opens: the first quote, right behind the stamp. A user name may hold brackets and stamps, but no quote. */
const requestStart = (line: string, end: number): number => {
  const quote = quoteFrom(line, 0, end)
  const stamp = quote - STAMP
  return stamp > 4 && line.charCodeAt(stamp) === 91 && line.charCodeAt(quote - 2) === 93 && line.charCodeAt(quote - 1) === 32 ? quote : -1
}

/** A request as split: `undefined` where it does not have the part. Filled in place. */
type Request = {
  method: string | undefined
  target: string | undefined
  path: string | undefined
  query: string | undefined
  version: string | undefined
  reason: string | undefined
}

const METHOD_LENGTH = 20
const request: Request = { method: undefined, target: undefined, path: undefined, query: undefined, version: undefined, reason: undefined }

/** The end of `GET `, `M-SEARCH `: capitals, `-` and `_` up to a space. -1 for anything else. */
const methodEnd = (line: string, from: number, to: number): number => {
  for (let at = from; at < to && at - from <= METHOD_LENGTH; at++) {
    const c = line.charCodeAt(at)
    if (c === 32) return at > from ? at : -1
    if (!((c >= 65 && c <= 90) || c === 45 || c === 95)) return -1
  }
  return -1
}

const methodName = (line: string, from: number, to: number): string => {
  if (to - from === 3 && line.startsWith('GET', from)) return 'GET'
  if (to - from === 4 && line.startsWith('POST', from)) return 'POST'
  if (to - from === 4 && line.startsWith('HEAD', from)) return 'HEAD'
  return line.slice(from, to)
}

/** Splits `METHOD TARGET[ HTTP/N]`. `cut`: the line ended inside the request. Bytes of TLS and the like are a `malformed_request`. */
const readRequest = (line: string, from: number, to: number, cut: boolean): void => {
  request.method = undefined
  request.target = undefined
  request.path = undefined
  request.query = undefined
  request.version = undefined
  request.reason = cut ? 'truncated_line' : undefined
  if (from === to || (to - from === 1 && line.charCodeAt(from) === 45)) {
    request.reason = 'empty_request'
    return
  }
  const space = methodEnd(line, from, to)
  if (space < 0) {
    request.reason = 'malformed_request'
    request.target = line.slice(from, to)
    return
  }
  request.method = methodName(line, from, space)
  // by hand: the version is near, and lastIndexOf costs more than the eight characters
  let last = cut ? -1 : to - 1
  while (last > space && line.charCodeAt(last) !== 32) last--
  let targetEnd = to
  if (last > space && line.startsWith('HTTP/', last + 1)) {
    targetEnd = last
    request.version = to - last === 9 && line.startsWith('1.1', last + 6) ? '1.1' : line.slice(last + 6, to)
  }
  readTarget(line, space + 1, targetEnd)
}

/** Splits the target at its first `?`. Source: RFC 9112, 3.2; of an absolute form the path counts. */
const readTarget = (line: string, from: number, to: number): void => {
  request.target = line.slice(from, to)
  let path = from
  if (line.charCodeAt(from) !== 47) {
    const scheme = line.indexOf('://', from)
    if (scheme > from && scheme < to && scheme - from <= 12) {
      const slash = line.indexOf('/', scheme + 3)
      path = slash < 0 || slash > to ? to : slash
    }
  }
  const mark = line.indexOf('?', path)
  if (mark < 0 || mark >= to) {
    request.path = path === from ? request.target : line.slice(path, to)
    return
  }
  request.path = line.slice(path, mark)
  request.query = line.slice(mark + 1, to)
}

/** Digits up to a space, the end or `limit` of them; -1 for anything else. */
const numberFrom = (line: string, from: number, end: number): number => {
  let value = 0
  let at = from
  for (; at < end && at - from < 15; at++) {
    const c = line.charCodeAt(at) - 48
    if (!(c >= 0 && c <= 9)) break
    value = value * 10 + c
  }
  return at === from || (at < end && line.charCodeAt(at) !== 32) ? -1 : value
}

/** The text in quotes that open at `open`, up to `close` (or the end of a cut line); `-` and no text are `undefined`. */
const quoted = (line: string, open: number, close: number, take: SharedText): string | undefined =>
  close - open <= 1 || (close - open === 2 && line.charCodeAt(open + 1) === 45) ? undefined : take(line, open + 1, close)

const sharedAgent = createSharedText()
const ownText: SharedText = (line, from, to) => line.slice(from, to)

const parse = (line: string): SecurityEvent | undefined => {
  const end = contentEnd(line)
  const open = requestStart(line, end)
  if (open < 0) return undefined
  const time = commonLogStamp(line, open - STAMP + 1)
  const peerEnd = line.indexOf(' ')
  if (time === NO_TIME || peerEnd <= 0 || peerEnd > 255) return undefined
  const userFrom = line.indexOf(' ', peerEnd + 1) + 1
  const userEnd = open - STAMP - 1
  if (userFrom <= 0 || userFrom >= userEnd) return undefined

  const close = quoteFrom(line, open + 1, end)
  readRequest(line, open + 1, close < 0 ? end : close, close < 0)
  let status: number | undefined
  let bytes: number | undefined
  let referrer: string | undefined
  let agent: string | undefined
  if (close >= 0) {
    const code = numberFrom(line, close + 2, end)
    if (line.charCodeAt(close + 1) !== 32 || code > 999) return undefined
    if (code < 0 && line.charCodeAt(close + 2) !== 45) return undefined
    status = code < 0 ? undefined : code
    const sizeFrom = line.indexOf(' ', close + 2) + 1
    const size = sizeFrom > 0 && sizeFrom < end ? numberFrom(line, sizeFrom, end) : -1
    if (size >= 0) bytes = size
    const referrerOpen = sizeFrom > 0 ? quoteFrom(line, sizeFrom, end) : -1
    const referrerClose = referrerOpen < 0 ? -1 : quoteFrom(line, referrerOpen + 1, end)
    if (referrerOpen >= 0) referrer = quoted(line, referrerOpen, referrerClose < 0 ? end : referrerClose, ownText)
    const agentOpen = referrerClose < 0 ? -1 : quoteFrom(line, referrerClose + 1, end)
    if (agentOpen >= 0) {
      const agentClose = quoteFrom(line, agentOpen + 1, end)
      agent = quoted(line, agentOpen, agentClose < 0 ? end : agentClose, sharedAgent)
    }
  }
  return asEvent({
    '@timestamp': time,
    'event.category': 'web',
    'event.action': 'http-request',
    'event.outcome': status === undefined ? 'unknown' : status < 400 ? 'success' : 'failure',
    'event.reason': request.reason,
    'event.dataset': 'nginx.access',
    'source.ip': addressAt(line, 0, peerEnd),
    'user.name': userEnd - userFrom === 1 && line.charCodeAt(userFrom) === 45 ? undefined : line.slice(userFrom, userEnd),
    'http.request.method': request.method,
    'url.path': request.path,
    'url.query': request.query,
    'url.original': request.target,
    'http.version': request.version,
    'http.response.status_code': status,
    'http.response.body.bytes': bytes,
    'http.request.referrer': referrer,
    'user_agent.original': agent,
  })
}

const sniff = (line: string): boolean => parse(line) !== undefined

/**
 * nginx's `combined` access log (and Apache's, which is the same): one `http-request` a line. Fields behind the user
 * agent are passed over. A line that was cut inside the request keeps who, when and the start of the target, marked
 * `truncated_line`, so that padding a request hides nothing before the cut. A peer that is no address (`unix:`) gives no `source.ip`.
 */
export const nginxAccess: LineParser = { name: 'nginx.access', parse, sniff, isForeign: () => false }
