import { type Alert, createDecisionSet, DAY, type DecisionMode, formatDuration, HOUR, type PolicyPreview } from '@parapet/core'
import { type BudgetLimits, createBudget } from './budget.js'
import { choosePolicy } from './choose-policy.js'
import { type AlertFacts, NO_FACTS } from './facts.js'
import type { HeldDecision, NewDecision, Policy, RuleResponse } from './policy.js'
import type { ProtectedTargets } from './protected-targets.js'
import { respond, type Verdict } from './respond.js'
import { type Target, targetsOf } from './targets.js'
import { oneLine } from './text.js'

/** What a policy is tried on. Times in ms UTC. */
export type PreviewInput = {
  /** the one that is tried */
  readonly policy: Policy
  /** all that run, in the order of `loadPolicies`: an alert that an earlier one answers does not come to this one */
  readonly policies: readonly Policy[]
  /** as it would answer; the policy's own mode when left out */
  readonly mode?: DecisionMode
  /** oldest first, by when they were detected */
  readonly alerts: readonly { readonly alert: Alert; readonly at: number; readonly facts?: AlertFacts }[]
  readonly protectedTargets: ProtectedTargets
  /** true for a target from which (an address, by its key) or as which (a user) somebody signed in in that time */
  readonly signedIn: (target: Target) => boolean
  readonly rulesRespond?: { readonly get: (ruleId: string) => RuleResponse | undefined }
  readonly budget?: Partial<BudgetLimits>
  readonly since: number
  readonly now: number
  /** false when there was more history than `alerts` holds */
  readonly whole: boolean
}

/** What is known of how a policy answered one rule, to judge whether it should be enforced. Times in ms UTC. */
export type RuleRecord = {
  /** when the rule's first alert under this policy was answered; null for none yet */
  readonly firstAt: number | null
  readonly alerts: number
  /** alerts marked as false positives within the last 14 days */
  readonly falsePositives: number
  /** decisions that the allow-list or another protection stopped within the last 7 days */
  readonly protectedHits: number
  /** observed decisions of the last 7 days, and those of them on a target that signed in in that time */
  readonly observed: number
  readonly observedSignedIn: number
}

type Example = PolicyPreview['examples'][number]

const MAX_EXAMPLES = 50
/** Longest ladder that is remembered of one target. */
const MAX_HISTORY = 32

/** How often what has ended is put out: a replay of a week need not look at every alert. */
const SWEEP_EVERY = HOUR

const outcomeOf = (made: NewDecision, verdict: Verdict): Example['outcome'] => {
  if (made.mode === 'enforce') return 'enforced'
  return verdict.notes.some(({ kind, detail }) => kind === 'budget' && detail.startsWith(made.target.value)) ? 'over_budget' : 'observed'
}

/**
 * What a policy, or an edited text of it, would have done with the alerts of some days. Pure: alerts are answered one after the other as if
 * it had been in force, with steps, merging and budget of their own. What other policies answered first is left to them.
 */
