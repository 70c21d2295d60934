import { type Alert, isActive } from '@parapet/core'
import type { HeldDecision, PolicyStep } from './policy.js'
import { sameTarget, type Target, targetCovers } from './targets.js'

/** The ladder of one action, in the mode in which it is answered now. Memory in ms. */
export type Ladder = Pick<HeldDecision, 'action' | 'mode'> & { readonly memory: number; readonly steps: readonly PolicyStep[] }

/** A decision on the target that a policy made in the same mode and that nobody took back. */
const isOffence = (decision: HeldDecision, target: Target, ladder: Ladder): boolean =>
  decision.lifted === undefined &&
  decision.author.kind === 'policy' &&
  decision.action === ladder.action &&
  decision.mode === ladder.mode &&
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
  ladder: Ladder,
  target: Target,
  alert: Alert,
  history: readonly HeldDecision[],
  now: number,
): PolicyStep | undefined => {
  const offences = history.filter(
    (decision) =>
      isOffence(decision, target, ladder) &&
      (!isActive(decision, now) || (decision.alertId !== alert.id && alert.first > decision.startsAt)),
  )
  return ladder.steps[Math.min(inARow(offences, ladder.memory, now), ladder.steps.length - 1)]
}

/** What is compared when a decision might make another one needless. */
export type Wanted = Pick<HeldDecision, 'target' | 'action' | 'scope' | 'mode' | 'enforcers' | 'limit'>

const carriedOutByAll = (held: Wanted, wanted: Wanted): boolean =>
  held.enforcers === undefined || (wanted.enforcers?.every((kind) => held.enforcers?.includes(kind) === true) ?? false)

/** True when `held` already does everything that `wanted` would, as long as it lasts. */
export const covers = (held: Wanted, wanted: Wanted): boolean =>
  held.action === wanted.action &&
  (held.scope === 'all' || wanted.scope === 'login') &&
  (held.mode === 'enforce' || wanted.mode === 'observe') &&
  carriedOutByAll(held, wanted) &&
  (held.limit === undefined ||
    wanted.limit === undefined ||
    held.limit.limit / held.limit.windowMs <= wanted.limit.limit / wanted.limit.windowMs) &&
  targetCovers(held.target, wanted.target)
