import type { Decision, DecisionAction } from '@parapet/core'
import type { EnforcementVerdict } from './types.js'

/** What is known when decisions are weighed. Times in ms UTC. */
export type EnforcementFacts = {
  /** the request goes to a route where credentials are checked */
  readonly login: boolean
  /** it goes to the page of such a route: a challenge of scope `login` stands before the form, not behind it */
  readonly loginPage: boolean
  /** it goes to where what is owed can be given: the pages and routes of step-up and of sign-in */
  readonly open: boolean
  /** `unread`: a cookie came along and nobody has looked yet; what depends on the session waits */
  readonly session:
    | 'unread'
    | undefined
    | { readonly authenticatedAt: number; readonly factorAt?: number | undefined; readonly startedAt?: number | undefined }
  /** when this client last let its browser work */
  readonly clearedAt: number | undefined
  /** when the subject last set a new password by a verified way */
  readonly passwordAt: number | undefined
  /** a challenge can be given to somebody unknown */
  readonly canChallenge: boolean
}

/** The effects on a session, the strongest first. */
const ORDER: readonly DecisionAction[] = ['deny', 'suspend', 'require_reset', 'end_sessions', 'require_mfa', 'challenge', 'throttle']

const after = (at: number | undefined, decision: Decision): boolean => at !== undefined && at > decision.startsAt

/** What one decision asks of this request, `undefined` when nothing, or nothing any more. */
const asks = (decision: Decision, facts: EnforcementFacts): Exclude<EnforcementVerdict['kind'], 'allowed'> | undefined => {
  const { session } = facts
  if (decision.scope === 'login' && !facts.login && !(decision.action === 'challenge' && facts.loginPage)) return undefined
  const signedIn = typeof session === 'object' ? session : undefined
  switch (decision.action) {
    case 'deny':
      return 'denied'
    case 'throttle':
      return 'throttled'
    case 'suspend':
      return signedIn === undefined ? undefined : 'suspended'
    case 'require_reset':
      return signedIn === undefined || after(facts.passwordAt, decision) ? undefined : 'reset_required'
    case 'end_sessions':
      // one that began after it is somebody who signed in since
      return signedIn?.startedAt === undefined || signedIn.startedAt > decision.startsAt ? undefined : 'sessions_ended'
    case 'require_mfa':
      return signedIn === undefined || facts.open || after(signedIn.factorAt, decision) ? undefined : 'mfa_required'
    case 'challenge':
      if (session === 'unread') return undefined
      if (signedIn !== undefined) return facts.open || after(signedIn.authenticatedAt, decision) ? undefined : 'step_up'
      return !facts.canChallenge || (facts.clearedAt !== undefined && facts.clearedAt >= decision.startsAt) ? undefined : 'challenged'
    case 'lockdown':
    default:
      // a lockdown is judged by itself; an action of a newer control plane: `unsupported` tells of it
      return undefined
  }
}

/**
 * Weighs the decisions that match a request: the strongest effect that holds, and what would have applied but is only watched. Pure.
 * `watched` says which are; what a request has satisfied falls away, so that it hides nothing weaker.
 */
export const weigh = (
  decisions: readonly Decision[],
  facts: EnforcementFacts,
  watched: (decision: Decision) => boolean = ({ mode }) => mode === 'observe',
): EnforcementVerdict => {
  let observed: Decision | undefined
  let strongest: Decision | undefined
  let kind: EnforcementVerdict['kind'] = 'allowed'
  let rank: number = ORDER.length
  let throttles: Decision[] | undefined
  for (const decision of decisions) {
    const asked = asks(decision, facts)
    if (asked === undefined) continue
    if (watched(decision)) {
      observed ??= decision
      continue
    }
    if (asked === 'throttled') (throttles ??= []).push(decision)
    const at = ORDER.indexOf(decision.action)
    if (at >= rank) continue
    rank = at
    strongest = decision
    kind = asked
  }
  if (strongest === undefined || kind === 'allowed') return { kind: 'allowed', observed }
  if (kind === 'denied') return { kind, decision: strongest }
  if (kind === 'throttled') return { kind, decisions: throttles ?? [], observed }
  return { kind, decision: strongest, observed }
}
