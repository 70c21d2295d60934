import type {
  AlertView,
  EnrolmentView,
  ErrorCode,
  RuleException,
  RuleView,
  SavedView,
  SourceHealth,
  StoredEvent,
  TriageAct,
  TriageDetail,
  TriageGroup,
  TriageNote,
} from '@parapet/core'
import { LEVELS, parseRange } from '@parapet/core'

import { makeActivity, makeEnrolments, makeException, makeRule, makeRuleDetail, makeSources, makeViews, topOf } from './detect-fixtures.js'
import { makeEvents } from './fixtures.js'

type Standing = Pick<TriageGroup, 'status' | 'verdict' | 'assignee' | 'snoozedUntil'> & { readonly notes: readonly TriageNote[] }

/** What the fake knows about triage, rules, events and sources; tests change it while the server runs. */
export type DetectWorld = {
  standing: Map<string, Standing>
  rules: readonly RuleView[]
  exceptions: RuleException[]
  events: readonly StoredEvent[]
  /** events that one search looks at before it stops; undefined: all */
  searchBound: number | undefined
  views: SavedView[]
  sources: readonly SourceHealth[]
  enrolments: EnrolmentView[]
  /** alerts that a preview says would have been silenced, of 40 */
  silences: number
  /** the next dangerous act is asked for a proof */
  stepUp: boolean
}

/** A day of data, or nothing at all. */
export const makeDetectWorld = (now: number, empty: boolean): DetectWorld => ({
  standing: new Map(),
  rules: empty ? [] : Array.from({ length: 24 }, (_, index) => makeRule(index, now)),
  exceptions: empty ? [] : [makeException(0, now), makeException(1, now)],
  events: empty ? [] : makeActivity(now, 160),
  searchBound: undefined,
  views: empty ? [] : [...makeViews(now)],
  sources: empty ? [] : makeSources(now),
  enrolments: empty ? [] : [...makeEnrolments(now)],
  silences: 12,
  stepUp: false,
})

type Base = {
  readonly alerts: readonly AlertView[]
  readonly operator: { readonly id: string; readonly name: string }
  readonly detect: DetectWorld
}
type Answer = { readonly status: number; readonly body?: unknown } | { readonly problem: ErrorCode; readonly detail?: string }

const IDLE: Standing = { status: 'open', verdict: null, assignee: null, snoozedUntil: null, notes: [] }
const keyOf = (alert: AlertView): string => Buffer.from(`${alert.rule.id} ${alert.scope.value}`).toString('base64url').slice(0, 60)

const groupsOf = ({ alerts, detect }: Base): readonly TriageGroup[] => {
  const byKey = new Map<string, AlertView[]>()
  for (const alert of alerts) byKey.set(keyOf(alert), [...(byKey.get(keyOf(alert)) ?? []), alert])
  return [...byKey]
    .flatMap(([key, mine]): TriageGroup[] => {
      const [newest] = mine.toSorted((a, b) => b.last - a.last)
      if (newest === undefined) return []
      const { notes: _, ...standing } = detect.standing.get(key) ?? IDLE
      return [
        {
          key,
          rule: newest.rule,
          scope: newest.scope,
          why: newest.why,
          level: newest.rule.level,
          alerts: mine.length,
          events: mine.reduce((sum, alert) => sum + alert.count, 0),
          first: Math.min(...mine.map((alert) => alert.first)),
          last: newest.last,
          targets: newest.targets,
          sources: newest.sources,
          decisions: newest.decisionIds.length,
          demo: newest.demo,
          ...standing,
        },
      ]
    })
    .toSorted((a, b) => b.last - a.last)
}

const actOn = (base: Base, key: string, act: TriageAct): void => {
  const { detect, operator } = base
  const before = detect.standing.get(key) ?? IDLE
  const note: TriageNote = { at: Date.now() + before.notes.length, by: operator, act: act.act, text: act.act === 'note' ? act.text : '' }
  const change: Partial<Standing> =
    act.act === 'acknowledge'
      ? { status: 'acknowledged', verdict: null, snoozedUntil: null }
      : act.act === 'reopen'
        ? { status: 'open', verdict: null, snoozedUntil: null }
        : act.act === 'snooze'
          ? { status: 'snoozed', verdict: null, snoozedUntil: act.until }
          : act.act === 'close'
            ? { status: 'closed', verdict: act.verdict, snoozedUntil: null }
            : act.act === 'assign'
              ? { assignee: act.operatorId === null ? null : operator }
              : {}
  detect.standing.set(key, { ...before, ...change, notes: [note, ...before.notes] })
}

