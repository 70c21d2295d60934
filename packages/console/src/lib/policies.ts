import type { DecisionPreview, PolicyPreview, PolicyRuleMode, PolicyView } from '@parapet/core'

import { count, plural } from './format.js'

/** How a policy answers its rules all in all. */
export type PolicyStanding = {
  readonly enforced: number
  readonly observed: number
  /** observed rules that nothing holds back any more */
  readonly ready: number
  readonly decisions7d: number
  readonly observed7d: number
}

/** True when a rule is observed and nothing speaks against enforcing it. */
export const isReady = (rule: PolicyRuleMode): boolean => rule.mode === 'observe' && rule.holds.length === 0

/** Counts the rules of a policy by what becomes of them. */
export const standingOf = ({ rules }: Pick<PolicyView, 'rules'>): PolicyStanding => {
  const sum = (of: (rule: PolicyRuleMode) => number): number => rules.reduce((total, rule) => total + of(rule), 0)
  return {
    enforced: rules.filter(({ mode }) => mode === 'enforce').length,
    observed: rules.filter(({ mode }) => mode === 'observe').length,
    ready: rules.filter(isReady).length,
    decisions7d: sum((rule) => rule.decisions7d),
    observed7d: sum((rule) => rule.observed7d),
  }
}

/** Policies as they are asked, the first that matches answers. */
export const listPolicies = (policies: readonly PolicyView[]): readonly PolicyView[] =>
  policies.toSorted((a, b) => a.order - b.order || a.id.localeCompare(b.id, 'en'))

/** Rules of a policy: those that can be promoted first, then what hits most. */
export const listModes = (rules: readonly PolicyRuleMode[]): readonly PolicyRuleMode[] =>
  rules.toSorted(
    (a, b) =>
      Number(isReady(b)) - Number(isReady(a)) ||
      b.decisions7d + b.observed7d - (a.decisions7d + a.observed7d) ||
      a.rule.title.localeCompare(b.rule.title, 'en'),
  )

/** What a policy would have done, in one sentence: the number that matters is who would have been hit by mistake. */
export const previewInWords = (preview: PolicyPreview): string => {
  if (preview.alerts === 0) return 'It would have had nothing to do: no alert of that time is one of its.'
  const who = [
    preview.addresses > 0 ? [plural(preview.addresses, 'address', 'addresses')] : [],
    preview.users > 0 ? [plural(preview.users, 'user')] : [],
  ].flat()
  if (who.length === 0) return `It would have acted on nobody, from ${plural(preview.alerts, 'alert')}.`
  const people =
    preview.addresses === 0 ? '' : preview.signedIn === 0 ? ', none of which signed in' : `, ${count(preview.signedIn)} of which signed in`
  return `It would have acted on ${who.join(' and ')}${people}.`
}

/** What a block would have met with, in one sentence. */
export const blockPreviewInWords = (preview: DecisionPreview): string => {
  if (preview.events === 0) return 'Nothing came from there in the last seven days.'
  const met = `It would have met ${plural(preview.events, 'request')} of ${plural(preview.addresses, 'address', 'addresses')} in the last seven days.`
  return preview.signedIn === 0 ? `${met} Nobody signed in from there.` : `${met} ${plural(preview.signedIn, 'user')} signed in from there.`
}

const SHOWN_HOLDS = 6

/** What speaks against enforcing these rules, in sentences; what a preview found by mistake comes first. Empty: nothing does. */
export const promotionRisks = (rules: readonly PolicyRuleMode[], preview: PolicyPreview | undefined): readonly string[] => {
  const held = rules.filter((rule) => rule.mode === 'observe' && rule.holds.length > 0)
  const sentences =
    rules.length === 1 ? (held[0]?.holds ?? []) : held.map(({ rule, holds }) => `${rule.title}: ${holds.join(' ')}`).slice(0, SHOWN_HOLDS)
  return [
    preview === undefined || preview.signedIn === 0
      ? []
      : [`${plural(preview.signedIn, 'address', 'addresses')} of users who signed in would have been hit.`],
    preview === undefined || preview.overBudget === 0
      ? []
      : [`It would have gone over the budget ${plural(preview.overBudget, 'time')}; beyond it nothing more is enforced.`],
    sentences,
    rules.length > 1 && held.length > SHOWN_HOLDS ? [`And so for ${plural(held.length - SHOWN_HOLDS, 'more rule')}.`] : [],
  ].flat()
}
