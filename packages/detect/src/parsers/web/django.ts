import type { SecurityEvent } from '@parapet/core'
import { contentEnd, type LineParser, type ParseContext } from '../line-parser.js'
import { NO_TIME } from '../stamps.js'
import { type ErrorDraft, errorEvent } from './error-event.js'
import { clearHttpDraft, createHttpDraft, httpEvent, setRequestLine, setTarget } from './http-event.js'
import { numberFrom } from './request-line.js'
import { slashStamp, spacedStamp } from './web-stamps.js'

const http = createHttpDraft()
const draft: ErrorDraft = { http, action: 'http-error', level: undefined, message: '', type: undefined, code: undefined, pid: undefined }

const LEVELS: ReadonlySet<string> = new Set(['DEBUG', 'INFO', 'WARNING', 'ERROR', 'CRITICAL'])
/** Texts of `django.request` and `django.security`, and what a path behind them is for. Source: Django's handlers and middleware. */
const ABOUT_PATH: readonly (readonly [string, string, number | undefined])[] = [
  ['Not Found: ', 'not_found', 404],
  ['Forbidden (Permission denied): ', 'forbidden', 403],
  ['Forbidden: ', 'forbidden', 403],
  ['Bad Request: ', 'bad_request', 400],
  ['Unauthorized: ', 'unauthorized', 401],
  ['Method Not Allowed (', 'method_not_allowed', 405],
  ['Gone: ', 'gone', 410],
  ['Internal Server Error: ', 'exception', 500],
  ['Service Unavailable: ', 'unavailable', 503],
]

/** `[20/Nov/2026 03:04:05] "GET /a HTTP/1.1" 200 12`: what `runserver` prints. It names no client. */
const parseServer = (line: string, end: number, offset: number): SecurityEvent | undefined => {
  if (line.charCodeAt(21) !== 93 || line.charCodeAt(23) !== 34) return undefined
  http.time = slashStamp(line, 1, offset)
  if (http.time === NO_TIME) return undefined
  // status and size stand last, so the request is read from the right: Django writes quotes of clients as they are
  const size = line.lastIndexOf(' ', end)
  const status = line.lastIndexOf(' ', size - 1)
  const bytes = numberFrom(line, size + 1, end)
  const code = numberFrom(line, status + 1, end)
  const cut = line.charCodeAt(status - 1) !== 34 || code < 100 || code > 999
  if (cut && end < line.length - 1) {
    setRequestLine(http, line, 24, end, true)
    return httpEvent(http, 'django')
  }
  if (cut || status - 1 < 24) return undefined
  setRequestLine(http, line, 24, status - 1, false)
  http.status = code
  http.bytes = bytes < 0 ? undefined : bytes
  return httpEvent(http, 'django')
}

/** `django.security.DisallowedHost` after a level and a time, in the order of the usual formats; where the message starts, or -1. */
const readHead = (line: string, offset: number): number => {
  let at = 0
  draft.level = undefined
  draft.type = undefined
  http.time = NO_TIME
  for (let words = 0; words < 8; words++) {
    const bracketed = line.charCodeAt(at) === 91
    if (http.time === NO_TIME) {
      const from = bracketed ? at + 1 : at
      const time = spacedStamp(line, from, offset)
      if (time !== NO_TIME) {
        http.time = time
        let stop = from + 19
        while (stop - from < 30 && '.,0123456789'.includes(line.charAt(stop))) stop++
        at = line.charCodeAt(stop) === 93 ? stop + 2 : stop + 1
        continue
      }
    }
    const space = line.indexOf(' ', at)
    if (space < 0 || space - at > 80) return -1
    let to = space
    while (to > at && (line.charCodeAt(to - 1) === 93 || line.charCodeAt(to - 1) === 58)) to--
    const word = line.slice(bracketed ? at + 1 : at, to)
    if (LEVELS.has(word)) draft.level = word === 'WARNING' ? 'warn' : word.toLowerCase()
    else if (word === 'django.request' || word === 'django.server' || word.startsWith('django.security.')) draft.type = word
    // a number is a process or a thread; any other word is another logger, or the message
    else if (!(Number(word) >= 0)) return draft.type === undefined || http.time === NO_TIME ? -1 : at
    at = space + 1
    if (draft.type !== undefined && draft.level !== undefined && http.time !== NO_TIME) return line.charCodeAt(at) === 58 ? at + 2 : at
  }
  return -1
}

/** What a message of `django.request` or `django.security` is about. */
const readMessage = (logger: string): void => {
  const { message } = draft
  const kind = logger.startsWith('django.security.') ? logger.slice(16) : undefined
  if (
    kind === 'csrf' ||
    message.startsWith('Forbidden (CSRF') ||
    message.startsWith('Forbidden (Referer') ||
    message.startsWith('Forbidden (Origin')
  ) {
    draft.action = 'csrf-refused'
    draft.type = 'csrf'
    http.status = 403
    // the reason may hold the client's origin; the path stands behind the last `): `
    const close = message.lastIndexOf('): ')
    if (close > 0) setTarget(http, message.slice(close + 3))
    return
  }
  if (kind !== undefined) {
    draft.action = 'suspicious-operation'
    draft.type = kind
    http.status = 400
    if (kind === 'DisallowedHost') {
      const from = message.indexOf("'")
      const to = message.indexOf("'. ")
      if (from > 0 && to > from) http.domain = message.slice(from + 1, to)
    }
    return
  }
  const about = ABOUT_PATH.find(([text]) => message.startsWith(text))
  if (about === undefined) return
  const [text, type, status] = about
  draft.type = type
  http.status = status
  const from = type === 'method_not_allowed' ? message.indexOf('): ') + 3 : text.length
  if (type === 'method_not_allowed') http.method = message.slice(text.length, from - 3)
  setTarget(http, message.slice(from))
}

const parse = (line: string, context: ParseContext): SecurityEvent | undefined => {
  const end = contentEnd(line)
  const offset = context.utcOffsetMinutes ?? 0
  clearHttpDraft(http)
  if (line.charCodeAt(0) === 91 && line.charCodeAt(3) === 47) return parseServer(line, end, offset)
  const from = readHead(line, offset)
  const logger = draft.type
  if (from < 0 || logger === undefined || logger === 'django.server') return undefined
  draft.action = 'http-error'
  draft.message = line.slice(from, end)
  readMessage(logger)
  if (draft.type?.startsWith('django.') === true) draft.type = undefined
  http.reason = draft.action === 'http-error' ? undefined : draft.type
  return errorEvent(draft, 'django')
}

/**
 * Django's loggers: `runserver`'s requests, and `django.request` and `django.security.*` in lines that hold a time (`2026-11-20 03:04:05,123`), a level
 * and the logger's name in any order before the message. A refused host or session is `suspicious-operation`, a refused form
 * `csrf-refused`. Lines of tracebacks are foreign. Source: Django, "Logging".
 */
export const django: LineParser = {
  name: 'django',
  parse,
  sniff: (line) => parse(line, SNIFF) !== undefined,
  isForeign: (line) => /^(?:Traceback \(most recent call last\):| {2,4}\S)/.test(line.slice(0, 60)),
}

const SNIFF: ParseContext = { now: 0 }
