import { type Decision, type EnforcerKind, type ErrorCode, judgeLockdown, lockdownInForce } from '@parapet/core'
import { type LimitVerdict, weigh } from '@parapet/guard'
import type { Pass } from './passes.js'

/** What is known of a request when it is weighed. Times in ms UTC. */
export type WeighedRequest = {
  readonly method: string
  readonly address: string | undefined
  /** it sends credentials, or asks for the page where they are sent, however it is spelt: for what restricts */
  readonly atSignIn: 'sends' | 'asks' | 'no'
  /** either of these, as it was declared: for what is let through */
  readonly signsIn: boolean
  readonly open: boolean
  readonly user: string | undefined
  readonly pass: Pass | undefined
  readonly now: number
}

/** What is answered, and why. `observed` would have applied, but only watches. */
export type Weighed =
  | { readonly kind: 'allowed'; readonly observed: Decision | undefined }
  | {
      readonly kind: 'refused'
      readonly code: ErrorCode
      readonly reason: string
      readonly decisionId: string
      readonly page?: 'stepUp' | 'reset'
      readonly limit?: LimitVerdict
      /** when it is worth to try again, ms UTC */
      readonly until?: number
      readonly detail?: string
    }

const KIND: EnforcerKind = 'forward_auth'

/** The first of several limits that is used up. */
type Take = (decisions: readonly Decision[]) => { readonly decision: Decision; readonly verdict: LimitVerdict } | undefined

const refused = (decision: Decision, code: ErrorCode, reason: string, page?: 'stepUp' | 'reset'): Weighed => ({
  kind: 'refused',
  code,
  reason,
  decisionId: decision.id,
  ...(page === undefined ? {} : { page }),
})

const underLockdown = (decisions: readonly Decision[], request: WeighedRequest): Weighed | undefined => {
  const lockdown = lockdownInForce(decisions, request.now)
  if (lockdown === undefined) return undefined
  const { pass } = request
  const { outcome, why } = judgeLockdown(lockdown, {
    address: request.address,
    method: request.method,
    purpose: request.signsIn || request.open ? 'sign_in' : undefined,
    session: pass === undefined ? undefined : { startedAt: pass.signedInAt, secondFactor: pass.factorAt !== undefined },
  })
  // a sign-in goes on: what comes after it is refused until the application vouches for a factor
  if (outcome !== 'refuse') return undefined
  return { kind: 'refused', code: 'PPT_LOCKDOWN', reason: 'lockdown', decisionId: lockdown.id, until: lockdown.expiresAt, detail: why }
}

/**
 * Weighs what matches a request by the guard's own rules. `take` counts against the limits of throttles. Pure but for that count.
 */
export const weighRequest = (matching: readonly Decision[], request: WeighedRequest, take: Take): Weighed => {
  const meant = matching.filter(
    // sessions are the application's: nothing of this stands in the way of what can be done here
    ({ enforcers, action }) => action !== 'end_sessions' && (enforcers === undefined || enforcers.includes(KIND)),
  )
  if (meant.length === 0) return { kind: 'allowed', observed: undefined }
  // what only a session could be asked for is not asked on the pages where it is given
  const asked = request.open ? meant.filter(({ action }) => action !== 'require_reset') : meant
  const { pass, user } = request
  const signedIn = user === undefined ? undefined : { authenticatedAt: pass?.signedInAt ?? 0, factorAt: pass?.factorAt }
  const verdict = weigh(asked, {
    login: request.atSignIn === 'sends',
    loginPage: request.atSignIn !== 'no',
    open: request.open,
    session: signedIn,
    clearedAt: undefined,
    passwordAt: pass?.passwordAt,
    canChallenge: !request.open,
  })
  const observed = verdict.kind === 'denied' ? undefined : verdict.observed
  if (verdict.kind === 'denied') return refused(verdict.decision, 'PPT_BLOCKED', 'denied')
  if (verdict.kind === 'suspended') return refused(verdict.decision, 'PPT_BLOCKED', 'suspended')
  const locked = underLockdown(meant, request)
  if (locked !== undefined) return locked
  switch (verdict.kind) {
    case 'reset_required':
      return refused(verdict.decision, 'PPT_RESET_REQUIRED', 'reset_required', 'reset')
    case 'mfa_required':
      return refused(verdict.decision, 'PPT_MFA_REQUIRED', 'mfa_required', 'stepUp')
    case 'step_up':
      return refused(verdict.decision, 'PPT_STEP_UP_REQUIRED', 'step_up', 'stepUp')
    case 'challenged':
      return refused(verdict.decision, 'PPT_STEP_UP_REQUIRED', 'challenged', 'stepUp')
    case 'throttled': {
      const over = take(verdict.decisions)
      if (over === undefined) return { kind: 'allowed', observed }
      return { kind: 'refused', code: 'PPT_RATE_LIMITED', reason: 'throttled', decisionId: over.decision.id, limit: over.verdict }
    }
    case 'sessions_ended':
    case 'allowed':
      break
  }
  return { kind: 'allowed', observed }
}
