import type { Clock, Decision, DecisionSet, DecisionSubject } from '@parapet/core'

/** What the decisions held say about a request. `observed` would have applied, but only watch. */
export type EnforcementVerdict =
  | { readonly kind: 'allowed'; readonly observed: Decision | undefined }
  | { readonly kind: 'denied'; readonly decision: Decision }

/** Applies decisions to requests. */
export type Enforcement = {
  readonly judge: (subject: DecisionSubject, login: boolean) => EnforcementVerdict
  /** actions in force that this enforcer cannot do, for status pages */
  readonly unsupported: () => readonly string[]
}

const ALLOWED: EnforcementVerdict = { kind: 'allowed', observed: undefined }

/** Builds the look-up. A request costs nothing while there are no decisions. */
export const createEnforcement = (deps: { readonly set: DecisionSet; readonly clock: Clock }): Enforcement => ({
  judge: (subject, login) => {
    if (deps.set.size === 0) return ALLOWED
    let observed: Decision | undefined
    for (const decision of deps.set.match(subject, deps.clock())) {
      if (decision.action !== 'deny' || (decision.scope !== 'all' && !login)) continue
      if (decision.mode === 'enforce') return { kind: 'denied', decision }
      observed ??= decision
    }
    return observed === undefined ? ALLOWED : { kind: 'allowed', observed }
  },
  unsupported: () => [...new Set(deps.set.all().flatMap(({ action }) => (action === 'deny' ? [] : [action])))],
})
