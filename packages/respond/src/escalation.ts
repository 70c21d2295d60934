import { type Alert, isActive } from '@parapet/core'
import type { HeldDecision, Policy, PolicyStep } from './policy.js'
import { sameTarget, type Target, targetCovers } from './targets.js'

/** A decision on the target that a policy made in the same mode and that nobody took back. */
const isOffence = (decision: HeldDecision, target: Target, respond: Policy['respond']): boolean =>
  decision.lifted === undefined &&
  decision.author.kind === 'policy' &&
  decision.action === respond.action &&
  decision.mode === respond.mode &&
  sameTarget(decision.target, target)

/** How many of these follow each other up to `now` without a quiet time of `memory` between the end of one and the start of the next. */
const inARow = (decisions: readonly HeldDecision[], memory: number, now: number): number => {
  let since = now
  let count = 0
  for (const { startsAt, expiresAt } of decisions.toSorted((a, b) => b.startsAt - a.startsAt)) {
    if (expiresAt <= since - memory) break
    since = Math.min(since, startsAt)
    count++
  }
  return count
}

/**
 * The step for this alert: one further for every earlier offence that is not forgotten yet. A decision that still runs is an earlier
 * offence only for what began after it: two rules that see one attack are one offence.
 */
export const stepFor = (
  respond: Policy['respond'],
  target: Target,
  alert: Alert,
  history: readonly HeldDecision[],
  now: number,
): PolicyStep | undefined => {
  const offences = history.filter(
    (decision) =>
      isOffence(decision, target, respond) &&
      (!isActive(decision, now) || (decision.alertId !== alert.id && alert.first > decision.startsAt)),
  )
  return respond.steps[Math.min(inARow(offences, respond.memory, now), respond.steps.length - 1)]
}

/** True when `held` already does everything that `wanted` would, as long as it lasts. */
export const covers = (held: HeldDecision, wanted: Pick<HeldDecision, 'target' | 'action' | 'scope' | 'mode'>): boolean =>
  held.action === wanted.action &&
  (held.scope === 'all' || wanted.scope === 'login') &&
  (held.mode === 'enforce' || wanted.mode === 'observe') &&
  targetCovers(held.target, wanted.target)
