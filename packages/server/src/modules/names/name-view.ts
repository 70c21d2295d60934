import type {
  AlertView,
  Decision,
  FieldValue,
  IncidentDetail,
  IncidentView,
  Overview,
  ResetCampaign,
  RuleException,
  SecurityEvent,
  StoredEvent,
  SubjectView,
  TopValues,
  TriageGroup,
  TriageNote,
  WhyAnswer,
} from '@parapet/core'
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
  readonly group: (group: TriageGroup) => TriageGroup
  readonly note: (note: TriageNote) => TriageNote
  readonly exception: (exception: RuleException) => RuleException
  readonly topValues: (values: TopValues) => TopValues
  readonly subject: (subject: SubjectView) => SubjectView
  readonly campaign: (campaign: ResetCampaign) => ResetCampaign
  readonly incident: (incident: IncidentView) => IncidentView
  readonly incidentDetail: (detail: IncidentDetail) => IncidentDetail
  /** true where names are hidden: words of others that may hold any are left out */
  readonly hides: boolean
}

const same = <T>(record: T): T => record

/** Everything as it is. */
export const NAMED: NameView = {
  event: same,
  alert: same,
  decision: same,
  why: same,
  overview: same,
  audit: same,
  group: same,
  note: same,
  exception: same,
  topValues: same,
  subject: same,
  campaign: same,
  incident: same,
  incidentDetail: same,
  hides: false,
}

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

  const fields = (event: SecurityEvent): SecurityEvent => {
    const { open, personal } = deps.conceal(event)
    const hinted = Object.entries(personal ?? {}).map(([name, value]) => [name, Array.isArray(value) ? value.map(hint) : hint(value)])
    return { ...open, ...(Object.fromEntries(hinted) as Partial<SecurityEvent>) }
  }
  const event = (stored: StoredEvent): StoredEvent => ({ ...stored, event: fields(stored.event) })
  /** One value as it would stand in an event; what is not left of it there is hidden. */
  const valueOf = <T extends string | number | boolean>(name: string, value: T): T | string => {
    const shown: FieldValue | undefined = fields({ '@timestamp': 0, [name]: value })[name]
    return shown === value || typeof shown === 'string' ? (shown as T | string) : HIDDEN
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
    target: made.target.kind === 'all' ? made.target : { ...made.target, value: hint(made.target.value) },
    reason: made.rule?.title ?? HIDDEN,
    ...(made.lifted === undefined ? {} : { lifted: { ...made.lifted, reason: HIDDEN } }),
  })
  const incident = (view: IncidentView): IncidentView => ({ ...view, title: HIDDEN, subjects: view.subjects.map(hint) })
  return {
    event,
    alert,
    decision,
    incident,
    incidentDetail: (detail) => ({
      ...detail,
      incident: incident(detail.incident),
      timeline: detail.timeline.map((entry) => ({ ...entry, text: HIDDEN })),
      alerts: detail.alerts.map(alert),
      decisions: detail.decisions.map(decision),
    }),
    group: (group) => ({
      ...group,
      scope: group.scope.kind === 'user' ? { ...group.scope, value: hint(group.scope.value) } : group.scope,
      targets: group.targets.map(hint),
      why: `${group.rule.title}: ${group.events} counted`,
    }),
    note: (note) => (note.act === 'note' ? { ...note, text: HIDDEN } : note),
    exception: (exception) => ({
      ...exception,
      match: Object.fromEntries(Object.entries(exception.match).map(([name, value]) => [name, valueOf(name, value)])),
      reason: HIDDEN,
    }),
    topValues: (top) => ({ ...top, values: top.values.map(({ value, count }) => ({ value: valueOf(top.field, value), count })) }),
    subject: (subject) => ({ ...subject, name: hint(subject.name), email: hint(subject.email) }),
    campaign: (campaign) => ({ ...campaign, reason: HIDDEN }),
    hides: true,
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
