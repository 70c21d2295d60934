import type { Decision, SecurityEvent } from '@parapet/core'
import type { AccessEntry } from '../access-audit/types.js'
import type { ClientAddress } from '../client-address/client-address.js'
import type { CspReport } from '../csp-collector/types.js'
import type { CampaignReport } from '../login/types.js'
import type { PublicIdReport } from '../public-id/types.js'
import type { RedirectReport } from '../redirect/types.js'
import { asGuardRequest, type RequestLike } from '../request/guard-request.js'
import type { SessionReport } from '../session/types.js'
import type { SignedUrlReport } from '../signed-url/types.js'
import { maskQuery } from './query.js'
import { about, visibleText } from './security-events.js'

/** Characters of one field that are kept. */
const [NAME, TEXT, TARGET] = [256, 512, 2_048] as const

const named = (subject: string): Partial<SecurityEvent> => ({ 'user.id': visibleText(subject, NAME) })
const from = (request: RequestLike | undefined, client: ClientAddress | undefined): Partial<SecurityEvent> =>
  request === undefined ? {} : about(asGuardRequest(request), client ?? { kind: 'unknown', reason: 'no_peer' })

/** The event of a session: it began, ended, was ended by somebody else, or looks like somebody else's. */
export const sessionEvent = (report: SessionReport, request: RequestLike | undefined, client: ClientAddress | undefined): SecurityEvent => {
  const common = {
    '@timestamp': report.at,
    'event.category': 'session',
    'event.dataset': 'guard.session',
    ...named(report.subject),
    ...from(request, client),
  }
  if (report.kind === 'started')
    return {
      ...common,
      'event.action': 'session-started',
      'event.outcome': 'success',
      'session.id': report.id,
      ...(report.device === undefined ? {} : { 'parapet.device': visibleText(report.device, NAME) }),
      ...(report.place === undefined ? {} : { 'parapet.place': visibleText(report.place, NAME) }),
      ...(report.country === undefined ? {} : { 'source.geo.country_iso_code': visibleText(report.country, 2) }),
    }
  if (report.kind === 'signed_out')
    return {
      ...common,
      'event.action': 'session-ended',
      'event.outcome': 'success',
      'event.reason': report.kind,
      'session.id': report.id,
    }
  if (report.kind === 'revoked')
    return {
      ...common,
      'event.action': 'session-revoked',
      'event.outcome': 'success',
      'event.reason': report.reason,
      'parapet.sessions': report.ids.slice(0, 64),
    }
  return {
    ...common,
    'event.action': 'session-at-risk',
    'event.outcome': 'failure',
    'event.reason': report.risk.kind,
    'session.id': report.id,
    'parapet.score': report.risk.score,
    'parapet.signals': report.risk.signals,
    ...(report.place === undefined ? {} : { 'parapet.place': visibleText(report.place, NAME) }),
    ...(report.device === undefined ? {} : { 'parapet.device': visibleText(report.device, NAME) }),
  }
}

/** The event of an attack on many accounts at once, when it begins and when it ends. */
export const campaignEvent = (report: CampaignReport): SecurityEvent => ({
  '@timestamp': report.at,
  'event.category': 'authentication',
  'event.action': `login-${report.kind}`,
  'event.outcome': report.state === 'began' ? 'failure' : 'success',
  'event.reason': report.state,
  'event.dataset': 'guard.login',
  message:
    report.kind === 'spraying'
      ? `${report.attempts} tries on ${report.subjects} names from ${report.addresses} addresses`
      : `${report.attempts} tries on ${report.subjects} names, ${report.unknown} of them unknown, from ${visibleText(report.source, 64)}`,
})

/** The event of a session or account that a decision ended. */
export const endedEvent = (at: number, decision: Decision, subject: string): SecurityEvent => ({
  '@timestamp': at,
  'event.category': 'session',
  'event.action': 'sessions-ended',
  'event.outcome': 'success',
  'event.reason': decision.action,
  'event.dataset': 'guard.session',
  'parapet.decision': visibleText(decision.id, 64),
  ...named(subject),
})

