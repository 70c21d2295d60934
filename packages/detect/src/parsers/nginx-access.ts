import type { SecurityEvent } from '@parapet/core'
import { addressAt } from './address-text.js'
import { asEvent, contentEnd, type LineParser } from './line-parser.js'
import { createSharedText, type SharedText } from './shared-text.js'
import { commonLogStamp, NO_TIME } from './stamps.js'
import { numberFrom, quoteFrom, readRequest, request } from './web/request-line.js'

/** `[05/Nov/2026:03:04:05 +0000] ` */
const STAMP = 29

/** Where the request opens: the first quote, right behind the stamp. A user name may hold brackets and stamps, but no quote. */
const requestStart = (line: string, end: number): number => {
  const quote = quoteFrom(line, 0, end)
  const stamp = quote - STAMP
  return stamp > 4 && line.charCodeAt(stamp) === 91 && line.charCodeAt(quote - 2) === 93 && line.charCodeAt(quote - 1) === 32 ? quote : -1
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

/** True for `common`, which ends behind the size: Apache's. */
const isCommon = (line: string): boolean => {
  const end = contentEnd(line)
  const digit = line.charCodeAt(end - 1) - 48
  const quote = line.lastIndexOf('"', end)
  return digit >= 0 && digit <= 9 && end - quote < 24 && line.indexOf('"') === line.lastIndexOf('"', quote - 1)
}

/** A peer that is a name and a port is the host of Apache's `vhost_combined`. */
const sniff = (line: string): boolean => {
  const event = parse(line)
  return event !== undefined && (event['source.ip'] !== undefined || line.startsWith('unix:')) && !isCommon(line)
}

/**
 * nginx's `combined` access log (and Apache's, which is the same): one `http-request` a line. Fields behind the user
 * agent are passed over. A line that was cut inside the request keeps who, when and the start of the target, marked
 * `truncated_line`, so that padding a request hides nothing before the cut. A peer that is no address (`unix:`) gives no `source.ip`.
 */
export const nginxAccess: LineParser = { name: 'nginx.access', parse, sniff, isForeign: () => false }
