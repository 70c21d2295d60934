import {
  type Clock,
  DAY,
  type Decision,
  isActive,
  type Level,
  LEVELS,
  type SubjectFlag,
  type SubjectSession,
  type SubjectView,
} from '@parapet/core'
import type { Pool } from 'pg'
import { columnText } from '../../db/paging.js'
import type { Vault } from '../../vault/index.js'
import { CURRENT_COLUMNS, type DecisionRow, openDecision } from '../decisions/sealed-decision.js'
import { decayed, riskOf } from './risk.js'
import { openPerson, type Person, spellingsOf } from './sealed-subject.js'

/** A row of `subjects` as it is read. */
export type SubjectRow = {
  readonly id: string
  readonly place: number
  readonly source_id: string
  readonly source_name: string
  readonly sealed: string
  readonly roles: readonly string[]
  readonly first_seen: number
  readonly last_seen: number | null
  readonly last_sign_in: number | null
  readonly password_at: number | null
  readonly failures: number
  readonly failures_at: number
  readonly new_device_at: number | null
  readonly new_country_at: number | null
  readonly active_at: number
}

/** The columns of a {@link SubjectRow}. */
export const SUBJECT_COLUMNS =
  'id, place, source_id, source_name, sealed, roles, first_seen, last_seen, last_sign_in, password_at, failures, failures_at, new_device_at, new_country_at, active_at'

/** Alerts older than this say nothing of today's risk. */
const ALERTS_FOR = 7 * DAY
const FLAGS: ReadonlySet<string> = new Set(['require_mfa', 'require_reset', 'suspend', 'deny'])
/** Sessions and decisions that are shown of one subject. */
const [MOST_SESSIONS, MOST_DECISIONS] = [100, 100] as const

/** A row with who it stands for. */
export type KnownSubject = { readonly row: SubjectRow; readonly person: Person }

/** What reading subjects needs. */
export type SubjectReader = { readonly pool: Pool; readonly vault: Pick<Vault, 'open' | 'terms'>; readonly clock: Clock }

const termsOf = (vault: Pick<Vault, 'terms'>, column: 'decisions.target' | 'alerts.target', person: Person): readonly string[] =>
  spellingsOf(person).flatMap((spelling) => vault.terms(column, spelling).concat(columnText(spelling)))

/** Who a row stands for. */
export const known = ({ vault }: Pick<SubjectReader, 'vault'>, row: SubjectRow): KnownSubject => ({ row, person: openPerson(vault, row) })

/** True where a decision is about this very person, by whatever name, or about everybody. */
const names = (decision: Decision, person: Person): boolean =>
  decision.target.kind === 'all' || (decision.target.kind === 'user' && spellingsOf(person).includes(decision.target.value))

/** Decisions on some people or on everybody, newest first; only those that bind, or of one person all. */
export const readDecisions = async (
  { pool, vault, clock }: SubjectReader,
  people: readonly Person[],
  only: 'active' | 'all',
): Promise<readonly Decision[]> => {
  const terms = [
    ...new Set([...vault.terms('decisions.target', '*'), '*', ...people.flatMap((person) => termsOf(vault, 'decisions.target', person))]),
  ]
  const { rows } = await pool.query<DecisionRow>(
    `SELECT ${CURRENT_COLUMNS} FROM decisions WHERE target_value = ANY ($1) ${only === 'active' ? 'AND lifted_at IS NULL AND expires_at > $2' : 'AND $2::bigint IS NOT NULL'}
     ORDER BY created DESC LIMIT 2000`,
    [terms, clock()],
  )
  return rows.map((row) => openDecision(vault, row)).filter((decision) => people.some((person) => names(decision, person)))
}

