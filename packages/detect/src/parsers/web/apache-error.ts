import type { SecurityEvent } from '@parapet/core'
import { contentEnd, type LineParser, type ParseContext } from '../line-parser.js'
import { NO_TIME } from '../stamps.js'
import { codeOf, type ErrorDraft, errorEvent } from './error-event.js'
import { clearHttpDraft, createHttpDraft, setPeer, setTarget } from './http-event.js'
import { ctimeStamp } from './web-stamps.js'

const LEVELS: ReadonlySet<string> = new Set(
  'emerg alert crit error warn notice info debug trace1 trace2 trace3 trace4 trace5 trace6 trace7 trace8'.split(' '),
)

/** What Apache says, as short codes, by its own numbers or the text where it has none. Source: the log numbers of httpd's sources. */
const TYPES: readonly (readonly [string, string])[] = [
  ['AH01617', 'auth_failed'],
  ['AH01618', 'auth_failed'],
  ['AH01790', 'auth_failed'],
  ['AH10244', 'invalid_path'],
  ['AH00126', 'invalid_path'],
  ['AH00127', 'invalid_path'],
  ['AH00036', 'invalid_path'],
  ['AH00128', 'file_not_found'],
  ['AH01630', 'forbidden'],
  ['AH01797', 'forbidden'],
  ['AH01276', 'directory_index'],
  ['AH00035', 'permission_denied'],
  ['AH00132', 'permission_denied'],
  ['AH02032', 'invalid_host'],
  ['AH00550', 'invalid_host'],
  ['AH00566', 'invalid_request'],
  ['AH00561', 'headers_too_large'],
  ['AH00565', 'uri_too_long'],
  ['AH00524', 'headers_too_large'],
  ['AH01382', 'request_timeout'],
  ['AH00124', 'redirect_cycle'],
  ['AH01071', 'stderr'],
  ['AH01215', 'stderr'],
  ['AH01114', 'upstream_failed'],
  ['AH01102', 'upstream_failed'],
  ['AH00898', 'upstream_failed'],
  ['AH02411', 'upstream_failed'],
  ['ModSecurity: ', 'modsecurity'],
  ['PHP Fatal error', 'stderr'],
  ['PHP Warning', 'stderr'],
  ['script not found or unable to stat', 'file_not_found'],
]

const http = createHttpDraft()
const draft: ErrorDraft = { http, action: 'http-error', level: undefined, message: '', type: undefined, code: undefined, pid: undefined }

/** `AH01618: user NAME not found: /path` and `AH01617: user NAME: authentication failure for "/path": Password Mismatch`, from the right. */
const readUser = (message: string): void => {
  const start = message.indexOf('user ')
  if (draft.type !== 'auth_failed' || start < 0 || start > 12) return
  const unknown = message.lastIndexOf(' not found: ')
  const wrong = message.lastIndexOf(': authentication failure for "')
  const stop = Math.max(unknown, wrong)
  if (stop < start + 5) return
  http.user = message.slice(start + 5, stop)
  http.reason = wrong > unknown ? 'bad_password' : 'unknown_user'
  if (unknown > wrong) setTarget(http, message.slice(unknown + 12))
}

const isCode = (line: string, at: number): boolean =>
  line.startsWith('AH', at) && line.charCodeAt(at + 7) === 58 && Number(line.slice(at + 2, at + 7)) >= 0

const parse = (line: string, context: ParseContext): SecurityEvent | undefined => {
  const end = contentEnd(line)
  const stampEnd = line.indexOf('] [')
  if (line.charCodeAt(0) !== 91 || stampEnd < 24 || stampEnd > 40) return undefined
  clearHttpDraft(http)
  http.time = ctimeStamp(line, 1, stampEnd, context.utcOffsetMinutes ?? 0)
  const moduleEnd = line.indexOf('] ', stampEnd + 3)
  if (http.time === NO_TIME || moduleEnd < 0 || moduleEnd - stampEnd > 64) return undefined
  const colon = line.lastIndexOf(':', moduleEnd)
  const level = colon < stampEnd ? '' : line.slice(colon + 1, moduleEnd)
  if (!LEVELS.has(level)) return undefined
  draft.level = level
  draft.pid = undefined
  let at = moduleEnd + 2
  if (line.startsWith('[pid ', at)) {
    const close = line.indexOf('] ', at)
    const pid = Number.parseInt(line.slice(at + 5, at + 15), 10)
    if (close < 0 || close - at > 48) return undefined
    draft.pid = Number.isNaN(pid) ? undefined : pid
    at = close + 2
  }
  // `(13)Permission denied: ` stands before the client; up to here nothing is a client's text
  const client = line.indexOf('[client ', at)
  if (client === at || (client > at && client - at < 200 && line.charCodeAt(at) === 40 && line.indexOf(': [client ', at) === client - 2)) {
    const close = line.indexOf('] ', client)
    if (close > 0 && close - client < 80) {
      setPeer(http, line, client + 8, close)
      at = close + 2
    }
  }
  let stop = end
  const referrer = line.lastIndexOf(', referer: ', end)
  if (referrer > at) {
    http.referrer = line.slice(referrer + 11, end)
    stop = referrer
  }
  draft.code = isCode(line, at) ? line.slice(at, at + 7) : undefined
  draft.message = line.slice(at, stop)
  // a number is the server's own word; a text only counts where there is none
  draft.type = codeOf(draft.code ?? draft.message, TYPES) ?? line.slice(stampEnd + 3, colon)
  readUser(draft.message)
  return errorEvent(draft, 'apache.error')
}

/**
 * Apache's error log of 2.4: `[STAMP] [module:level] [pid N:tid N] [client ADDRESS:PORT] AH01234: message, referer: ...`. The client stands
 * before everything that a client may write. The stamp names no zone: `utcOffsetMinutes` says which. Source: Apache `ErrorLogFormat`.
 */
export const apacheError: LineParser = {
  name: 'apache.error',
  parse,
  sniff: (line) => parse(line, SNIFF) !== undefined,
  isForeign: () => false,
}

const SNIFF: ParseContext = { now: 0 }
