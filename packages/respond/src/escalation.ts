import { type Alert, isActive } from '@parapet/core'
import type { HeldDecision, Policy, PolicyStep } from './policy.js'
import { sameTarget, type Target, targetCovers } from './targets.js'

const counts = (decision: HeldDecision, target: Target, respond: Policy['respond'], now: number): boolean =>
  decision.lifted === undefined &&
  decision.author.kind === 'policy' &&
  decision.action === respond.action &&
  decision.mode === respond.mode &&
  decision.expiresAt > now - respond.memory &&
  sameTarget(decision.target, target)

/**
 * The step for this alert: one further for every earlier decision on the target that a policy made in the same mode, that nobody took
 * back, and that is not forgotten yet. A decision that still runs is an earlier offence only for what began after it: two rules that
 * see one attack are one offence.
 */
export const stepFor = (
  respond: Policy['respond'],
  target: Target,
  alert: Alert,
  history: readonly HeldDecision[],
  now: number,
): PolicyStep | undefined => {
  const earlier = history.filter(
    (decision) =>
      counts(decision, target, respond, now) &&
      (!isActive(decision, now) || (decision.alertId !== alert.id && alert.first > decision.startsAt)),
  )
  return respond.steps[Math.min(earlier.length, respond.steps.length - 1)]
}

/** True when `held` already does everything that `wanted` would, as long as it lasts. */
export const covers = (held: HeldDecision, wanted: Pick<HeldDecision, 'target' | 'action' | 'scope' | 'mode'>): boolean =>
  held.action === wanted.action &&
  (held.scope === 'all' || wanted.scope === 'login') &&
  (held.mode === 'enforce' || wanted.mode === 'observe') &&
  targetCovers(held.target, wanted.target)
