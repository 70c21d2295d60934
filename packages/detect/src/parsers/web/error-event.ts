import type { SecurityEvent } from '@parapet/core'
import { asEvent } from '../line-parser.js'
import type { HttpDraft } from './http-event.js'

/** What a server or an application says went wrong; the request that it was about stands in `http`. */
export type ErrorDraft = {
  readonly http: HttpDraft
  action: 'http-error' | 'suspicious-operation' | 'csrf-refused'
  /** `error`, `warn`, `notice`, ... in lower case */
  level: string | undefined
  message: string
  /** what kind of error, as the program names it or as a short code */
  type: string | undefined
  /** a code of the program's own list, such as `AH00128` */
  code: string | undefined
  pid: number | undefined
}

/** Levels that report nothing wrong. */
const QUIET: ReadonlySet<string> = new Set(['notice', 'info', 'debug'])

/** The event of an error. Every parser's events have the same fields in the same order. */
export const errorEvent = (draft: ErrorDraft, dataset: string): SecurityEvent => {
  const { http } = draft
  return asEvent({
    '@timestamp': http.time,
    'event.category': 'web',
    'event.action': draft.action,
    'event.outcome': draft.level !== undefined && QUIET.has(draft.level) ? 'unknown' : 'failure',
    'event.reason': http.reason,
    'event.dataset': dataset,
    'log.level': draft.level,
    message: draft.message,
    'error.type': draft.type,
    'error.code': draft.code,
    'process.pid': draft.pid,
    'source.ip': http.ip,
    'source.port': http.port,
    'user.name': http.user,
    'http.request.method': http.method,
    'url.path': http.path,
    'url.query': http.query,
    'url.original': http.target,
    'http.version': http.version,
    'http.response.status_code': http.status,
    'http.request.referrer': http.referrer,
    'url.domain': http.domain,
  })
}

/** Short codes for what a message holds; the first that fits. Texts are looked for as they are. */
export const codeOf = (message: string, codes: readonly (readonly [string, string])[]): string | undefined =>
  codes.find(([text]) => message.includes(text))?.[1]
