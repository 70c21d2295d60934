import { type Alert, LEVELS, type TriageStatus, type TriageVerdict } from '@parapet/core'
import type { PoolClient } from 'pg'
import type { Vault } from '../../vault/index.js'
import { PARAPET, writeNotes } from './notes.js'

/** The name of the group that an alert belongs to: the same rule and the same scope give the same, and there is no way back from it. */
export const triageKey = (vault: Pick<Vault, 'keyed'>, { rule, scope }: Pick<Alert, 'rule' | 'scope'>): string =>
  vault.keyed('triage', JSON.stringify([rule.id, scope.kind, scope.value])).slice(0, 27)

/** Counted events of an alert as its column holds them. */
export const countedOf = ({ count }: Pick<Alert, 'count'>): number => Math.min(Math.max(0, Math.round(count)), Number.MAX_SAFE_INTEGER)

/** An alert that was written, as its group has to know it. */
export type GroupedAlert = {
  readonly alert: Alert
  readonly key: string
  /** of the alert's change in the log of alerts */
  readonly sequence: number
  /** ms UTC */
  readonly at: number
  /** counted events that the group has of this alert; null: it does not have it yet */
  readonly before: number | null
  /** id to name */
  readonly sources: Readonly<Record<string, string>>
  readonly demo: boolean
}

/** What of a group decides whether it opens again. `level` by its place in `LEVELS`. */
export type PutAway = {
  readonly status: TriageStatus
  readonly verdict: TriageVerdict | null
  readonly level: number
  readonly events: number
  readonly snoozedUntil: number | null
  readonly snoozedLevel: number | null
  readonly snoozedEvents: number | null
}

/** Why a group opens again when an alert came or changed; undefined when it stays as it is. */
export const reopens = (held: PutAway, change: { level: number; events: number; isNew: boolean; at: number }): string | undefined => {
  if (held.status === 'closed') {
    if (!change.isNew) return undefined
    return `a new alert came after it was closed${held.verdict === null ? '' : ` as ${held.verdict.replace('_', ' ')}`}`
  }
  if (held.status !== 'snoozed') return undefined
  if (held.snoozedUntil !== null && held.snoozedUntil <= change.at) return SNOOZE_OVER
  if (change.level > (held.snoozedLevel ?? change.level)) return `it got worse: ${LEVELS[change.level] ?? 'another level'}`
  const events = held.events + change.events
  return events >= 2 * Math.max(1, held.snoozedEvents ?? 0)
    ? `it got worse: ${events} events, twice as many as when it was put away`
    : undefined
}

/** Why a group opens by itself. */
export const SNOOZE_OVER = 'the time of its snooze is over'

const HELD = {
  name: 'triage-held',
  text: `SELECT status, verdict, level, events, snoozed_until AS "snoozedUntil", snoozed_level AS "snoozedLevel", snoozed_events AS "snoozedEvents"
    FROM triage_groups WHERE key = $1 FOR UPDATE`,
}
const UPSERT = {
  name: 'triage-upsert',
  text: `INSERT INTO triage_groups AS g (key, rule_id, level, alerts, events, first_at, last_at, sequence, newest_alert, sources, demo)
    VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)
    ON CONFLICT (key) DO UPDATE SET level = greatest(g.level, excluded.level), alerts = g.alerts + excluded.alerts,
      events = greatest(0, g.events + excluded.events), first_at = least(g.first_at, excluded.first_at), last_at = greatest(g.last_at, excluded.last_at),
      sequence = excluded.sequence, newest_alert = excluded.newest_alert, sources = g.sources || excluded.sources, demo = g.demo AND excluded.demo,
      status = CASE WHEN $12 THEN 'open' ELSE g.status END, snoozed_until = CASE WHEN $12 THEN NULL ELSE g.snoozed_until END`,
}

/** Brings the group of an alert up to date, in the transaction that writes the alert and under the lock of the alerts' log. */
export const putInGroup = async (client: PoolClient, vault: Pick<Vault, 'seal'>, each: GroupedAlert): Promise<void> => {
  const { alert, key, at, before } = each
  const level = Math.max(0, LEVELS.indexOf(alert.rule.level))
  const events = countedOf(alert) - (before ?? 0)
  const held = (await client.query<PutAway>({ ...HELD, values: [key] })).rows[0]
  const why = held === undefined ? undefined : reopens(held, { level, events, isNew: before === null, at })
  await client.query({
    ...UPSERT,
    values: [
      key,
      alert.rule.id,
      level,
      before === null ? 1 : 0,
      events,
      alert.first,
      alert.last,
      each.sequence,
      alert.id,
      JSON.stringify(each.sources),
      each.demo,
      why !== undefined,
    ],
  })
  if (why !== undefined) await writeNotes(client, vault, [key], { at, by: PARAPET, act: 'reopened', text: why })
}
