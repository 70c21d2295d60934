import type {
  ChannelView,
  ErrorCode,
  IncidentAct,
  IncidentEntry,
  IncidentRequest,
  IncidentView,
  NotificationRoute,
  NotificationView,
  ResetCampaign,
  ResetRequest,
  SubjectAct,
  SubjectView,
} from '@parapet/core'
import { LEVELS, parseDuration } from '@parapet/core'

import { makeChannels, makeNotifications, makeRoutes } from './notification-fixtures.js'
import { makeIncident, makeIncidentDetail, makeResets, makeSubject, makeSubjectDetail, makeTimeline } from './people-fixtures.js'

/** What the fake knows about users, resets, notifications and incidents; tests change it while the server runs. */
export type PeopleWorld = {
  subjects: SubjectView[]
  resets: ResetCampaign[]
  channels: ChannelView[]
  /** secrets that were written, by channel: they never come back */
  secrets: Map<string, Readonly<Record<string, string>>>
  /** how a channel answers a test */
  test: { readonly ok: boolean; readonly detail: string; readonly ms: number }
  routes: readonly NotificationRoute[]
  notifications: NotificationView[]
  incidents: IncidentView[]
  timelines: Map<string, readonly IncidentEntry[]>
}

/** A day of data, or nothing at all. */
export const makePeopleWorld = (now: number, empty: boolean): PeopleWorld => {
  const incidents = empty ? [] : [0, 1, 2, 3].map((index) => makeIncident(index, now))
  return {
    subjects: empty ? [] : Array.from({ length: 24 }, (_, index) => makeSubject(index, now)),
    resets: empty ? [] : [...makeResets(now)],
    channels: empty ? [] : [...makeChannels(now)],
    secrets: new Map(),
    test: { ok: true, detail: '202 Accepted', ms: 48 },
    routes: empty ? [] : makeRoutes(),
    notifications: empty ? [] : [...makeNotifications(now)],
    incidents,
    timelines: new Map(incidents.map((incident) => [incident.id, makeTimeline(incident)])),
  }
}

type Base = {
  readonly operator: { readonly id: string; readonly name: string }
  readonly people: PeopleWorld
  readonly detect: { stepUp: boolean }
}
type Answer = { readonly status: number; readonly body?: unknown } | { readonly problem: ErrorCode; readonly detail?: string }
type Asked = { readonly method: string; readonly parts: readonly string[]; readonly query: URLSearchParams; readonly body: unknown }

const ok = (body: unknown, status = 200): Answer => ({ status, body })
const MISSING: Answer = { problem: 'PPT_NOT_FOUND' }

const pageOf = (items: readonly unknown[], query: URLSearchParams): Answer => {
  const from = Number(query.get('cursor') ?? 0)
  const to = from + Number(query.get('limit') ?? 50)
  return ok({ items: items.slice(from, to), next: to < items.length ? String(to) : null })
}

const actOn = (people: PeopleWorld, subject: SubjectView, { act, duration, reason }: SubjectAct): Answer => {
  const span = duration === undefined ? 0 : parseDuration(duration)
  if (reason === 'refused') return { problem: 'PPT_PROTECTED_TARGET', detail: 'the last administrator' }
  if (span === undefined || span > 30 * 86_400_000) return { problem: 'PPT_INVALID', detail: 'duration: takes 1m to 30d' }
  const flags =
    act === 'clear'
      ? []
      : act === 'end_sessions'
        ? subject.flags
        : [...subject.flags.filter(({ kind }) => kind !== act), { kind: act, until: Date.now() + span, decisionId: `made-${act}` }]
  const after = { ...subject, flags }
  people.subjects = people.subjects.map((known) => (known.id === subject.id ? after : known))
  return ok(after)
}

const answerSubjects = ({ people }: Base, { method, parts: [id, verb], query, body }: Asked): Answer => {
  if (id === undefined) {
    const q = (query.get('q') ?? '').toLowerCase()
    const [role, flag] = [query.get('role'), query.get('flag')]
    return pageOf(
      people.subjects.filter(
        (subject) =>
          (q === '' || [subject.id, subject.name, subject.email].some((text) => text?.toLowerCase() === q)) &&
          (role === null || subject.roles.includes(role)) &&
          (flag === null || subject.flags.some(({ kind }) => kind === flag)),
      ),
      query,
    )
  }
  const subject = people.subjects.find((known) => known.id === id)
  if (subject === undefined) return MISSING
  return method === 'POST' && verb === 'act' ? actOn(people, subject, body as SubjectAct) : ok(makeSubjectDetail(subject, Date.now()))
}

