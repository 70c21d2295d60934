import type { Decision, DecisionAction, DecisionConfirmation, EnforcerKind, EnforcerView } from '@parapet/core'

import { count, plural } from './format.js'

/** What kinds of enforcers are called, and what they do with a request. */
export const ENFORCER_WORDS: Readonly<Record<EnforcerKind, { readonly name: string; readonly does: string }>> = {
  guard: { name: 'Guard', does: 'inside an application: judges each request' },
  forward_auth: { name: 'Forward-auth', does: 'asked by a proxy before each request' },
  nginx: { name: 'nginx', does: 'refuses requests by a geo include' },
  nftables: { name: 'nftables', does: 'drops packets in the kernel of a host' },
  feed: { name: 'Feed', does: 'lists and webhooks for what stands outside, such as the firewall of a cloud' },
}

/** How something stands: decides shape and colour of its mark. */
export type Tone = 'good' | 'watch' | 'wait' | 'warn' | 'bad' | 'idle'

/** What each state of an enforcer is called. */
export const ENFORCER_STATE: Readonly<Record<EnforcerView['state'], { readonly word: string; readonly tone: Tone }>> = {
  in_step: { word: 'In step', tone: 'good' },
  behind: { word: 'Behind', tone: 'wait' },
  drift: { word: 'Drift', tone: 'bad' },
  trouble: { word: 'Trouble', tone: 'bad' },
  silent: { word: 'Silent', tone: 'warn' },
}

/** What each state of a decision at one enforcer is called. */
export const CONFIRMATION_STATE: Readonly<Record<DecisionConfirmation['state'], { readonly word: string; readonly tone: Tone }>> = {
  in_force: { word: 'In force', tone: 'good' },
  waiting: { word: 'Waiting', tone: 'wait' },
  refused: { word: 'Refused', tone: 'bad' },
  observed: { word: 'Only watched', tone: 'watch' },
  not_able: { word: 'Not able', tone: 'idle' },
  silent: { word: 'Silent', tone: 'warn' },
}

const ACTION_WORDS: Readonly<Record<DecisionAction, string>> = {
  deny: 'block',
  throttle: 'slow down',
  challenge: 'challenge',
  require_mfa: 'require a second factor',
  require_reset: 'require a reset',
  suspend: 'suspend',
  end_sessions: 'end sessions',
  lockdown: 'lock down',
}

/** Actions as verbs for a sentence: `challenge, end sessions and suspend`. */
export const actionsInWords = (actions: readonly DecisionAction[]): string => {
  const words = actions.map((action) => ACTION_WORDS[action])
  return words.length < 2 ? words.join('') : `${words.slice(0, -1).join(', ')} and ${words.at(-1) ?? ''}`
}

const WORST: Readonly<Record<EnforcerView['state'], number>> = { trouble: 0, drift: 1, silent: 2, behind: 3, in_step: 4 }

/** An enforcer's row has this id: kind, instance and source together are one enforcer. */
export const enforcerKey = (of: {
  readonly kind: EnforcerKind
  readonly instance: string
  readonly source: { readonly id: string }
}): string => JSON.stringify([of.kind, of.source.id, of.instance])

/** Enforcers, those in trouble first, then by kind and name. */
export const listEnforcers = (enforcers: readonly EnforcerView[]): readonly EnforcerView[] =>
  enforcers.toSorted(
    (a, b) =>
      WORST[a.state] - WORST[b.state] ||
      a.kind.localeCompare(b.kind, 'en') ||
      a.source.name.localeCompare(b.source.name, 'en') ||
      a.instance.localeCompare(b.instance, 'en'),
  )

/** What an enforcer holds of what it should, in words, and the share for a bar: 0 to 1, null where nobody can look. */
export const holding = (enforcer: Pick<EnforcerView, 'wanted' | 'held'>): { readonly words: string; readonly share: number | null } => {
  const { wanted, held } = enforcer
  if (held === null) return { words: `${count(wanted)} wanted, nobody can look`, share: null }
  return { words: `${count(held)} of ${count(wanted)}`, share: wanted === 0 ? 1 : Math.min(1, held / wanted) }
}

/** How all enforcers stand, in a sentence. */
export const enforcersInWords = (enforcers: readonly EnforcerView[]): string => {
  const off = enforcers.filter(({ state }) => state !== 'in_step').length
  const watching = enforcers.filter(({ mode }) => mode === 'observe').length
  const first =
    off === 0
      ? `${plural(enforcers.length, 'enforcer')}, all in step`
      : `${count(off)} of ${plural(enforcers.length, 'enforcer')} not in step`
  return watching === 0 ? `${first}.` : `${first}; ${count(watching)} only ${watching === 1 ? 'watches' : 'watch'}.`
}

/** Where a decision is in force, in a sentence. */
export const confirmationsInWords = (confirmations: readonly DecisionConfirmation[]): string => {
  const of = (state: DecisionConfirmation['state']): number => confirmations.filter((one) => one.state === state).length
  const able = confirmations.length - of('not_able')
  if (confirmations.length === 0) return 'No enforcer has reported yet: nothing carries it out.'
  const rest = [
    of('waiting') === 0 ? [] : [`${count(of('waiting'))} not yet`],
    of('refused') === 0 ? [] : [`${count(of('refused'))} refused it`],
    of('observed') === 0 ? [] : [`${count(of('observed'))} only ${of('observed') === 1 ? 'watches' : 'watch'}`],
    of('silent') === 0 ? [] : [`${count(of('silent'))} silent`],
  ].flat()
  const first = able === 0 ? 'No enforcer can do this' : `In force at ${count(of('in_force'))} of ${plural(able, 'enforcer')}`
  return `${[first, ...rest].join(', ')}.`
}

/** What is still enforced on the target of a decision when a batch is lifted: the decisions that stay, by target. */
export type Freed = { readonly decision: Decision; readonly stays: readonly Decision[] }

/** What lifting `batch` frees, and what stays blocked all the same by another of the decisions that bind now. */
export const freedBy = (batch: readonly Decision[], active: Iterable<Decision>, now: number): readonly Freed[] => {
  const leaving = new Set(batch.map(({ id }) => id))
  const staying = new Map<string, Decision[]>()
  const key = ({ target }: Decision): string => `${target.kind} ${target.value}`
  for (const decision of active) {
    if (leaving.has(decision.id) || decision.mode !== 'enforce' || decision.lifted !== undefined || decision.expiresAt <= now) continue
    staying.set(key(decision), [...(staying.get(key(decision)) ?? []), decision])
  }
  return batch
    .filter((decision) => decision.lifted === undefined && decision.expiresAt > now)
    .map((decision) => ({ decision, stays: staying.get(key(decision)) ?? [] }))
}
