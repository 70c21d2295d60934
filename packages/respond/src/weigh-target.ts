import { type Alert, type DecisionSet, formatDuration, isActive, parseRange, type ThrottleLimit } from '@parapet/core'
import { type BudgetState, budgetReason, spend, trip } from './budget.js'
import { sharedAddressWarning } from './cdn-ranges.js'
import { covers, type Wanted } from './escalation.js'
import type { TrafficFacts } from './facts.js'
import type { HeldDecision, NewDecision, Policy, PolicyStep } from './policy.js'
import type { ProtectedTargets } from './protected-targets.js'
import { sameTarget, type Target } from './targets.js'
import { oneLine } from './text.js'
import { DONE } from './words.js'

/** Why an alert led to less than it might have, or what to look at. `detail` is a sentence for people. */
export type Note = {
  readonly kind: 'protected' | 'budget' | 'merged' | 'no-policy' | 'observe' | 'assessment' | 'user-first' | 'shared-address' | 'widened'
  readonly detail: string
  /** whom a protection stood before */
  readonly target?: Target
}

/** What does not change while one alert is answered. */
export type WeighContext = {
  readonly alert: Alert
  readonly policy: Policy
  readonly protectedTargets: ProtectedTargets
  readonly held: DecisionSet
  readonly traffic: TrafficFacts | undefined
  readonly now: number
  readonly newId: () => string
}

/** What has come of one alert so far. */
export type Draft = {
  readonly decisions: NewDecision[]
  readonly extended: NewDecision[]
  readonly notes: Note[]
  budget: BudgetState
  tripped: boolean
  batch: string | undefined
}

/** One thing that is to be done about one target. */
export type Wish = {
  readonly target: Target
  readonly action: HeldDecision['action']
  readonly mode: HeldDecision['mode']
  readonly step: PolicyStep
  readonly limit?: ThrottleLimit
}

/** The longest reason, in UTF-16 code units: part of it (a name, a path) was written by an attacker. */
const MAX_REASON = 500

const withoutRevision = (decision: HeldDecision): NewDecision => {
  const { revision: _, ...rest } = { revision: 0, ...decision }
  return rest
}

/** Held decisions that bind on the target now, whatever prefix they were made for. */
export const binding = (held: DecisionSet, target: Target, now: number): readonly HeldDecision[] => {
  if (target.kind === 'user') return held.match({ user: target.value }, now)
  if (target.kind === 'session') return held.match({ session: target.value }, now)
  const range = parseRange(target.value)
  return range === undefined ? [] : held.match({ address: range.address }, now)
}

const reasonOf = ({ why, rule }: Alert, warning: string | undefined): string => {
  const said = why.startsWith(rule.title) ? why : `${rule.title}: ${why}`
  return warning === undefined ? oneLine(said, MAX_REASON) : `${oneLine(said, MAX_REASON - 240)} ${oneLine(warning, 238)}`
}

const show = (target: Target): string => oneLine(target.value, 100)

/**
 * One that does the same is in force: extended once its second half has begun, so that a hot alert does not write a change for every
 * event. A range is not extended for one address in it: the address gets a decision of its own when the range's ends much sooner.
 */
const merge = (draft: Draft, { now }: WeighContext, wish: Wish, doing: HeldDecision): boolean => {
  const { target, step } = wish
  const late = doing.author.kind === 'policy' && doing.expiresAt < now + step.duration && doing.expiresAt - now <= step.duration / 2
  if (late && !sameTarget(doing.target, target)) return false
  if (late) draft.extended.push({ ...withoutRevision(doing), expiresAt: now + step.duration })
  draft.notes.push({
    kind: 'merged',
    detail: `${show(target)} is under decision ${doing.id} already${late ? `, now for another ${formatDuration(step.duration)}` : ''}.`,
  })
  return true
}

/**
 * Adds to the draft what comes of one wish: protected targets, what is in force already and the budget are weighed in this order. Every
 * decision expires; none reaches a protected target; what the budget has no room for is only observed.
 */
export const weighTarget = (draft: Draft, context: WeighContext, wish: Wish): 'made' | 'merged' | 'refused' => {
  const { alert, policy, held, traffic, now } = context
  const { target, action, step } = wish
  const reason = context.protectedTargets.reasonFor(target)
  if (reason !== undefined) {
    draft.notes.push({ kind: 'protected', detail: `${show(target)} is not ${DONE[action]}: ${reason}.`, target })
    return 'refused'
  }
  const wanted: Wanted = {
    target,
    action,
    scope: step.scope,
    mode: wish.mode,
    ...(step.enforcers === undefined ? {} : { enforcers: step.enforcers }),
    ...(wish.limit === undefined ? {} : { limit: wish.limit }),
  }
  const inForce = binding(held, target, now)
  const doing = [...inForce, ...draft.decisions].find((decision) => isActive(decision, now) && covers(decision, wanted))
  if (doing !== undefined && merge(draft, context, wish, doing)) return 'merged'
  if (held.size + draft.decisions.length >= draft.budget.limits.held) {
    draft.budget = trip(draft.budget, now)
    draft.tripped = true
    draft.notes.push({
      kind: 'budget',
      detail: `${show(target)} is not recorded: ${draft.budget.limits.held} decisions are held, which is the most.`,
    })
    return 'refused'
  }
  const loss = traffic?.of(target)
  const spending = {
    target,
    total: traffic,
    loss: loss === undefined ? undefined : { ...loss, requests: Math.max(0, loss.requests - alert.count) },
  }
  const spent = wish.mode === 'enforce' ? budgetReason(draft.budget, () => [...held.all(), ...draft.decisions], spending, now) : undefined
  if (spent !== undefined) {
    draft.budget = trip(draft.budget, now)
    draft.tripped = true
    draft.notes.push({ kind: 'budget', detail: `${show(target)} is only observed: ${spent}.` })
    if (inForce.some((decision) => covers(decision, { ...wanted, mode: 'observe' }))) return 'refused'
  } else if (wish.mode === 'enforce') draft.budget = spend(draft.budget, now, spending.loss)
  else
    draft.notes.push({ kind: 'observe', detail: `${show(target)} would have been ${DONE[action]} for ${formatDuration(step.duration)}.` })
  const warning = action === 'deny' ? sharedAddressWarning(target, loss) : undefined
  if (warning !== undefined) draft.notes.push({ kind: 'shared-address', detail: warning })
  draft.batch ??= context.newId()
  draft.decisions.push({
    id: context.newId(),
    ...wanted,
    mode: spent === undefined ? wish.mode : 'observe',
    reason: reasonOf(alert, warning),
    author: { kind: 'policy', id: policy.id, name: policy.title },
    rule: { id: alert.rule.id, title: alert.rule.title, level: alert.rule.level, version: alert.rule.version },
    alertId: alert.id,
    batch: draft.batch,
    startsAt: now,
    expiresAt: now + step.duration,
  })
  return 'made'
}
