import { type Alert, type DecisionSet, formatDuration, isActive, parseRange } from '@parapet/core'
import { type BudgetState, budgetReason, spend, trip } from './budget.js'
import { choosePolicy, responseOf } from './choose-policy.js'
import { covers, stepFor } from './escalation.js'
import type { HeldDecision, NewDecision, Policy, RuleResponse } from './policy.js'
import type { ProtectedTargets } from './protected-targets.js'
import { oneLine } from './text.js'
import { responseTargets, type Target } from './targets.js'

/** Why an alert led to less than it might have. `detail` is a sentence for people. */
export type Note = { readonly kind: 'protected' | 'budget' | 'merged' | 'no-policy' | 'observe'; readonly detail: string }

/** Everything the answer to an alert depends on. */
export type RespondInput = {
  readonly alert: Alert
  /** in the order of `loadPolicies` */
  readonly policies: readonly Policy[]
  readonly protectedTargets: ProtectedTargets
  /** what is in force; the caller applies a verdict's decisions before it asks again */
  readonly held: DecisionSet
  readonly budget: BudgetState
  /** earlier decisions, also expired and lifted ones, on the targets of `responseTargets(alert)`; others do no harm */
  readonly history: readonly HeldDecision[]
  /** ms UTC */
  readonly now: number
  readonly newId: () => string
  /** the rules' own `x-respond` blocks by rule id */
  readonly rulesRespond?: { readonly get: (ruleId: string) => RuleResponse | undefined }
}

/**
 * What is to be done about an alert. `decisions` are new; `extended` are held ones with a later `expiresAt` and the same id, to be
 * written as a change of those.
 */
export type Verdict = {
  readonly decisions: readonly NewDecision[]
  readonly extended: readonly NewDecision[]
  readonly budget: BudgetState
  readonly notes: readonly Note[]
}

/** The longest reason, in UTF-16 code units: part of it (a name, a path) was written by an attacker. */
const MAX_REASON = 500

const withoutRevision = (decision: HeldDecision): NewDecision => {
  const { revision: _, ...rest } = { revision: 0, ...decision }
  return rest
}

/** Held decisions that bind on the target now, whatever prefix they were made for. */
const binding = (held: DecisionSet, target: Target, now: number): readonly HeldDecision[] => {
  const range = parseRange(target.value)
  return range === undefined ? [] : held.match({ address: range.address }, now)
}

const unanswered = (alert: Alert): Note => {
  const { kind, value } = alert.scope
  if (kind !== 'user' && kind !== 'endpoint') return { kind: 'no-policy', detail: 'The alert names no address that could be denied.' }
  const many = alert.targets.length
  return {
    kind: 'no-policy',
    detail: `The attack aims at the ${kind} ${oneLine(value, 100)} from ${many} ${many === 1 ? 'address' : 'addresses'}; none of them is denied for it.`,
  }
}

/**
 * Answers one alert: the policy, the step, then the protected targets, what is in force already, and the budget. Pure: the same input
 * gives the same verdict. Every decision expires; none reaches a protected target; what the budget has no room for is only observed.
 */
export const respond = (input: RespondInput): Verdict => {
  const { alert, held, now } = input
  const nothing = (note: Note): Verdict => ({ decisions: [], extended: [], budget: input.budget, notes: [note] })
  const policy = choosePolicy(alert, input.policies)
  if (policy === undefined)
    return nothing({ kind: 'no-policy', detail: `No policy answers ${alert.rule.id} at level ${alert.rule.level}.` })
  const ruleResponse = input.rulesRespond?.get(alert.rule.id)
  const targets = ruleResponse?.target === 'user' ? [] : responseTargets(alert)
  if (targets.length === 0) return nothing(unanswered(alert))

  const response = responseOf(policy, ruleResponse)
  const decisions: NewDecision[] = []
  const extended: NewDecision[] = []
  const notes: Note[] = []
  let { budget } = input
  let batch: string | undefined

  for (const target of targets) {
    const reason = input.protectedTargets.reasonFor(target)
    if (reason !== undefined) {
      notes.push({ kind: 'protected', detail: `${target.value} is not denied: ${reason}.` })
      continue
    }
    const step = stepFor(response, target, alert, input.history, now)
    if (step === undefined) continue
    const wanted = { target, action: response.action, scope: step.scope, mode: response.mode }
    const expiresAt = now + step.duration
    const inForce = binding(held, target, now)
    const doing = inForce.find((decision) => isActive(decision, now) && covers(decision, wanted))
    if (doing !== undefined) {
      // extended once its second half has begun, so that a hot alert does not write a change for every event
      const lengthen = doing.author.kind === 'policy' && doing.expiresAt < expiresAt && doing.expiresAt - now <= step.duration / 2
      if (lengthen) extended.push({ ...withoutRevision(doing), expiresAt })
      notes.push({
        kind: 'merged',
        detail: `${target.value} is under decision ${doing.id} already${lengthen ? `, now for another ${formatDuration(step.duration)}` : ''}.`,
      })
      continue
    }
    if (held.size + decisions.length >= budget.limits.held) {
      budget = trip(budget, now)
      notes.push({
        kind: 'budget',
        detail: `${target.value} is not recorded: ${budget.limits.held} decisions are held, which is the most.`,
      })
      continue
    }
    const spent = wanted.mode === 'enforce' ? budgetReason(budget, () => [...held.all(), ...decisions], target, now) : undefined
    if (spent !== undefined) {
      budget = trip(budget, now)
      notes.push({ kind: 'budget', detail: `${target.value} is only observed: ${spent}.` })
      if (inForce.some((decision) => covers(decision, { ...wanted, mode: 'observe' }))) continue
    } else if (wanted.mode === 'enforce') budget = spend(budget, now)
    else notes.push({ kind: 'observe', detail: `${target.value} would have been denied for ${formatDuration(step.duration)}.` })
    batch ??= input.newId()
    decisions.push({
      id: input.newId(),
      ...wanted,
      mode: spent === undefined ? wanted.mode : 'observe',
      reason: oneLine(alert.why.startsWith(alert.rule.title) ? alert.why : `${alert.rule.title}: ${alert.why}`, MAX_REASON),
      author: { kind: 'policy', id: policy.id, name: policy.title },
      rule: { id: alert.rule.id, title: alert.rule.title, level: alert.rule.level, version: alert.rule.version },
      alertId: alert.id,
      batch,
      startsAt: now,
      expiresAt,
    })
  }
  return { decisions, extended, budget, notes }
}