const answerResets = ({ people, operator }: Base, { method, parts: [id, verb], body }: Asked): Answer => {
  if (method === 'GET') return ok({ items: people.resets })
  if (verb === 'cancel') {
    people.resets = people.resets.map((known) => (known.id === id ? { ...known, state: 'cancelled', endedAt: Date.now() } : known))
    return ok(people.resets.find((known) => known.id === id))
  }
  const request = body as ResetRequest
  const { scope } = request
  const hit = people.subjects.filter(
    (subject) => scope.kind === 'all' || (scope.kind === 'role' ? subject.roles.includes(scope.role) : scope.ids.includes(subject.id)),
  )
  const noAddress = hit.filter(({ email }) => email === null).length
  const campaign: ResetCampaign = {
    id: request.dryRun === true ? '' : `reset-${people.resets.length + 1}`,
    scope,
    reason: request.reason,
    by: operator,
    startedAt: Date.now(),
    endedAt: null,
    // a whole house has more people than a page
    subjects: scope.kind === 'all' ? 10_000 : hit.length,
    done: 0,
    mails: { queued: request.mail ? hit.length - noAddress : 0, sent: 0, failed: 0, noAddress },
    sessionsEnded: hit.length * 2,
    state: 'running',
  }
  if (request.dryRun === true) return ok(campaign)
  people.resets = [campaign, ...people.resets]
  return ok(campaign, 201)
}

type ChannelBody = Pick<ChannelView, 'kind' | 'name' | 'enabled' | 'settings'> & { readonly secrets?: Readonly<Record<string, string>> }

const answerChannels = ({ people }: Base, { method, parts: [id, verb], body }: Asked): Answer => {
  if (method === 'GET') return ok({ items: people.channels })
  const change = body as ChannelBody
  if (method === 'POST' && id === undefined) {
    if (change.name === 'taken') return { problem: 'PPT_CONFLICT', detail: 'another channel has this name' }
    const made: ChannelView = {
      id: `ch-${people.channels.length + 1}`,
      kind: change.kind,
      name: change.name,
      target: String(Object.values(change.settings)[0] ?? change.kind),
      settings: change.settings,
      enabled: change.enabled,
      lastSentAt: null,
      lastError: null,
    }
    people.channels = [...people.channels, made]
    people.secrets.set(made.id, change.secrets ?? {})
    return ok(made, 201)
  }
  const channel = people.channels.find((known) => known.id === id)
  if (channel === undefined) return MISSING
  if (verb === 'test') {
    const at = Date.now()
    people.channels = people.channels.map((known) =>
      known.id === id
        ? { ...known, lastSentAt: people.test.ok ? at : known.lastSentAt, lastError: people.test.ok ? null : people.test.detail }
        : known,
    )
    return ok(people.test)
  }
  if (method === 'DELETE') {
    people.channels = people.channels.filter((known) => known.id !== id)
    return { status: 204 }
  }
  const { secrets, ...rest } = change
  if (secrets !== undefined) people.secrets.set(channel.id, secrets)
  const after = { ...channel, ...rest }
  people.channels = people.channels.map((known) => (known.id === id ? after : known))
  return ok(after)
}

const answerNotifications = (base: Base, asked: Asked): Answer => {
  const { people, operator } = base
  const { method, parts, query, body } = asked
  const [first, verb] = parts
  if (first === 'channels') return answerChannels(base, { ...asked, parts: parts.slice(1) })
  if (first === 'routes') {
    if (method === 'PUT') people.routes = (body as { items: readonly NotificationRoute[] }).items
    return ok({ items: people.routes })
  }
  if (verb === 'acknowledge') {
    const at = Date.now()
    people.notifications = people.notifications.map((known) =>
      known.id === first ? { ...known, state: 'acknowledged', acknowledged: { at, by: operator.name } } : known,
    )
    return ok(people.notifications.find((known) => known.id === first))
  }
  const state = query.get('state')
  return pageOf(
    people.notifications.filter((known) => state === null || known.state === state),
    query,
  )
}

