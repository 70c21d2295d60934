import type { AlertView, Decision, Overview, SecurityEvent, StoredEvent, WhyAnswer } from '@parapet/core'
import { type AuditRecord, isReasonCode } from '../audit/index.js'
import { type Concealed, looksLikeAddress, type Vault } from '../../vault/index.js'

/** How records look to somebody: with names, or with hints in their place. */
export type NameView = {
  readonly event: (stored: StoredEvent) => StoredEvent
  readonly alert: (alert: AlertView) => AlertView
  readonly decision: (decision: Decision) => Decision
  readonly why: (answer: WhyAnswer) => WhyAnswer
  readonly overview: (overview: Overview) => Overview
  readonly audit: (entry: AuditRecord) => AuditRecord
}

const same = <T>(record: T): T => record

/** Everything as it is. */
export const NAMED: NameView = { event: same, alert: same, decision: same, why: same, overview: same, audit: same }

/** What stands in the place of words that may name somebody. */
const HIDDEN = '[names are hidden]'

/**
 * A view without names: pseudonyms with a hint, the same for the same name, so that it can still be seen who is who. Sentences and reasons,
 * which may name anybody, are left out.
 */
export const createHintedView = (deps: {
  readonly vault: Pick<Vault, 'pseudonym'>
  readonly conceal: (event: SecurityEvent) => Concealed
}): NameView => {
  const { pseudonym } = deps.vault
  const hint = <T>(value: T): T | string =>
    typeof value === 'string' && value !== '' && !looksLikeAddress(value) ? pseudonym(value) : value

  const event = (stored: StoredEvent): StoredEvent => {
    const { open, personal } = deps.conceal(stored.event)
    const hinted = Object.entries(personal ?? {}).map(([name, value]) => [name, Array.isArray(value) ? value.map(hint) : hint(value)])
    return { ...stored, event: { ...open, ...(Object.fromEntries(hinted) as Partial<SecurityEvent>) } }
  }
  const alert = (view: AlertView): AlertView => ({
    ...view,
    group: Object.fromEntries(
      Object.entries(view.group).map(([name, value]) => [name, /user|mail|name$/.test(name) ? hint(value) : value]),
    ),
    scope: view.scope.kind === 'user' ? { ...view.scope, value: hint(view.scope.value) } : view.scope,
    targets: view.targets.map(hint),
    why: `${view.rule.title}: ${view.count} counted`,
  })
  const decision = (made: Decision): Decision => ({
    ...made,
    target: { ...made.target, value: hint(made.target.value) },
    reason: made.rule?.title ?? HIDDEN,
    ...(made.lifted === undefined ? {} : { lifted: { ...made.lifted, reason: HIDDEN } }),
  })
  return {
    event,
    alert,
    decision,
    why: (answer) => ({
      ...answer,
      decisions: answer.decisions.map(decision),
      alerts: answer.alerts.map(alert),
      events: answer.events.map(event),
    }),
    overview: (overview) => ({
      ...overview,
      needsYou: overview.needsYou.map((need) => (need.kind === 'alert' ? { ...need, detail: HIDDEN } : need)),
      latest: overview.latest.map(alert),
    }),
    audit: ({ detail: _detail, ...entry }) => ({
      ...entry,
      ...(entry.reason === undefined ? {} : { reason: isReasonCode(entry.reason) ? entry.reason : HIDDEN }),
    }),
  }
}
