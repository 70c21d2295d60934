import { type Alert, formatDuration, type NotificationKind, type ResponseIntents } from '@parapet/core'
import type { Policy } from './policy.js'
import type { Target } from './targets.js'
import { oneLine } from './text.js'
import type { Draft } from './weigh-target.js'
import { DONE } from './words.js'

const MAX_SUBJECTS = 16
const MAX_ADDRESSES = 32
const MAX_TEXT = 2_000

/** By what the policy is for, not by what came of it this time: an alert that goes on must not be told of as something else. */
const kindOf = ({ respond: { incident, actions } }: Policy, users: readonly Target[]): NotificationKind => {
  if (incident !== undefined) return 'breach'
  if (users.length > 0 && actions.some(({ target }) => target !== 'ip')) return 'user_flagged'
  return actions.length > 0 ? 'decision' : 'alert'
}

const sentencesOf = (draft: Draft): string[] =>
  draft.decisions.slice(0, 8).map(({ target, action, mode, startsAt, expiresAt }) => {
    const verb = mode === 'enforce' ? 'is' : 'would have been'
    return `${oneLine(target.value, 100)} ${verb} ${DONE[action]} for ${formatDuration(expiresAt - startsAt)}.`
  })

/** With a stop at its end, so that another sentence may follow. */
const asSentence = (text: string): string => (/[.!?…]$/.test(text) ? text : `${text}.`)

/** What is told of a budget that is spent. */
const BUDGET_TITLE = 'Automatic responses have reached their limit'

const budgetText = (draft: Draft): string =>
  [
    ...draft.notes.filter(({ kind }) => kind === 'budget').map(({ detail }) => detail),
    'Further ones are only observed until there is room. Look at what is attacked, and act by hand where it is needed.',
  ].join(' ')

/** What the answer asks of the rest of the house. `tell`: a human has to hear of the budget now. Undefined when it asks for nothing. */
export const intentsOf = (
  alert: Alert,
  policy: Policy | undefined,
  draft: Draft,
  about: { readonly users: readonly Target[]; readonly tell: boolean },
): ResponseIntents | undefined => {
  const respond = policy?.respond
  const intents: { -readonly [K in keyof ResponseIntents]: ResponseIntents[K] } = {}
  if (policy !== undefined && respond?.notify !== undefined) {
    const limits = about.tell ? [`${BUDGET_TITLE}.`, budgetText(draft)] : []
    intents.notify = {
      // a budget is the administrators' to raise
      audience: about.tell ? 'administrators' : respond.notify,
      kind: kindOf(policy, about.users),
      title: oneLine(alert.rule.title, 200),
      text: oneLine([asSentence(alert.why), ...sentencesOf(draft), ...limits].join(' '), MAX_TEXT),
    }
  } else if (about.tell) {
    intents.notify = { audience: 'administrators', kind: 'budget', title: BUDGET_TITLE, text: oneLine(budgetText(draft), MAX_TEXT) }
  }
  if (respond?.incident !== undefined) {
    const subjects = about.users.map(({ value }) => value).slice(0, MAX_SUBJECTS)
    const whom = subjects[0] ?? alert.targets[0]
    intents.incident = {
      title: oneLine(whom === undefined ? alert.rule.title : `${alert.rule.title}: ${oneLine(whom, 80)}`, 200),
      severity: respond.incident,
      subjects,
      addresses: alert.targets.slice(0, MAX_ADDRESSES),
    }
  }
  if (respond?.lockdown === 'offer') intents.lockdown = 'offer'
  else if (respond?.lockdown !== undefined) {
    const { mode, duration } = respond.lockdown
    intents.lockdown = respond.mode === 'enforce' ? { mode, durationMs: duration } : 'offer'
  }
  return Object.keys(intents).length === 0 ? undefined : intents
}
