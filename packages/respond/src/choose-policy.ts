import { type Alert, atLeast, parseDuration } from '@parapet/core'
import type { Policy, PolicyStep, RuleResponse } from './policy.js'
import { LONGEST_DECISION, SHORTEST_DECISION } from './policy-reader.js'

/** `attack.t1110` stands for itself and its sub-techniques, not for `attack.t11100`. */
const hasTag = (tags: readonly string[], wanted: string): boolean => tags.some((tag) => tag === wanted || tag.startsWith(`${wanted}.`))

/** The first policy that answers this alert; policies come in the order of `loadPolicies`. */
export const choosePolicy = (alert: Alert, policies: readonly Policy[]): Policy | undefined =>
  policies.find(
    ({ match }) =>
      atLeast(alert.rule.level, match.level) &&
      (match.rules === undefined || match.rules.includes(alert.rule.id)) &&
      (match.tags === undefined || match.tags.some((tag) => hasTag(alert.rule.tags, tag))),
  )

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
    ladder.push(
      before === undefined
        ? step
        : { scope: before.scope === 'all' ? 'all' : step.scope, duration: Math.max(before.duration, step.duration) },
    )
  }
  return ladder
}

/** The response of a policy after the rule's own block has replaced what the policy lets it replace. */
export const responseOf = (policy: Policy, response: RuleResponse | undefined): Policy['respond'] => {
  const { respond } = policy
  if (response === undefined) return respond
  const may = (field: (typeof respond.ruleMaySet)[number]): boolean => respond.ruleMaySet.includes(field)
  const [first, ...rest] = respond.steps
  if (first === undefined) return respond
  const step = {
    scope: may('scope') ? (response.scope ?? first.scope) : first.scope,
    duration: may('duration') ? (durationOf(response) ?? first.duration) : first.duration,
  }
  return { ...respond, mode: may('mode') ? (response.mode ?? respond.mode) : respond.mode, steps: raised([step, ...rest]) }
}
