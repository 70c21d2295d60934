import {
  type Author,
  type Clock,
  DAY,
  isActive,
  ParapetError,
  parseDuration,
  type StoredEvent,
  type SubjectAct,
  type SubjectDetail,
  uuidv7,
} from '@parapet/core'
import type { NewDecision } from '@parapet/respond'
import { checkLimit, columnText } from '../../db/paging.js'
import { transaction } from '../../db/pools.js'
import type { Database } from '../../db/types.js'
import type { Vault } from '../../vault/index.js'
import type { AlertStore } from '../alerts/index.js'
import type { DecisionStore } from '../decisions/index.js'
import type { EventStore } from '../events/index.js'
import type { Incidents } from '../incidents/index.js'
import { noNews, readRoles } from './observe.js'
import {
  known,
  type KnownSubject,
  readDecisions,
  readHistory,
  readSessions,
  SUBJECT_COLUMNS,
  type SubjectReader,
  type SubjectRow,
  toViews,
} from './read-subjects.js'
import { MOST_NAME } from './sealed-subject.js'
import type { SubjectQuery, Subjects } from './types.js'
import { writeNews } from './write-news.js'

/** Events that are shown of a subject, those that its addresses are counted from, and its alerts. */
const [MOST_EVENTS, MOST_PLACES, MOST_ALERTS, MOST_ADDRESSES] = [200, 2_000, 100, 50] as const
/** The longest and the shortest time that an act may last, ms, and how long it lasts where nothing is said. */
const [LONGEST, SHORTEST] = [30 * DAY, 60_000] as const
const USUAL: Readonly<Record<Exclude<SubjectAct['act'], 'clear'>, number>> = {
  suspend: 7 * DAY,
  require_mfa: 7 * DAY,
  require_reset: 30 * DAY,
  // ends what began before it and nothing else: it lives on for guards that are away now
  end_sessions: DAY,
}

type Place = { readonly sequence: number; readonly day: number; readonly address: string | null; readonly received_at: number }

const readCursor = (cursor: string | null | undefined): readonly [number, number] | null => {
  if (cursor === null || cursor === undefined) return null
  const parts = /^(\d{1,15})-(\d{1,15})$/.exec(cursor)
  if (parts === null) throw new ParapetError('PPT_INVALID', 'cursor: take it from `next` of the page before')
  return [Number(parts[1]), Number(parts[2])]
}

/** The decision that an act on a user is. Throws `PPT_INVALID`. */
export const decisionOf = (
  act: SubjectAct & { readonly act: keyof typeof USUAL },
  userId: string,
  by: Author,
  now: number,
): NewDecision => {
  const takesNone = act.act === 'end_sessions' && act.duration !== undefined
  const duration = act.duration === undefined ? USUAL[act.act] : parseDuration(act.duration)
  if (takesNone || duration === undefined || duration < SHORTEST || duration > LONGEST)
    throw new ParapetError('PPT_INVALID', 'duration takes 1m to 30d, such as 1h or 7d; end_sessions takes none')
  return {
    id: uuidv7(now),
    target: { kind: 'user', value: userId },
    action: act.act,
    scope: 'all',
    mode: 'enforce',
    reason: act.reason,
    author: by,
    batch: uuidv7(now),
    startsAt: now,
    expiresAt: now + duration,
  }
}