const detailOf = (base: Base, group: TriageGroup): TriageDetail => {
  const events = makeEvents(Date.now())
  return {
    group,
    alerts: base.alerts.filter((alert) => keyOf(alert) === group.key),
    events,
    topValues: ['source.ip', 'user.name', 'event.outcome', 'url.path'].map((field) => topOf(field, events)),
    notes: base.detect.standing.get(group.key)?.notes ?? [],
    exceptions: base.detect.exceptions.filter((exception) => exception.ruleId === group.rule.id),
    rule: {
      inWords: 'Fires when one address network (IPv4 /24, IPv6 /64) fails at least 12 sign-ins within 10 minutes.',
      description: '',
      falsePositives: ['A monitoring probe still uses an old password.'],
    },
  }
}

const matching = (base: Base, query: URLSearchParams): { readonly events: readonly StoredEvent[]; readonly whole: boolean } => {
  const filters = query.getAll('filter').map((text) => {
    const out = text.startsWith('-')
    const [, field = '', value = ''] = /^-?([^:]+):([\s\S]*)$/.exec(text) ?? []
    return { field, value, out }
  })
  const text = (query.get('q') ?? '').toLowerCase()
  const bound = base.detect.searchBound
  const looked = base.detect.events.slice(0, bound)
  const events = looked.filter(
    ({ event, source }) =>
      event['@timestamp'] >= Number(query.get('since')) &&
      event['@timestamp'] < Number(query.get('until')) &&
      (query.get('source') === null || source.id === query.get('source')) &&
      JSON.stringify(event).toLowerCase().includes(text) &&
      filters.every(({ field, value, out }) => (String(event[field] ?? '') === value) !== out),
  )
  return { events, whole: bound === undefined || bound >= base.detect.events.length }
}

const histogramOf = (query: URLSearchParams, events: readonly StoredEvent[]) => {
  const [since, until] = [Number(query.get('since')), Number(query.get('until'))]
  const step = Math.ceil((until - since) / 60)
  const buckets = Array.from({ length: 60 }, (_, index) => ({ at: since + index * step, events: 0 }))
  for (const { event } of events) {
    const bucket = buckets[Math.floor((event['@timestamp'] - since) / step)]
    if (bucket !== undefined) bucket.events++
  }
  return { step, buckets }
}

const pageOf = <T>(items: readonly T[], query: URLSearchParams): { items: readonly T[]; next: string | null } => {
  const from = Number(query.get('cursor') ?? 0)
  const to = from + Number(query.get('limit') ?? 50)
  return { items: items.slice(from, to), next: to < items.length ? String(to) : null }
}

const ok = (body: unknown, status = 200): Answer => ({ status, body })
const gone: Answer = { status: 204 }
const missing: Answer = { problem: 'PPT_NOT_FOUND' }

const answerTriage = (base: Base, method: string, key: string | undefined, query: URLSearchParams, body: unknown): Answer => {
  const groups = groupsOf(base)
  if (method === 'GET' && key === undefined) {
    const statuses = query.getAll('status')
    const floor = LEVELS.indexOf((query.get('level') ?? 'informational') as (typeof LEVELS)[number])
    return ok(
      pageOf(
        groups.filter(
          (group) =>
            (statuses.length === 0 || statuses.includes(group.status)) &&
            LEVELS.indexOf(group.level) >= floor &&
            (query.get('rule') ?? group.rule.id) === group.rule.id &&
            (query.get('assignee') !== 'me' || group.assignee?.id === base.operator.id),
        ),
        query,
      ),
    )
  }
  if (key === undefined) {
    const { keys, act } = body as { keys: readonly string[]; act: TriageAct }
    for (const one of keys) actOn(base, one, act)
    return ok({ items: groupsOf(base).filter((group) => keys.includes(group.key)) })
  }
  const group = groups.find((known) => known.key === key)
  if (group === undefined) return missing
  if (method === 'GET') return ok(detailOf(base, group))
  actOn(base, key, body as TriageAct)
  return ok(groupsOf(base).find((known) => known.key === key))
}

const answerExceptions = (base: Base, method: string, id: string | undefined, body: unknown): Answer => {
  const { detect } = base
  const now = Date.now()
  if (id === 'preview') {
    const { since } = body as { since: number }
    return ok({
      since,
      alerts: 40,
      silenced: detect.silences,
      events: 8_000,
      eventsLeftOut: detect.silences * 120,
      examples: base.alerts.slice(0, Math.min(20, detect.silences)),
      whole: true,
    })
  }
  if (method === 'POST') {
    const draft = body as Pick<RuleException, 'ruleId' | 'match' | 'until' | 'reason'>
    if (draft.reason === 'refused') return { problem: 'PPT_INVALID', detail: 'match: takes at most 8 fields' }
    const made = { ...draft, id: `exception-${now}`, by: base.operator, createdAt: now }
    detect.exceptions = [made, ...detect.exceptions]
    return ok(made, 201)
  }
  if (method === 'DELETE') {
    detect.exceptions = detect.exceptions.filter((exception) => exception.id !== id)
    return gone
  }
  return ok({ items: detect.exceptions })
}