/** The event of a credential that was changed. Source: ASVS 5.0 16.3.1. */
export const credentialEvent = (
  at: number,
  subject: string,
  action: string,
  outcome: 'success' | 'failure',
  detail: { readonly reason?: string | undefined; readonly factor?: string | undefined } = {},
): SecurityEvent => ({
  '@timestamp': at,
  'event.category': 'iam',
  'event.action': visibleText(action, 64),
  'event.outcome': outcome,
  'event.dataset': 'guard.credentials',
  ...(detail.reason === undefined ? {} : { 'event.reason': visibleText(detail.reason, 64) }),
  ...(detail.factor === undefined ? {} : { 'parapet.factor': visibleText(detail.factor, 64) }),
  ...named(subject),
})

const target = (url: string): Partial<SecurityEvent> => {
  const mark = url.indexOf('?')
  return { 'url.original': visibleText(mark < 0 ? url : `${url.slice(0, mark)}?${maskQuery(url.slice(mark + 1, 8_192))}`, TARGET) }
}

/** The event of an address, a signed URL or an id that somebody changed: an attempt to get around a check. Source: ASVS 5.0 16.3.3. */
export const tamperEvent = (report: RedirectReport | SignedUrlReport | PublicIdReport, client?: ClientAddress): SecurityEvent => ({
  '@timestamp': report.at,
  'event.category': 'web',
  'event.action': report.kind.replaceAll('_', '-'),
  'event.outcome': 'failure',
  'event.dataset': 'guard.integrity',
  ...(report.kind === 'redirect_refused' ? { 'event.reason': report.reason, ...target(report.target) } : {}),
  ...(report.kind === 'public_id_forged'
    ? { 'event.reason': visibleText(report.type, 64), 'parapet.public_id': visibleText(report.text, NAME) }
    : {}),
  ...(report.kind === 'url_tampered' || report.kind === 'url_used' ? { ...from(report.request, client), ...target(report.url) } : {}),
})

/** The event of violations of the content security policy that browsers told of. */
export const cspEvent = (report: CspReport): SecurityEvent => ({
  '@timestamp': report.lastAt,
  'event.category': 'web',
  'event.action': 'csp-violation',
  'event.outcome': report.disposition === 'enforce' ? 'success' : 'unknown',
  'event.reason': visibleText(report.directive, 64),
  'event.dataset': 'guard.csp',
  'url.original': visibleText(report.document, TARGET),
  'parapet.blocked': visibleText(report.blocked, TARGET),
  'parapet.count': report.count,
  ...(report.source === undefined ? {} : { 'parapet.source': visibleText(report.source, TARGET) }),
})

/** The event of an error that the application did not expect; the log has the rest under the same id. Source: ASVS 5.0 16.3.4. */
export const errorEvent = (at: number, id: string, code: string, status: number): SecurityEvent => ({
  '@timestamp': at,
  'event.category': 'web',
  'event.action': 'application-error',
  'event.outcome': 'failure',
  'event.reason': visibleText(code, 64),
  'event.dataset': 'guard.errors',
  'http.response.status_code': status,
  'parapet.request': visibleText(id, 64),
})

/** An access record as an event, for applications that keep no record of their own. */
export const accessEvent = (entry: AccessEntry): SecurityEvent => ({
  '@timestamp': entry.at,
  'event.category': 'web',
  'event.action': `resource-${entry.action}`,
  'event.outcome': entry.outcome === 'success' ? 'success' : 'failure',
  'event.dataset': 'guard.access',
  'http.request.method': entry.method,
  'http.response.status_code': entry.status,
  'url.path': entry.route,
  'parapet.request': entry.id,
  'parapet.resource': entry.resource.type,
  ...(entry.resource.id === undefined ? {} : { 'parapet.resource_id': entry.resource.id }),
  ...(entry.actor.kind === 'subject' ? { 'user.id': entry.actor.id, 'session.id': entry.actor.session } : {}),
  ...(entry.address === undefined ? {} : { 'source.ip': entry.address }),
  ...(entry.userAgent === undefined ? {} : { 'user_agent.original': visibleText(entry.userAgent, TEXT) }),
  ...(entry.reason === undefined ? {} : { 'event.reason': entry.reason }),
})
