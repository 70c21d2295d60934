import type { Clock, Decision } from '@parapet/core'
import type { ClientAddress } from '../client-address/client-address.js'
import type { Enforcement } from '../enforcement/enforcement.js'
import type { EnrolmentVerdict } from '../enforcement/types.js'
import type { GeoLookup } from '../geo/types.js'
import type { RequestLike } from '../request/guard-request.js'
import type { Session } from '../session/record.js'
import type { Sessions } from '../session/sessions.js'
import { factorAt } from './judge.js'

const OWN: ReadonlySet<string> = new Set(['user', 'session'])

/**
 * Whether decisions keep a session from enrolling a factor. Pure. One that names the user or the session does so as long as it is in
 * force, whatever was proven since: whoever had the session may be the one who proves. One about a network does until it is satisfied.
 */
export const flaggedBy = (
  decisions: readonly Decision[],
  session: Pick<Session, 'authenticatedAt' | 'createdAt' | 'factors'>,
): Decision | undefined =>
  decisions.find((decision) => {
    if (decision.action === 'throttle' || decision.action === 'lockdown') return false
    // a session that began since is not the one that it ended
    if (decision.action === 'end_sessions') return session.createdAt <= decision.startsAt
    if (OWN.has(decision.target.kind)) return true
    if (decision.action === 'challenge') return session.authenticatedAt <= decision.startsAt
    // everybody sets a new password: who is signed in has done so
    if (decision.action === 'require_reset') return session.createdAt <= decision.startsAt
    if (decision.action === 'require_mfa') return (factorAt(session) ?? -1) <= decision.startsAt
    return true
  })

/** Builds the question that every enrolment asks first. Trouble with the store is a verdict, and no yes. */
export const createEnrolment = (deps: {
  readonly sessions: Pick<Sessions, 'read'>
  readonly enforcement: Pick<Enforcement, 'matchUser' | 'watched'>
  readonly clientAddress: (request: RequestLike) => ClientAddress
  readonly geo: GeoLookup | undefined
  readonly flaggedUntil: (subject: string) => Promise<number | undefined>
  readonly clock: Clock
}): ((request: RequestLike, subject?: string) => Promise<EnrolmentVerdict>) => {
  const { sessions, enforcement } = deps
  return async (request, subject) => {
    const verdict = await sessions.read(request)
    if (verdict.kind === 'degraded') return { kind: 'degraded', reason: verdict.reason }
    if (verdict.kind !== 'active') return { kind: 'refused', reason: 'not_signed_in' }
    const { session } = verdict
    if (subject !== undefined && subject !== session.subject) return { kind: 'refused', reason: 'not_signed_in' }
    if (session.flag !== undefined) return { kind: 'refused', reason: 'flagged' }
    const client = deps.clientAddress(request)
    const address = client.kind === 'known' ? client.address : undefined
    const place = address === undefined ? undefined : deps.geo?.lookup(address)
    const inForce = enforcement
      .matchUser(
        { address, country: place?.country, asn: place?.asn === undefined ? undefined : String(place.asn), session: session.id },
        session.subject,
      )
      .filter((decision) => !enforcement.watched(decision))
    const flagging = flaggedBy(inForce, session)
    if (flagging !== undefined) return { kind: 'refused', reason: 'flagged', decisionId: flagging.id }
    try {
      const until = await deps.flaggedUntil(session.subject)
      return until !== undefined && deps.clock() < until ? { kind: 'refused', reason: 'flagged' } : { kind: 'allowed' }
    } catch {
      return { kind: 'degraded', reason: 'the store does not answer' }
    }
  }
}