export const previewPolicy = (input: PreviewInput): PolicyPreview => {
  const { policy } = input
  const policies = [...input.policies.filter(({ id }) => id !== policy.id), policy].toSorted(
    (a, b) => a.order - b.order || (a.id < b.id ? -1 : 1),
  )
  const { mode } = input
  const held = createDecisionSet()
  const history = new Map<string, HeldDecision[]>()
  const examples: Example[] = []
  const addresses = new Set<string>()
  const users = new Set<string>()
  const signedIn = new Set<string>()
  const counts = { alerts: 0, decisions: 0, protected: 0, overBudget: 0 }
  let budget = createBudget(input.budget)
  let ids = 0
  let sweptAt = input.since

  const note = (made: NewDecision, verdict: Verdict, rule: string): void => {
    const { kind, value } = made.target
    const outcome = outcomeOf(made, verdict)
    const key = `${kind}:${value}`
    const hit = input.signedIn(made.target)
    counts.decisions++
    if (outcome === 'over_budget') counts.overBudget++
    if (kind === 'ip' || kind === 'cidr') addresses.add(key)
    else if (kind === 'user') users.add(key)
    if (hit) signedIn.add(key)
    examples.push({
      at: made.startsAt,
      target: made.target,
      action: made.action,
      rule,
      outcome,
      signedIn: hit,
      detail: oneLine(made.reason, 200),
    })
  }

  for (const { alert, at, facts } of input.alerts) {
    if (at < input.since || choosePolicy(alert, policies, facts ?? NO_FACTS)?.id !== policy.id) continue
    counts.alerts++
    if (at - sweptAt >= SWEEP_EVERY) {
      held.sweep(at)
      sweptAt = at
    }
    const related = targetsOf(alert, facts).map(({ kind, value }) => `${kind}:${value}`)
    const verdict = respond({
      alert,
      policies: [policy],
      protectedTargets: input.protectedTargets,
      held,
      budget,
      history: related.flatMap((key) => history.get(key) ?? []),
      now: at,
      newId: () => `preview-${++ids}`,
      ...(facts === undefined ? {} : { facts }),
      ...(mode === undefined ? {} : { modes: { of: () => mode } }),
      ...(input.rulesRespond === undefined ? {} : { rulesRespond: input.rulesRespond }),
    })
    budget = verdict.budget
    for (const { kind, target, detail } of verdict.notes) {
      if (kind !== 'protected' || target === undefined) continue
      counts.protected++
      const action = policy.respond.actions.find((one) => one.target === (target.kind === 'cidr' ? 'ip' : target.kind))?.action ?? 'deny'
      examples.push({ at, target, action, rule: alert.rule.title, outcome: 'protected', signedIn: input.signedIn(target), detail })
    }
    for (const made of [...verdict.decisions, ...verdict.extended]) held.apply({ ...made, revision: held.revision + 1 })
    for (const made of verdict.decisions) {
      note(made, verdict, alert.rule.title)
      const key = `${made.target.kind}:${made.target.value}`
      history.set(key, [...(history.get(key) ?? []), made].slice(-MAX_HISTORY))
    }
  }
  return {
    since: input.since,
    alerts: counts.alerts,
    decisions: counts.decisions,
    addresses: addresses.size,
    users: users.size,
    signedIn: signedIn.size,
    protected: counts.protected,
    overBudget: counts.overBudget,
    examples: examples.slice(-MAX_EXAMPLES).toReversed(),
    whole: input.whole,
  }
}

/** How long a rule is watched before it may be enforced, ms. */
export const WATCHED_FOR: number = 7 * DAY
/** Share of observed decisions on somebody who signed in that is still quiet. */
const QUIET_SHARE = 0.02

const times = (count: number, one: string, many: string): string => `${count} ${count === 1 ? one : many}`

/** Why a rule should not be enforced yet, in sentences for people; none when it may. Pure. */
export const holdsAgainst = (record: RuleRecord, now: number): string[] => {
  const holds: string[] = []
  if (record.firstAt === null) holds.push('It has not alerted yet, so that nothing is known of its precision.')
  else if (now - record.firstAt < WATCHED_FOR)
    holds.push(
      `It has been watched for ${formatDuration(Math.max(0, now - record.firstAt))} only; ${formatDuration(WATCHED_FOR)} show what an ordinary week looks like.`,
    )
  if (record.falsePositives > 0)
    holds.push(
      `${times(record.falsePositives, 'alert was', 'alerts were')} marked as a false positive within 14 days. Make an exception first.`,
    )
  if (record.protectedHits > 0)
    holds.push(
      `${times(record.protectedHits, 'answer was', 'answers were')} stopped by the allow-list or another protection within 7 days: it points at what is your own.`,
    )
  if (record.observedSignedIn > record.observed * QUIET_SHARE)
    holds.push(
      `${times(record.observedSignedIn, 'target', 'targets')} of ${record.observed} signed in with success within 7 days: people would have been hit.`,
    )
  return holds
}