const actOnIncident = ({ people, operator }: Base, incident: IncidentView, act: IncidentAct): IncidentView => {
  const at = Date.now()
  const entries = people.timelines.get(incident.id) ?? []
  const say = (kind: IncidentEntry['kind'], text: string): void => {
    people.timelines.set(incident.id, [...entries, { id: `entry-${entries.length}`, at, by: operator, kind, text, ref: null }])
  }
  let after: IncidentView = { ...incident, updatedAt: at }
  switch (act.act) {
    case 'note':
      say('note', act.text)
      break
    case 'status':
      say('status', `From ${incident.status} to ${act.status}${act.text === undefined ? '' : `: ${act.text}`}`)
      after = { ...after, status: act.status, closedAt: act.status === 'closed' ? at : null }
      break
    case 'severity':
      say('severity', `From ${incident.severity} to ${act.severity}`)
      after = { ...after, severity: act.severity }
      break
    case 'assign':
      say('assigned', act.operatorId === null ? 'Nobody works on it' : `${operator.name} took it`)
      after = { ...after, assignee: act.operatorId === null ? null : { id: act.operatorId, name: operator.name } }
      break
    case 'link':
      say('linked', `Linked ${act.address ?? act.subject ?? act.alertId ?? ''}`)
      after = {
        ...after,
        addresses: act.address === undefined ? after.addresses : [...after.addresses, act.address],
        subjects: act.subject === undefined ? after.subjects : [...after.subjects, act.subject],
      }
      break
  }
  people.incidents = people.incidents.map((known) => (known.id === incident.id ? after : known))
  return after
}

const answerIncidents = (base: Base, { method, parts: [id, verb], query, body }: Asked): Answer => {
  const { people, operator } = base
  const now = Date.now()
  const detailOf = (incident: IncidentView) => makeIncidentDetail(incident, people.timelines.get(incident.id) ?? [], now)
  if (id === undefined && method === 'GET') {
    const [status, severity] = [query.get('status'), query.get('severity')]
    return pageOf(
      people.incidents.filter(
        (incident) =>
          (status === null || incident.status === status) &&
          (severity === null || LEVELS.indexOf(incident.severity) >= LEVELS.indexOf(severity as IncidentView['severity'])),
      ),
      query,
    )
  }
  if (id === undefined) {
    const request = body as IncidentRequest
    const made = makeIncident(0, now, {
      id: `incident-${people.incidents.length}`,
      number: people.incidents.length + 8,
      title: request.title,
      severity: request.severity,
      openedAt: now,
      openedBy: operator,
      subjects: request.subjects ?? [],
      addresses: request.addresses ?? [],
    })
    people.incidents = [made, ...people.incidents]
    people.timelines.set(made.id, [{ id: 'entry-0', at: now, by: operator, kind: 'opened', text: request.title, ref: null }])
    return ok(detailOf(made), 201)
  }
  const incident = people.incidents.find((known) => known.id === id)
  if (incident === undefined) return MISSING
  return ok(detailOf(verb === 'act' ? actOnIncident(base, incident, body as IncidentAct) : incident))
}

/** What asks for a proof: acts on users, resets, and where people are told. */
const DANGEROUS = /^\/v1\/(?:subjects|resets|notifications\/(?:channels|routes))/

/** What the control plane answers about people: users, resets, notifications, incidents; `undefined` for other routes. */
export const answerPeople = (method: string, url: URL, body: unknown, base: Base): Answer | undefined => {
  const [area = '', ...parts] = url.pathname.split('/').slice(2).map(decodeURIComponent)
  const asked: Asked = { method, parts, query: url.searchParams, body }
  if (method !== 'GET' && DANGEROUS.test(url.pathname) && base.detect.stepUp) {
    base.detect.stepUp = false
    return { problem: 'PPT_STEP_UP' }
  }
  switch (area) {
    case 'subjects':
      return answerSubjects(base, asked)
    case 'resets':
      return answerResets(base, asked)
    case 'notifications':
      return answerNotifications(base, asked)
    case 'incidents':
      return answerIncidents(base, asked)
    default:
      return undefined
  }
}