const answerRules = (base: Base, method: string, id: string | undefined, verb: string | undefined, body: unknown): Answer => {
  const { detect } = base
  if (id === undefined)
    return ok({
      items: detect.rules,
      problems: detect.rules.length === 0 ? [] : [{ file: 'own/bad.yml', line: 3, reason: 'not YAML: a tab' }],
    })
  const rule = detect.rules.find((known) => known.id === id)
  if (rule === undefined) return missing
  if (verb === 'test') {
    const { since } = body as { since: number }
    return ok({ since, events: 20_000, alerts: base.alerts.slice(0, 3), whole: false, ms: 840 })
  }
  if (method === 'PATCH') {
    if (detect.stepUp) {
      detect.stepUp = false
      return { problem: 'PPT_STEP_UP' }
    }
    const changed: RuleView = Object.assign(structuredClone(rule), body)
    detect.rules = detect.rules.map((known) => (known.id === id ? changed : known))
    return ok(changed)
  }
  return ok(
    makeRuleDetail(
      rule,
      detect.exceptions.filter((exception) => exception.ruleId === id),
      base.alerts.filter((alert) => alert.rule.id === id).slice(0, 20),
    ),
  )
}

const answerEvents = (base: Base, part: string | undefined, query: URLSearchParams): Answer => {
  const wrong = query
    .getAll('filter')
    .find((filter) => /^-?source\.ip:/.test(filter) && parseRange(filter.split('ip:')[1] ?? '') === undefined)
  if (wrong !== undefined) return { problem: 'PPT_INVALID', detail: 'filter: source.ip takes an address or a range' }
  const { events, whole } = matching(base, query)
  if (part === 'histogram') return ok({ ...histogramOf(query, events), whole })
  if (part === 'values') return ok({ ...topOf(query.get('field') ?? '', events), whole })
  if (part === 'export') return ok(events.map(({ event }) => event))
  return ok({ ...pageOf(events, query), whole })
}

const answerRest = (base: Base, method: string, area: string, id: string | undefined, body: unknown): Answer | undefined => {
  const { detect } = base
  const now = Date.now()
  switch (area) {
    case 'views':
      if (method === 'POST') {
        const made: SavedView = Object.assign(
          { id: `view-${now}`, by: base.operator, createdAt: now },
          body as Omit<SavedView, 'id' | 'by' | 'createdAt'>,
        )
        detect.views = [...detect.views, made]
        return ok(made, 201)
      }
      detect.views = method === 'DELETE' ? detect.views.filter((view) => view.id !== id) : detect.views
      return method === 'DELETE' ? gone : ok({ items: detect.views })
    case 'sources':
      return ok({ items: detect.sources })
    case 'enrolments':
      if (method === 'POST') {
        const { name } = body as { name: string }
        const made = { id: `enrol-${now}`, name, createdAt: now, expiresAt: now + 1_800_000, by: base.operator }
        detect.enrolments = [...detect.enrolments, made]
        const token = 'ppt_enrol_5Zk2mYt8Qw1xVb7nLr4cHd9sJf3gKp6aTe0uIyOoPz'
        return ok(
          {
            id: made.id,
            token,
            expiresAt: made.expiresAt,
            command: `parapet agent install --server https://parapet.example --token ${token}`,
          },
          201,
        )
      }
      detect.enrolments = method === 'DELETE' ? detect.enrolments.filter((enrolment) => enrolment.id !== id) : detect.enrolments
      return method === 'DELETE' ? gone : ok({ items: detect.enrolments })
    case 'session':
      return id === 'step-up' ? ok({ methods: ['password'] }) : undefined
    default:
      return undefined
  }
}

/** What the control plane answers about triage, rules, events and sources; `undefined` for other routes. */
export const answerDetect = (method: string, url: URL, body: unknown, base: Base): Answer | undefined => {
  const [area = '', id, verb] = url.pathname.split('/').slice(2).map(decodeURIComponent)
  if (area === 'triage') return answerTriage(base, method, id, url.searchParams, body)
  if (area === 'exceptions') return answerExceptions(base, method, id, body)
  if (area === 'rules') return answerRules(base, method, id, verb, body)
  if (area === 'events') return answerEvents(base, id, url.searchParams)
  return answerRest(base, method, area, id, body)
}
