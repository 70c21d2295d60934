import { type Alert, type DecisionSet, HOUR, MINUTE, type ResponseIntents } from '@parapet/core'
import { type BudgetState, mustTell } from './budget.js'
import { choosePolicy, type PolicyModes, responseOf } from './choose-policy.js'
import { stepFor } from './escalation.js'
import { type AlertFacts, NO_FACTS, type TrafficFacts } from './facts.js'
import { intentsOf } from './intents.js'
import type { HeldDecision, NewDecision, Policy, PolicyAction, RuleResponse } from './policy.js'
import type { ProtectedTargets } from './protected-targets.js'
import { addressTargets, sessionTargets, type Target, userTargets } from './targets.js'
import { oneLine } from './text.js'
import { binding, type Draft, type Note, weighTarget, type WeighContext } from './weigh-target.js'
import { widenedTarget } from './widen.js'

export type { Note } from './weigh-target.js'

/** Everything the answer to an alert depends on. */
export type RespondInput = {
  readonly alert: Alert
  /** in the order of `loadPolicies` */
  readonly policies: readonly Policy[]
  readonly protectedTargets: ProtectedTargets
  /** what is in force; the caller applies a verdict's decisions before it asks again */
  readonly held: DecisionSet
  readonly budget: BudgetState
  /** earlier decisions, also expired and lifted ones, on `targetsOf(alert, facts)` and on the users with a second factor of these; others do no harm */
  readonly history: readonly HeldDecision[]
  /** ms UTC */
  readonly now: number
  readonly newId: () => string
  /** what the events behind the alert say; nothing when left out */
  readonly facts?: AlertFacts
  /** the traffic that decisions are weighed against; shares and second factors are not looked at when left out */
  readonly traffic?: TrafficFacts
  /** how operators set policies */
  readonly modes?: PolicyModes
  /** the run of `parapet attack` that all events of the alert belong to, by the tag that a guard has verified */
  readonly assessment?: string | undefined
  /** the rules' own `x-respond` blocks by rule id */
  readonly rulesRespond?: { readonly get: (ruleId: string) => RuleResponse | undefined }
}

/**
 * What is to be done about an alert. `decisions` are new; `extended` are held ones with a later `expiresAt` and the same id, to be
 * written as a change of those. `intents` are for the same transaction; an alert that comes again asks for the same again.
 */
export type Verdict = {
  readonly decisions: readonly NewDecision[]
  readonly extended: readonly NewDecision[]
  readonly budget: BudgetState
  readonly notes: readonly Note[]
  readonly intents?: ResponseIntents
}

/** How long the user of an address is given before the address itself is acted on in the same attack, ms. */
const USER_FIRST_FOR = 5 * MINUTE

const unanswered = (alert: Alert): Note => {
  const { kind, value } = alert.scope
  if (kind !== 'user' && kind !== 'endpoint') return { kind: 'no-policy', detail: 'The alert names nobody who could be acted on.' }
  const many = alert.targets.length
  return {
    kind: 'no-policy',
    detail: `The attack aims at the ${kind} ${oneLine(value, 100)} from ${many} ${many === 1 ? 'address' : 'addresses'}; none of them is denied for it.`,
  }
}

const targetsFor = ({ target }: PolicyAction, alert: Alert, facts: AlertFacts): readonly Target[] => {
  if (target === 'ip') return addressTargets(alert)
  return target === 'user' ? userTargets(alert, facts) : sessionTargets(alert, facts)
}

/**
 * The users to act on before an address is denied: those who passed a second factor from there of late. None once that was tried: the
 * factor is a reason to begin with them, no immunity.
 */
const usersFirst = (input: RespondInput, policy: Policy, memory: number, target: Target): readonly Target[] => {
  const { alert, now } = input
  const users = (input.traffic?.of(target)?.mfaUsers ?? []).slice(0, 8).map((value): Target => ({ kind: 'user', value }))
  const tried = (decision: HeldDecision): boolean =>
    decision.author.kind === 'policy' &&
    decision.author.id === policy.id &&
    decision.action === 'require_mfa' &&
    decision.lifted === undefined &&
    decision.expiresAt > now - memory &&
    (alert.first > decision.startsAt || now - decision.startsAt >= USER_FIRST_FOR)
  const isOne = (decision: HeldDecision): boolean =>
    decision.target.kind === 'user' && users.some(({ value }) => value === decision.target.value)
  if (input.history.some((decision) => isOne(decision) && tried(decision))) return []
  return users.some((user) => binding(input.held, user, now).some((decision) => isOne(decision) && tried(decision))) ? [] : users
}

