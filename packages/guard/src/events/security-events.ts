import { ASSESSMENT_FIELD, type SecurityEvent } from '@parapet/core'
import type { ClientAddress } from '../client-address/client-address.js'
import type { LoginReport } from '../login/report.js'
import { type GuardRequest, splitUrl } from '../request/guard-request.js'
import type { Session } from '../session/record.js'
import { maskQuery } from './query.js'

/** Characters of one field that are kept. Targets as far as the control plane takes them: padding must not push a probe out of sight. */
const BOUNDS = { path: 8_192, query: 8_192, agent: 512, name: 256, method: 32 } as const

/** Printable ASCII throughout, as nearly all text of requests is. */
const isPlain = (text: string): boolean => {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code < 0x20 || code > 0x7e) return false
  }
  return true
}

/**
 * Text from a request as it may stand in an event: bounded, and control characters written out (`\x1b`), so that it forges no
 * log line and drives no terminal. What it says stays readable.
 */
export const visibleText = (text: string, most: number): string => {
  if (text.length <= most && isPlain(text)) return text
  const cut = text.length > most ? text.slice(0, most) : text
  // oxlint-disable-next-line no-control-regex -- these are what is looked for; a lone surrogate would not survive UTF-8
  const visible = cut.replaceAll(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]/gu, (c: string) => {
    const code = c.charCodeAt(0)
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16)}`
  })
  return visible.length > most ? visible.slice(0, most) : visible
}

/** Where a request came from and what it asked for, as every event of one says it. */
export const about = (request: GuardRequest, client: ClientAddress): Partial<SecurityEvent> => {
  const agent = request.header('user-agent')
  return {
    ...(client.kind === 'known' ? { 'source.ip': client.address } : {}),
    ...(client.assessment === undefined ? {} : { [ASSESSMENT_FIELD]: client.assessment }),
    ...(agent === undefined ? {} : { 'user_agent.original': visibleText(agent, BOUNDS.agent) }),
    'url.path': visibleText(splitUrl(request.url).path, BOUNDS.path),
  }
}

/** The event of one attempt to sign in. An outage is neither a success nor a failure of the person. */
export const loginEvent = (report: LoginReport): SecurityEvent => ({
  '@timestamp': report.at,
  'event.category': 'authentication',
  'event.action': 'login',
  'event.outcome': report.outcome === 'ok' ? 'success' : report.outcome === 'degraded' ? 'unknown' : 'failure',
  ...(report.reason === undefined ? {} : { 'event.reason': report.reason }),
  'event.dataset': 'guard.login',
  'user.name': visibleText(report.subject, BOUNDS.name),
  'parapet.method': report.method,
  'parapet.known_device': report.device === 'known',
  ...about(report.request, report.client),
})

/** What is known of a request when it has been answered. `reason` is why the guard refused it, or would have. */
export type AnsweredRequest = {
  readonly at: number
  readonly request: GuardRequest
  readonly client: ClientAddress
  readonly status: number
  readonly session: Pick<Session, 'id' | 'subject'> | undefined
  readonly reason: string | undefined
  readonly decisionId: string | undefined
}

/** The event of one answered request: the same fields as a line of an nginx access log gives. */
export const requestEvent = ({ at, request, client, status, session, reason, decisionId }: AnsweredRequest): SecurityEvent => {
  const { path, query } = splitUrl(request.url)
  const agent = request.header('user-agent')
  // one for each request: filled in step by step instead of put together from parts
  const event: SecurityEvent = {
    '@timestamp': at,
    'event.category': 'web',
    'event.action': 'http-request',
    'event.outcome': status < 400 ? 'success' : 'failure',
    'event.dataset': 'guard.request',
    'http.request.method': visibleText(request.method, BOUNDS.method),
    'http.response.status_code': status,
    'url.path': visibleText(path, BOUNDS.path),
  }
  if (reason !== undefined) event['event.reason'] = reason
  if (query !== undefined && query !== '') event['url.query'] = visibleText(maskQuery(query), BOUNDS.query)
  if (session !== undefined) {
    event['user.id'] = visibleText(session.subject, BOUNDS.name)
    event['session.id'] = session.id
  }
  if (decisionId !== undefined) event['parapet.decision'] = visibleText(decisionId, 64)
  if (client.kind === 'known') event['source.ip'] = client.address
  if (client.assessment !== undefined) event[ASSESSMENT_FIELD] = client.assessment
  if (agent !== undefined) event['user_agent.original'] = visibleText(agent, BOUNDS.agent)
  return event
}

/** The event of a rotated session id that somebody used after its grace. */
export const replayEvent = (
  at: number,
  session: Pick<Session, 'id' | 'subject'>,
  request: GuardRequest,
  client: ClientAddress,
): SecurityEvent => ({
  '@timestamp': at,
  'event.category': 'session',
  'event.action': 'session-replayed',
  'event.outcome': 'failure',
  'event.dataset': 'guard.session',
  'session.id': session.id,
  'user.id': visibleText(session.subject, BOUNDS.name),
  ...about(request, client),
})
