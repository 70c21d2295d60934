import { type Alert, atLeast, type DecisionMode, parseDuration } from '@parapet/core'
import type { AlertFacts } from './facts.js'
import type { Policy, PolicyAction, PolicyStep, RuleField, RuleResponse } from './policy.js'
import { LONGEST_DECISION, SHORTEST_DECISION } from './policy-reader.js'

/** How operators set policies. `of(policyId, ruleId)` is what was set for one rule, `of(policyId, '')` for the policy; undefined: nothing. */
export type PolicyModes = { readonly of: (policyId: string, ruleId: string) => DecisionMode | undefined }

/** `attack.t1110` stands for itself and its sub-techniques, not for `attack.t11100`. */
const hasTag = (tags: readonly string[], wanted: string): boolean => tags.some((tag) => tag === wanted || tag.startsWith(`${wanted}.`))

/** What an alert comes from: its own group says it, else the events behind it. */
const datasetsOf = (alert: Alert, facts: AlertFacts): readonly string[] => {
  const own = alert.group['event.dataset']
  return own === undefined || own === '' ? facts.datasets : [own]
}

/** True when a policy is meant for a rule, as far as the rule alone tells: what an alert is about, and where it comes from, is not known yet. */
export const mayAnswer = ({ match }: Policy, rule: Pick<Alert['rule'], 'id' | 'level' | 'tags'>): boolean =>
  atLeast(rule.level, match.level) &&
  (match.rules === undefined || match.rules.includes(rule.id)) &&
  (match.tags === undefined || match.tags.some((tag) => hasTag(rule.tags, tag)))

const answers = (policy: Policy, alert: Alert, datasets: readonly string[]): boolean => {
  const { match } = policy
  return (
    mayAnswer(policy, alert.rule) &&
    (match.about === undefined || match.about.includes(alert.scope.kind)) &&
    (match.datasets === undefined || (datasets.length > 0 && datasets.every((dataset) => match.datasets?.includes(dataset) === true)))
  )
}

/** The first policy that answers this alert; policies come in the order of `loadPolicies`. */
export const choosePolicy = (alert: Alert, policies: readonly Policy[], facts: AlertFacts): Policy | undefined => {
  const datasets = datasetsOf(alert, facts)
  return policies.find((policy) => answers(policy, alert, datasets))
}

const clamp = (ms: number): number => Math.min(LONGEST_DECISION, Math.max(SHORTEST_DECISION, ms))

const durationOf = (response: RuleResponse): number | undefined => {
  const ms = typeof response.duration === 'string' ? parseDuration(response.duration) : response.duration
  return ms === undefined || !Number.isFinite(ms) ? undefined : clamp(ms)
}

/** No step is milder than the one before it, also after a rule has replaced the first. */
const raised = (steps: readonly PolicyStep[]): PolicyStep[] => {
  const ladder: PolicyStep[] = []
  for (const step of steps) {
    const before = ladder.at(-1)
    const scope = before?.scope === 'all' ? 'all' : step.scope
    ladder.push(before === undefined ? step : { ...step, scope, duration: Math.max(before.duration, step.duration) })
  }
  return ladder
}

const withRule = (action: PolicyAction, rule: RuleResponse, may: (field: RuleField) => boolean): PolicyAction => {
  const [first, ...rest] = action.steps
  if (first === undefined || (rule.action ?? action.action) !== action.action || (rule.target ?? action.target) !== action.target)
    return action
  const step = {
    ...first,
    scope: may('scope') ? (rule.scope ?? first.scope) : first.scope,
    duration: may('duration') ? (durationOf(rule) ?? first.duration) : first.duration,
  }
  return { ...action, steps: raised([step, ...rest]) }
}

/**
 * The response of a policy to one rule. What an operator set for the rule is its mode; else the rule's own wish where the policy lets it
 * have one; else what was set for the policy, or stands in it. Scope and duration of a rule are those of the first step of its own action.
 */
export const responseOf = (policy: Policy, rule: RuleResponse | undefined, ruleId: string, modes?: PolicyModes): Policy['respond'] => {
  const { respond } = policy
  const may = (field: RuleField): boolean => respond.ruleMaySet.includes(field)
  const set = modes?.of(policy.id, '')
  // what an operator has told to observe only observes, whatever a rule would like
  const wish = may('mode') && set !== 'observe' ? rule?.mode : undefined
  const mode = modes?.of(policy.id, ruleId) ?? wish ?? set ?? respond.mode
  return { ...respond, mode, actions: rule === undefined ? respond.actions : respond.actions.map((action) => withRule(action, rule, may)) }
}
