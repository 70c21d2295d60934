import { addressKey, type Alert, type AlertView, canonicalAddress, type Clock, HOUR, type Level, LEVELS, type Page } from '@parapet/core'
import { createBroadcast } from '../../db/append-log/index.js'
import { checkLimit, columnText, pageOf, readCursor } from '../../db/paging.js'
import type { Database, DatabaseLog } from '../../db/types.js'
import type { Vault } from '../../vault/index.js'
import { openAlert } from './sealed-alert.js'

/** Which alerts a list shows. Times are those of detection, ms UTC; `until` is exclusive. */
export type AlertFilter = {
  /** this level or worse */
  readonly level?: Level | undefined
  readonly rule?: string | undefined
  readonly since?: number | undefined
  readonly until?: number | undefined
  /** an address, user or other value that the alert stands for or has seen */
  readonly target?: string | undefined
}

/** An alert with its place in the order of changes: what a stream resumes from. */
export type AlertInOrder = { readonly sequence: number; readonly alert: AlertView }

/** All alerts. Methods reject with `PPT_DATABASE_UNAVAILABLE` while the database is away. */
export type AlertStore = {
  /** Newest first. Errors: `PPT_INVALID`. */
  readonly list: (filter: AlertFilter, cursor: string | null | undefined, limit: number) => Promise<Page<AlertView>>
  readonly get: (id: string) => Promise<AlertView | undefined>
  /** In the order of the ids; those that are not there are left out. */
  readonly byIds: (ids: readonly string[]) => Promise<readonly AlertView[]>
  /** An alert that nobody has stored, as it would be shown. */
  readonly asView: (alert: Alert) => AlertView
  /** Alerts detected in each hour from `since` (ms UTC) on, oldest first; hours without any are left out. */
  readonly countsByHour: (since: number) => Promise<readonly { readonly at: number; readonly alerts: number }[]>
  /** Alerts detected from `since` (ms UTC) on, by level; every level is there. */
  readonly countsByLevel: (since: number) => Promise<Readonly<Record<Level, number>>>
  /** `fn` gets every new and changed alert from now on, with its sequence. Subscribe first, then read: nothing falls in between. */
  readonly subscribe: (fn: (alert: AlertView, sequence: number) => void) => () => void
  /** Alerts that changed after a sequence, as they are now, in the order of their latest change; at most `limit`. */
  readonly since: (sequence: number, limit?: number) => Promise<readonly AlertInOrder[]>
  /** the sequence of the latest change */
  readonly head: () => Promise<number>
  /** Alerts on an address, user or other value, newest first, at most 200. */
  readonly forTarget: (value: string) => Promise<readonly AlertView[]>
  readonly close: () => Promise<void>
}

type Row = {
  readonly id: string
  readonly form: number
  readonly sequence: number
  readonly created: number
  readonly detected_at: number
  readonly updated_at: number
  readonly sources: Readonly<Record<string, string>>
  readonly demo: boolean
  readonly body: unknown
  readonly decision_ids: readonly string[]
}

const SELECT = `SELECT id, form, sequence, created, detected_at, updated_at, sources, demo, body,
  ARRAY (SELECT d.id FROM decisions d WHERE d.alert_id = alerts.id ORDER BY d.created) AS decision_ids FROM alerts`

const toView = (vault: Pick<Vault, 'open'>, row: Row): AlertView => ({
  ...openAlert(vault, row),
  detectedAt: row.detected_at,
  updatedAt: row.updated_at,
  sources: Object.entries(row.sources).map(([id, name]) => ({ id, name })),
  decisionIds: row.decision_ids,
  demo: row.demo,
})

/** The ways in which a value may stand in an alert: canonical, as the prefix that it is counted under, indexed, and as it is. */
export const spellings = (vault: Pick<Vault, 'terms'>, value: string): string[] => {
  const addresses = [canonicalAddress(value), addressKey(value)].filter((each) => each !== undefined)
  return [...new Set([columnText(value), ...addresses, ...vault.terms('alerts.target', value)])]
}

