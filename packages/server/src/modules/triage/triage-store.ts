import {
  type AlertView,
  type Clock,
  DAY,
  type Level,
  LEVELS,
  type Page,
  ParapetError,
  type PersonRef,
  type TriageAct,
  type TriageGroup,
  type TriageNote,
  type TriageStatus,
  type TriageVerdict,
} from '@parapet/core'
import type { Pool } from 'pg'
import { checkLimit, columnText, pageOf, readCursor } from '../../db/paging.js'
import { transaction } from '../../db/pools.js'
import type { Vault } from '../../vault/index.js'
import { openAlert } from '../alerts/sealed-alert.js'
import { SNOOZE_OVER } from './group-log.js'
import { PARAPET, readNotes, writeNotes } from './notes.js'

/** Which groups a list shows. */
export type TriageFilter = {
  /** any of these; empty for all */
  readonly status: readonly TriageStatus[]
  /** this level or worse */
  readonly level?: Level | undefined
  readonly rule?: string | undefined
  /** an operator's id; `none` for groups that nobody has */
  readonly assignee?: string | undefined
  /** ms UTC: with an event since then */
  readonly since?: number | undefined
  /** an address, a user or another value of their alerts, or a part of the rule's title */
  readonly q?: string | undefined
}

/** The longest that a group may be put away, ms. */
const LONGEST_SNOOZE = 30 * DAY
/** Groups that one search by value looks at. */
const MOST_FOUND = 5_000

/** Groups of alerts and what people do with them. */
export type Triage = {
  /** Newest change first. Errors: `PPT_INVALID`. */
  readonly list: (filter: TriageFilter, cursor: string | undefined, limit: number) => Promise<Page<TriageGroup>>
  readonly get: (key: string) => Promise<TriageGroup | undefined>
  readonly notes: (key: string) => Promise<readonly TriageNote[]>
  /** Ids of the newest alerts of a group, newest first. */
  readonly alertIds: (key: string, limit: number) => Promise<readonly string[]>
  /** Places of the newest events behind alerts, newest first. */
  readonly eventPlaces: (
    alertIds: readonly string[],
    limit: number,
  ) => Promise<readonly { readonly sequence: number; readonly day: number }[]>
  /**
   * Does one thing with each of some groups, all or none; keys that are unknown are left out. Answers the groups as they are then, in
   * the order of the keys. Errors: `PPT_INVALID` for a time that is no future or an operator who is none.
   */
  readonly act: (keys: readonly string[], act: TriageAct, by: PersonRef) => Promise<readonly TriageGroup[]>
}

type Row = {
  readonly key: string
  readonly level: number
  readonly alerts: number
  readonly events: number
  readonly first_at: number
  readonly last_at: number
  readonly sequence: number
  readonly sources: Readonly<Record<string, string>>
  readonly demo: boolean
  readonly status: TriageStatus
  readonly verdict: TriageVerdict | null
  readonly assignee: string | null
  readonly assignee_name: string | null
  readonly snoozed_until: number | null
  readonly id: string
  readonly form: number
  readonly body: unknown
}

const COLUMNS = `g.key, g.level, g.alerts, g.events, g.first_at, g.last_at, g.sequence, g.sources, g.demo, g.status, g.verdict, g.assignee,
  g.assignee_name, g.snoozed_until, a.id, a.form, a.body`

const toGroup = (vault: Pick<Vault, 'open'>, row: Row, decisions: number): TriageGroup => {
  const { rule, scope, why, targets } = openAlert(vault, row)
  return {
    key: row.key,
    rule,
    scope,
    why,
    level: LEVELS[row.level] ?? rule.level,
    alerts: row.alerts,
    events: row.events,
    first: row.first_at,
    last: row.last_at,
    targets,
    sources: Object.entries(row.sources).map(([id, name]) => ({ id, name })),
    status: row.status,
    verdict: row.status === 'closed' ? row.verdict : null,
    assignee: row.assignee === null ? null : { id: row.assignee, name: row.assignee_name ?? '' },
    snoozedUntil: row.status === 'snoozed' ? row.snoozed_until : null,
    decisions,
    demo: row.demo,
  }
}