/** What is in force on a subject: nothing that is only watched, and no reset that it has made. Pure. */
export const flagsOf = (decisions: readonly Decision[], { row, person }: KnownSubject, now: number): readonly SubjectFlag[] => {
  const flags = new Map<string, SubjectFlag>()
  for (const decision of decisions) {
    const { action, expiresAt, startsAt } = decision
    if (!FLAGS.has(action) || decision.mode !== 'enforce' || !isActive(decision, now) || !names(decision, person)) continue
    if (action === 'require_reset' && row.password_at !== null && row.password_at > startsAt) continue
    // a denial of everybody is no word about him
    if (action === 'deny' && decision.target.kind === 'all') continue
    const held = flags.get(action)
    if (held === undefined || held.until < expiresAt)
      flags.set(action, { kind: action as SubjectFlag['kind'], until: expiresAt, decisionId: decision.id })
  }
  return [...flags.values()]
}

type AlertRow = {
  readonly level: number
  readonly detected_at: number
  readonly targets: readonly string[]
  readonly sources: readonly string[]
}

const readAlerts = async (
  { pool, vault, clock }: SubjectReader,
  subjects: readonly KnownSubject[],
): Promise<readonly (readonly { level: Level; at: number }[])[]> => {
  const terms = subjects.map(({ person }) => termsOf(vault, 'alerts.target', person))
  const { rows } = await pool.query<AlertRow>(
    `SELECT level, detected_at, targets, ARRAY (SELECT jsonb_object_keys(sources)) AS sources FROM alerts
     WHERE targets && $1::text[] AND detected_at > $2 ORDER BY detected_at DESC LIMIT 5000`,
    [[...new Set(terms.flat())], clock() - ALERTS_FOR],
  )
  return subjects.map(({ row }, index) => {
    const mine = new Set(terms[index])
    return rows.flatMap((alert) => {
      const level = LEVELS[alert.level]
      const isHis = alert.sources.includes(row.source_id) && alert.targets.some((target) => mine.has(target))
      return isHis && level !== undefined ? [{ level, at: alert.detected_at }] : []
    })
  })
}

/** Subjects as lists show them: with what is in force on each, and their risk. */
export const toViews = async (reader: SubjectReader, subjects: readonly KnownSubject[]): Promise<readonly SubjectView[]> => {
  if (subjects.length === 0) return []
  const now = reader.clock()
  const [decisions, alerts] = await Promise.all([
    readDecisions(
      reader,
      subjects.map(({ person }) => person),
      'active',
    ),
    readAlerts(reader, subjects),
  ])
  return subjects.map((subject, index) => {
    const { row, person } = subject
    const flags = flagsOf(decisions, subject, now)
    const own = alerts[index] ?? []
    const { risk, why } = riskOf({
      now,
      alerts: own,
      flags,
      failures: decayed(row.failures, row.failures_at, now),
      newDeviceAt: row.new_device_at,
      newCountryAt: row.new_country_at,
    })
    return {
      id: row.id,
      name: person.name ?? person.id,
      email: person.email ?? null,
      roles: row.roles,
      source: { id: row.source_id, name: row.source_name },
      firstSeen: row.first_seen,
      lastSeen: row.last_seen,
      lastSignIn: row.last_sign_in,
      risk,
      riskWhy: why,
      flags,
      alerts7d: own.length,
    }
  })
}

/** The sessions of a subject, used last first. */
export const readSessions = async ({ pool }: Pick<SubjectReader, 'pool'>, id: string): Promise<readonly SubjectSession[]> => {
  const { rows } = await pool.query<{
    session_id: string
    device: string | null
    address: string | null
    country: string | null
    started_at: number
    seen_at: number
    ended_at: number | null
    ended_why: string | null
  }>(
    `SELECT session_id, device, host(address) AS address, country, started_at, seen_at, ended_at, ended_why FROM subject_sessions
     WHERE subject_id = $1 ORDER BY seen_at DESC, session_id LIMIT ${MOST_SESSIONS}`,
    [id],
  )
  return rows.map((row) => ({
    id: row.session_id,
    device: row.device,
    address: row.address,
    country: row.country,
    startedAt: row.started_at,
    seenAt: row.seen_at,
    endedAt: row.ended_at,
    endedWhy: row.ended_why,
  }))
}

/** All decisions on a subject that are shown, newest first. */
export const readHistory = async (reader: SubjectReader, person: Person): Promise<readonly Decision[]> =>
  (await readDecisions(reader, [person], 'all')).slice(0, MOST_DECISIONS)