/** Does one action of a policy to everybody whom it is about. */
const perform = (draft: Draft, context: WeighContext, input: RespondInput, response: Policy['respond'], action: PolicyAction): number => {
  const { alert, history, now } = input
  const { mode, memory } = response
  const targets = targetsFor(action, alert, input.facts ?? NO_FACTS)
  for (const target of targets) {
    const step = stepFor({ action: action.action, mode, memory, steps: action.steps }, target, alert, history, now)
    if (step === undefined) continue
    const wish = { action: action.action, mode, step, ...(action.limit === undefined ? {} : { limit: action.limit }) }
    const users = action.target === 'ip' && action.action === 'deny' ? usersFirst(input, context.policy, memory, target) : []
    if (users.length > 0 && context.protectedTargets.reasonFor(target) === undefined) {
      draft.notes.push({
        kind: 'user-first',
        detail: `${target.value} is not denied yet: a second factor was passed from there of late, so the user is asked for it again first.`,
      })
      const asked = { scope: 'all', duration: Math.max(HOUR, step.duration) } as const
      for (const user of users) weighTarget(draft, context, { target: user, action: 'require_mfa', mode, step: asked })
      continue
    }
    const wide =
      action.target === 'ip' && mode === 'enforce'
        ? widenedTarget(target, action.action, () => [...context.held.all(), ...draft.decisions], now)
        : undefined
    if (wide !== undefined && context.protectedTargets.reasonFor(wide) === undefined) {
      draft.notes.push({ kind: 'widened', detail: `${target.value} is one of many that attack from ${wide.value}: all of it is acted on.` })
      weighTarget(draft, context, { ...wish, target: wide })
    } else weighTarget(draft, context, { ...wish, target })
  }
  return targets.length
}

/**
 * Answers one alert: the policy, its actions with their steps, then the protected targets, what is in force already, and the budget. Pure:
 * the same input gives the same verdict. Every decision expires; none reaches a protected target; what the budget has no room for is only
 * observed, and a human is told.
 */
export const respond = (input: RespondInput): Verdict => {
  const { alert, now } = input
  const nothing = (note: Note): Verdict => ({ decisions: [], extended: [], budget: input.budget, notes: [note] })
  if (input.assessment !== undefined) {
    const run = oneLine(input.assessment, 64)
    return nothing({
      kind: 'assessment',
      detail: `Nobody is denied: all of it is of the assessment ${run}, whose requests the guard has verified.`,
    })
  }
  const facts = input.facts ?? NO_FACTS
  const policy = choosePolicy(alert, input.policies, facts)
  if (policy === undefined)
    return nothing({ kind: 'no-policy', detail: `No policy answers ${alert.rule.id} at level ${alert.rule.level}.` })
  const response = responseOf(policy, input.rulesRespond?.get(alert.rule.id), alert.rule.id, input.modes)
  const draft: Draft = { decisions: [], extended: [], notes: [], budget: input.budget, tripped: false, batch: undefined }
  const context: WeighContext = {
    alert,
    policy,
    protectedTargets: input.protectedTargets,
    held: input.held,
    traffic: input.traffic,
    now,
    newId: input.newId,
  }
  let targets = 0
  for (const action of response.actions) targets += perform(draft, context, input, response, action)
  if (targets === 0) draft.notes.push(unanswered(alert))

  const tell = draft.tripped && mustTell(draft.budget, now)
  const intents = intentsOf(alert, { ...policy, respond: response }, draft, { users: userTargets(alert, facts), tell })
  return {
    decisions: draft.decisions,
    extended: draft.extended,
    budget: tell ? { ...draft.budget, toldAt: now } : draft.budget,
    notes: draft.notes,
    ...(intents === undefined ? {} : { intents }),
  }
}