/** What an act writes into the row of a group, and the note that it leaves. */
const changeOf = (
  act: TriageAct,
  assignee: PersonRef | null,
): { readonly set: string; readonly values: readonly unknown[]; readonly text: string } => {
  const awake = 'snoozed_until = NULL, snoozed_level = NULL, snoozed_events = NULL'
  switch (act.act) {
    case 'acknowledge':
      return { set: `status = 'acknowledged', ${awake}`, values: [], text: '' }
    case 'reopen':
      return { set: `status = 'open', ${awake}`, values: [], text: '' }
    case 'assign':
      return {
        set: 'assignee = $2, assignee_name = $3',
        values: [assignee?.id ?? null, assignee?.name ?? null],
        text: assignee?.name ?? '',
      }
    case 'snooze':
      return {
        set: `status = 'snoozed', snoozed_until = $2, snoozed_level = level, snoozed_events = events`,
        values: [act.until],
        text: `until ${new Date(act.until).toISOString()}`,
      }
    case 'close':
      return { set: `status = 'closed', verdict = $2, ${awake}`, values: [act.verdict], text: act.verdict }
    case 'note':
      break
  }
  return { set: 'status = status', values: [], text: act.text }
}

/** Creates the module. `ruleIds`: rules whose title or id holds a text. */
export const createTriage = (deps: {
  pool: Pool
  clock: Clock
  vault: Pick<Vault, 'open' | 'seal'>
  /** every way in which a value may stand among the targets of an alert */
  spellings: (value: string) => readonly string[]
  ruleIds: (text: string) => readonly string[]
}): Triage => {
  const { pool, clock, vault } = deps

  /** Groups whose snooze is over open before anybody looks. */
  const wake = async (): Promise<void> => {
    const now = clock()
    const due = await pool.query(`SELECT 1 FROM triage_groups WHERE status = 'snoozed' AND snoozed_until <= $1 LIMIT 1`, [now])
    if (due.rowCount === 0) return
    await transaction(pool, async (client) => {
      const { rows } = await client.query<{ key: string }>(
        `UPDATE triage_groups SET status = 'open', snoozed_until = NULL, snoozed_level = NULL, snoozed_events = NULL WHERE key IN
           (SELECT key FROM triage_groups WHERE status = 'snoozed' AND snoozed_until <= $1 LIMIT 1000 FOR UPDATE SKIP LOCKED) RETURNING key`,
        [now],
      )
      const keys = rows.map((row) => row.key)
      await writeNotes(client, vault, keys, { at: now, by: PARAPET, act: 'reopened', text: SNOOZE_OVER })
    })
  }

  const decisionsInForce = async (keys: readonly string[]): Promise<ReadonlyMap<string, number>> => {
    const { rows } = await pool.query<{ key: string; count: number }>(
      `SELECT a.triage_key AS key, count(*)::int AS count FROM decisions d JOIN alerts a ON a.id = d.alert_id
       WHERE d.lifted_at IS NULL AND d.expires_at > $2 AND d.starts_at <= $2 AND a.triage_key = ANY ($1) GROUP BY 1`,
      [keys, clock()],
    )
    return new Map(rows.map((row) => [row.key, row.count]))
  }
  const withDecisions = async (rows: readonly Row[]): Promise<TriageGroup[]> => {
    const decisions = rows.length === 0 ? new Map<string, number>() : await decisionsInForce(rows.map((row) => row.key))
    return rows.map((row) => toGroup(vault, row, decisions.get(row.key) ?? 0))
  }
  const byKeys = async (keys: readonly string[]): Promise<readonly TriageGroup[]> => {
    const { rows } = await pool.query<Row>(
      `SELECT ${COLUMNS} FROM triage_groups g JOIN alerts a ON a.id = g.newest_alert WHERE g.key = ANY ($1)`,
      [keys.map((key) => columnText(key))],
    )
    const found = new Map((await withDecisions(rows)).map((group) => [group.key, group]))
    return [...new Set(keys)].flatMap((key) => found.get(key) ?? [])
  }
  const assigneeOf = async (act: TriageAct): Promise<PersonRef | null> => {
    if (act.act !== 'assign' || act.operatorId === null) return null
    const { rows } = await pool.query<PersonRef>('SELECT id, name FROM operators WHERE id = $1', [columnText(act.operatorId)])
    if (rows[0] === undefined) throw new ParapetError('PPT_INVALID', 'operatorId: there is no such operator')
    return rows[0]
  }

  return {
    list: async (filter, cursor, limit) => {
      await wake()
      const values: unknown[] = []
      const bind = (value: unknown): string => `$${values.push(value)}`
      const where: string[] = []
      const before = readCursor(cursor)
      if (before !== null) where.push(`g.sequence < ${bind(before)}`)
      if (filter.status.length > 0) where.push(`g.status = ANY (${bind(filter.status)})`)
      if (filter.level !== undefined) where.push(`g.level >= ${bind(LEVELS.indexOf(filter.level))}`)
      if (filter.rule !== undefined) where.push(`g.rule_id = ${bind(columnText(filter.rule))}`)
      if (filter.assignee !== undefined)
        where.push(filter.assignee === 'none' ? 'g.assignee IS NULL' : `g.assignee = ${bind(columnText(filter.assignee))}`)
      if (filter.since !== undefined) where.push(`g.last_at >= ${bind(filter.since)}`)
      if (filter.q !== undefined)
        where.push(
          `(g.rule_id = ANY (${bind(deps.ruleIds(filter.q))}) OR g.key IN (SELECT triage_key FROM alerts
             WHERE targets && ${bind(deps.spellings(filter.q))}::text[] ORDER BY created DESC LIMIT ${MOST_FOUND}))`,
        )
      const { rows } = await pool.query<Row>(
        `SELECT ${COLUMNS} FROM (SELECT * FROM triage_groups g ${where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`}
           ORDER BY g.sequence DESC LIMIT ${bind(checkLimit(limit) + 1)}) g JOIN alerts a ON a.id = g.newest_alert ORDER BY g.sequence DESC`,
        values,
      )
      const page = pageOf(
        rows,
        limit,
        (row) => row.sequence,
        (row) => row,
      )
      return { items: await withDecisions(page.items), next: page.next }
    },
    get: async (key) => {
      await wake()
      return (await byKeys([key]))[0]
    },
    notes: (key) => readNotes(pool, vault, columnText(key)),
    alertIds: async (key, limit) => {
      const { rows } = await pool.query<Pick<AlertView, 'id'>>(
        'SELECT id FROM alerts WHERE triage_key = $1 ORDER BY created DESC LIMIT $2',
        [columnText(key), limit],
      )
      return rows.map((row) => row.id)
    },
    eventPlaces: async (alertIds, limit) => {
      const { rows } = await pool.query<{ sequence: number; day: number }>(
        `SELECT DISTINCT e.sequence, e.day FROM unnest($1::text[]) AS a (id),
           LATERAL (SELECT sequence, day FROM alert_events WHERE alert_id = a.id ORDER BY sequence DESC LIMIT $2) AS e
         ORDER BY e.sequence DESC LIMIT $2`,
        [alertIds, limit],
      )
      return rows
    },
    act: async (keys, act, by) => {
      const now = clock()
      if (act.act === 'snooze' && (act.until <= now || act.until > now + LONGEST_SNOOZE))
        throw new ParapetError('PPT_INVALID', 'until: a time within the next 30 days')
      const { set, values, text } = changeOf(act, await assigneeOf(act))
      await transaction(pool, async (client) => {
        // as detection does: groups are written under the lock of the alerts' log, so that nobody waits in a circle
        await client.query(`SELECT head FROM log_heads WHERE name = 'alerts' FOR UPDATE`)
        const { rows } = await client.query<{ key: string }>(`UPDATE triage_groups SET ${set} WHERE key = ANY ($1) RETURNING key`, [
          keys.map((key) => columnText(key)),
          ...values,
        ])
        const changed = rows.map((row) => row.key)
        await writeNotes(client, vault, changed, { at: now, by, act: act.act, text })
      })
      return byKeys(keys)
    },
  }
}