/** Creates the reading side of alerts; detection writes them. */
export const createAlertStore = (deps: {
  database: Pick<Database, 'pool' | 'listen'>
  vault: Pick<Vault, 'open' | 'terms'>
  clock?: Clock
  log?: DatabaseLog
}): AlertStore => {
  const { database, vault } = deps
  const view = (row: Row): AlertView => toView(vault, row)
  const toOrdered = (row: Row): AlertInOrder => ({ sequence: row.sequence, alert: view(row) })
  const quiet = (): void => undefined
  const query = async (text: string, values: readonly unknown[]): Promise<readonly Row[]> =>
    (await database.pool.query<Row>(text, [...values])).rows
  const readSince = async (sequence: number, limit: number): Promise<readonly AlertInOrder[]> =>
    (await query(`${SELECT} WHERE sequence > $1 ORDER BY sequence LIMIT $2`, [sequence, limit])).map(toOrdered)
  const broadcast = createBroadcast(
    { name: 'alerts', read: readSince, sequenceOf: (row) => row.sequence },
    database,
    deps.log ?? { warn: quiet, error: quiet },
  )

  return {
    list: async (filter, cursor, limit) => {
      const values: unknown[] = []
      const bind = (value: unknown): string => `$${values.push(value)}`
      const where: string[] = []
      const before = readCursor(cursor)
      if (before !== null) where.push(`created < ${bind(before)}`)
      if (filter.level !== undefined) where.push(`level >= ${bind(LEVELS.indexOf(filter.level))}`)
      if (filter.rule !== undefined) where.push(`rule_id = ${bind(columnText(filter.rule))}`)
      if (filter.since !== undefined) where.push(`detected_at >= ${bind(filter.since)}`)
      if (filter.until !== undefined) where.push(`detected_at < ${bind(filter.until)}`)
      if (filter.target !== undefined) where.push(`targets && ${bind(spellings(vault, filter.target))}::text[]`)
      const rows = await query(
        `${SELECT} ${where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`} ORDER BY created DESC LIMIT ${bind(checkLimit(limit) + 1)}`,
        values,
      )
      return pageOf(rows, limit, (row) => row.created, view)
    },
    get: async (id) => {
      const [row] = await query(`${SELECT} WHERE id = $1`, [columnText(id)])
      return row === undefined ? undefined : view(row)
    },
    byIds: async (ids) => {
      const rows = await query(`${SELECT} WHERE id = ANY ($1)`, [ids.map((id) => columnText(id))])
      const found = new Map(rows.map((row) => [row.id, row]))
      return ids.flatMap((id) => {
        const row = found.get(columnText(id))
        return row === undefined ? [] : [view(row)]
      })
    },
    asView: (alert) => ({ ...alert, detectedAt: alert.last, updatedAt: alert.last, sources: [], decisionIds: [], demo: false }),
    countsByHour: async (since) => {
      const { rows } = await database.pool.query<{ at: number; alerts: number }>(
        `SELECT detected_at / ${HOUR} * ${HOUR} AS at, count(*) AS alerts FROM alerts WHERE detected_at >= $1 GROUP BY 1 ORDER BY 1`,
        [since],
      )
      return rows
    },
    countsByLevel: async (since) => {
      const { rows } = await database.pool.query<{ level: number; alerts: number }>(
        'SELECT level, count(*) AS alerts FROM alerts WHERE detected_at >= $1 GROUP BY level',
        [since],
      )
      const count = (level: Level): number => rows.find((row) => LEVELS[row.level] === level)?.alerts ?? 0
      return {
        informational: count('informational'),
        low: count('low'),
        medium: count('medium'),
        high: count('high'),
        critical: count('critical'),
      }
    },
    subscribe: (fn) => broadcast.subscribe((row) => fn(row.alert, row.sequence)),
    since: async (sequence, limit = 500) => {
      await broadcast.ready()
      return readSince(sequence, limit)
    },
    head: async () => {
      await broadcast.ready()
      const { rows } = await database.pool.query<{ head: number }>(`SELECT head FROM log_heads WHERE name = 'alerts'`)
      return rows[0]?.head ?? 0
    },
    forTarget: async (value) =>
      (await query(`${SELECT} WHERE targets && $1::text[] ORDER BY created DESC LIMIT 200`, [spellings(vault, value)])).map(view),
    close: broadcast.close,
  }
}