/** Creates the users' module. */
export const createSubjects = (deps: {
  readonly database: Pick<Database, 'pool'>
  readonly vault: Vault
  readonly decisions: Pick<DecisionStore, 'create' | 'lift'>
  readonly alerts: Pick<AlertStore, 'forTarget'>
  readonly events: Pick<EventStore, 'at'>
  readonly incidents: Pick<Incidents, 'linkedTo'>
  readonly clock: Clock
}): Subjects => {
  const { vault, decisions, clock } = deps
  const { pool } = deps.database
  const reader: SubjectReader = { pool, vault, clock }

  const find = async (id: string): Promise<KnownSubject> => {
    const { rows } = await pool.query<SubjectRow>(`SELECT ${SUBJECT_COLUMNS} FROM subjects WHERE id = $1`, [columnText(id)])
    if (rows[0] === undefined) throw new ParapetError('PPT_NOT_FOUND')
    return known(reader, rows[0])
  }
  const viewOf = async (subject: KnownSubject) => {
    const [view] = await toViews(reader, [subject])
    if (view === undefined) throw new ParapetError('PPT_NOT_FOUND')
    return view
  }

  const list: Subjects['list'] = async (query, cursor, asked) => {
    const limit = checkLimit(asked, 200)
    const { sql, values } = conditionsOf(query, vault, clock())
    const before = readCursor(cursor)
    const bind = (value: unknown): string => `$${values.push(value)}`
    const where = before === null ? sql : [...sql, `(active_at, place) < (${bind(before[0])}, ${bind(before[1])})`]
    const { rows } = await pool.query<SubjectRow>(
      `SELECT ${SUBJECT_COLUMNS} FROM subjects s ${where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`} ORDER BY active_at DESC, place DESC LIMIT ${bind(limit + 1)}`,
      values,
    )
    const shown = rows.slice(0, limit)
    const last = rows.length > limit ? shown.at(-1) : undefined
    const items = await toViews(
      reader,
      shown.map((row) => known(reader, row)),
    )
    return { items: [...items], next: last === undefined ? null : `${last.active_at}-${last.place}` }
  }

  /** The newest events of one user at his application, by id and by name. */
  const readPlaces = async ({ row, person }: KnownSubject): Promise<readonly Place[]> => {
    const terms = (text: string | undefined): readonly string[] =>
      text === undefined ? [] : [columnText(text), ...vault.terms('events.user', text)]
    const part = (column: string, place: string): string =>
      `(SELECT sequence, day, host(address) AS address, received_at FROM events WHERE ${column} = ANY (${place}) AND source_id = $3 ORDER BY sequence DESC LIMIT ${MOST_PLACES})`
    const { rows } = await pool.query<Place>(
      `SELECT DISTINCT ON (sequence) * FROM (${part('user_id', '$1')} UNION ALL ${part('user_name', '$2')}) AS e ORDER BY sequence DESC LIMIT ${MOST_PLACES}`,
      [terms(person.id), [...terms(person.id), ...terms(person.name), ...terms(person.email)], row.source_id],
    )
    return rows
  }

  const detail: Subjects['detail'] = async (id) => {
    const subject = await find(id)
    const { row, person } = subject
    const names = [...new Set([person.id, person.name ?? person.id, person.email ?? person.id])]
    const [view, sessions, history, alerts, incidents, places] = await Promise.all([
      viewOf(subject),
      readSessions(reader, row.id),
      readHistory(reader, person),
      Promise.all(names.map(deps.alerts.forTarget)),
      Promise.all(names.map((subject) => deps.incidents.linkedTo({ subject }))),
      readPlaces(subject),
    ])
    const events: readonly StoredEvent[] = await deps.events.at(places.slice(0, MOST_EVENTS))
    const own = new Map(
      alerts
        .flat()
        .filter(({ sources }) => sources.some((source) => source.id === row.source_id))
        .map((alert) => [alert.id, alert]),
    )
    const countryOf = new Map(sessions.map(({ address, country }) => [address, country]))
    return {
      subject: view,
      sessions,
      decisions: history,
      alerts: [...own.values()].toSorted((a, b) => b.detectedAt - a.detectedAt).slice(0, MOST_ALERTS),
      events,
      addresses: addressesOf(places, countryOf),
      incidents: [...new Map(incidents.flat().map((incident) => [incident.id, incident])).values()],
    }
  }

  return {
    list,
    get: async (id) => viewOf(await find(id)),
    detail,
    act: async (id, request, by) => {
      const subject = await find(id)
      const now = clock()
      const { act, reason } = request
      if (act === 'clear') {
        if (request.duration !== undefined) throw new ParapetError('PPT_INVALID', 'duration: clear takes none')
        const binding = (await readDecisions(reader, [subject.person], 'active')).filter(
          (decision) => decision.target.kind === 'user' && (isActive(decision, now) || decision.startsAt > now),
        )
        const lifted = await decisions.lift(
          binding.map((decision) => decision.id),
          by,
          reason,
          now,
        )
        return { subject: await viewOf(subject), decisionIds: lifted.map((decision) => decision.id) }
      }
      const made = await decisions.create([decisionOf({ ...request, act }, subject.person.id, by, now)])
      return { subject: await viewOf(subject), decisionIds: made.map((decision) => decision.id) }
    },
    take: async (source, given) => {
      const now = clock()
      const news = given.map(({ id, name, email, roles }) => ({
        ...noNews(source, now, columnText(id, MOST_NAME)),
        person: { ...(name === undefined ? {} : { name }), ...(email === undefined ? {} : { email }) },
        ...(roles === undefined ? {} : { roles: readRoles(roles) ?? [] }),
      }))
      return { taken: await transaction(pool, (client) => writeNews(client, vault, news)) }
    },
  }
}

const addressesOf = (places: readonly Place[], countryOf: ReadonlyMap<string | null, string | null>): SubjectDetail['addresses'] => {
  const found = new Map<string, { events: number; last: number }>()
  for (const { address, received_at: at } of places) {
    if (address === null) continue
    const held = found.get(address)
    if (held === undefined) found.set(address, { events: 1, last: at })
    else {
      held.events++
      held.last = Math.max(held.last, at)
    }
  }
  return Array.from(found, ([address, { events, last }]) => ({ address, country: countryOf.get(address) ?? null, events, last }))
    .toSorted((a, b) => b.last - a.last)
    .slice(0, MOST_ADDRESSES)
}

/** What is in force on a row of `subjects`, as SQL: the same as flags of a view. */
const conditionsOf = (query: SubjectQuery, vault: Pick<Vault, 'terms'>, now: number): { sql: string[]; values: unknown[] } => {
  const values: unknown[] = []
  const bind = (value: unknown): string => `$${values.push(value)}`
  const sql: string[] = []
  if (query.q !== undefined) {
    const term = bind([columnText(query.q), ...vault.terms('events.user', query.q)])
    sql.push(
      `(user_index = ANY (${term}) OR name_index = ANY (${term}) OR email_index = ANY (${term}) OR id = ${bind(columnText(query.q))})`,
    )
  }
  if (query.role !== undefined) sql.push(`roles @> ARRAY[${bind(query.role)}]::text[]`)
  if (query.flag !== undefined) {
    const [action, at, everybody] = [bind(query.flag), bind(now), bind(['*', ...vault.terms('decisions.target', '*')])]
    sql.push(`EXISTS (SELECT 1 FROM decisions d WHERE d.lifted_at IS NULL AND d.expires_at > ${at} AND d.starts_at <= ${at}
      AND d.body ->> 'action' = ${action} AND d.body ->> 'mode' = 'enforce'
      AND (d.target_value = ANY (s.target_terms) AND d.body -> 'target' ->> 'kind' = 'user'
        OR ${action} <> 'deny' AND d.target_value = ANY (${everybody}) AND d.body -> 'target' ->> 'kind' = 'all')
      AND NOT (d.body ->> 'action' = 'require_reset' AND coalesce(s.password_at, 0) > d.starts_at))`)
  }
  return { sql, values }
}
