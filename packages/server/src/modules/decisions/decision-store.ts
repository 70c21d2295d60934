import { type Author, type Clock, type Decision, type Page, systemClock } from '@parapet/core'
import type { NewDecision } from '@parapet/respond'
import { createBroadcast } from '../../db/append-log/index.js'
import { transaction } from '../../db/pools.js'
import { checkLimit, columnText, pageOf, readCursor } from '../../db/paging.js'
import type { Database, DatabaseLog } from '../../db/types.js'
import type { Vault } from '../../vault/index.js'
import { createDecisionLog, lookupRange } from './decision-log.js'
import { CURRENT_COLUMNS, type DecisionRow, LOG_COLUMNS, openDecision } from './sealed-decision.js'

/** Which decisions a list shows. `active` binds now, `expired` ended by itself, `lifted` was taken back. */
export type DecisionFilter = {
  readonly state: 'active' | 'expired' | 'lifted' | 'all'
  /** address, range, user or session */
  readonly target?: string | undefined
  /** made together */
  readonly batch?: string | undefined
}

/** What binds, is not lifted and not only observed, in numbers. */
export type InForce = {
  readonly decisions: number
  readonly blocked: { readonly addresses: number; readonly others: number }
  readonly lockdown: boolean
}

/** All decisions, ever. Methods reject with `PPT_DATABASE_UNAVAILABLE` while the database is away. */
export type DecisionStore = {
  /** Errors: `PPT_CONFLICT` when an id is taken. */
  readonly create: (list: readonly NewDecision[]) => Promise<readonly Decision[]>
  /** Takes back those that still bind or will; answers them as they are now. Others are left as they are. `now` in ms UTC. */
  readonly lift: (ids: readonly string[], by: Author, reason: string, now: number) => Promise<readonly Decision[]>
  readonly get: (id: string) => Promise<Decision | undefined>
  /** Newest first. Errors: `PPT_INVALID`. */
  readonly list: (filter: DecisionFilter, cursor: string | null | undefined, limit: number) => Promise<Page<Decision>>
  /** Everything that binds at `now` or will, and the revision that this is the state of. */
  readonly active: (now: number) => Promise<{ readonly revision: number; readonly decisions: readonly Decision[] }>
  /** the last revision; changes after it come to whoever has subscribed */
  readonly revision: () => Promise<number>
  /**
   * The same in parts of at most `size`, each read when it is asked for. Changes made meanwhile may be in it or not: ask `revision`
   * before, and apply everything `since` it afterwards.
   */
  readonly activeInParts: (now: number, size: number) => AsyncIterable<readonly Decision[]>
  readonly countActive: (now: number) => Promise<number>
  /** Changes after a revision, in order; at most `limit`. */
  readonly since: (revision: number, limit?: number) => Promise<readonly Decision[]>
  /** Decisions on a target, also by a range that holds it or lies in it; newest first, at most 500. */
  readonly forTarget: (value: string) => Promise<readonly Decision[]>
  /** Ids of what binds at `now` or will, on a target (as in `forTarget`) or of a batch: what can be lifted; at most 10,000. */
  readonly endingLater: (about: { readonly target: string } | { readonly batch: string }, now: number) => Promise<readonly string[]>
  /**
   * What is enforced at `now`: how many decisions, the distinct targets that they keep out (slowing down and challenging let people in), and
   * whether a lockdown is among them.
   */
  readonly countInForce: (now: number) => Promise<InForce>
  readonly forAlert: (alertId: string) => Promise<readonly Decision[]>
  readonly forBatch: (batch: string) => Promise<readonly Decision[]>
  /** how many decisions began at `since` (ms UTC) or later */
  readonly countSince: (since: number) => Promise<number>
  /** Every change from now on. Subscribe first, then read `active` or `since`: no change falls in between; some may come twice. */
  readonly subscribe: (fn: (decision: Decision) => void) => () => void
  readonly close: () => Promise<void>
}

type Part = DecisionRow & { readonly expires_at: number; readonly created: number }

const MOST = 500
const KEEPS_OUT = `body ->> 'action' IN ('deny', 'suspend')`
const TARGET = `(target_value = ANY ($1::text[]) OR target_range && $2::inet)`

/** Creates the store of decisions. */
export const createDecisionStore = (deps: {
  database: Pick<Database, 'pool' | 'listen'>
  vault: Vault
  clock?: Clock
  log?: DatabaseLog
}): DecisionStore => {
  const { database, vault, clock = systemClock } = deps
  const quiet = (): void => undefined
  const decisionLog = createDecisionLog(database, vault)
  const query = async (text: string, values: readonly unknown[]): Promise<readonly Decision[]> =>
    (await database.pool.query<DecisionRow>(text, [...values])).rows.map((row) => openDecision(vault, row))
  /** Everything that the column may hold for a target; the value itself for what is not sealed yet. */
  const termsOf = (value: string): string[] => [columnText(value), ...vault.terms('decisions.target', value)]
  const readLog = (after: number, limit: number): Promise<readonly Decision[]> =>
    query(`SELECT ${LOG_COLUMNS} FROM decision_log WHERE revision > $1 ORDER BY revision LIMIT $2`, [after, limit])
  /** In the order of their end, which can only move to later: what is extended meanwhile may come twice, but is never passed over. */
  const readPart = (end: number, created: number, size: number): Promise<readonly Part[]> =>
    transaction(database.pool, async (client) => {
      // by the index, whatever the statistics say: sorted anew for every part, a hundred thousand take a minute
      await client.query('SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off; SET LOCAL enable_seqscan = off')
      const { rows } = await client.query<Part>(
        `SELECT expires_at, created, ${CURRENT_COLUMNS} FROM decisions WHERE lifted_at IS NULL AND (expires_at, created) > ($1, $2)
         ORDER BY expires_at, created LIMIT $3`,
        [end, created, size],
      )
      return rows
    })
  const count = async (text: string, values: readonly unknown[]): Promise<number> =>
    (await database.pool.query<{ count: number }>(text, [...values])).rows[0]?.count ?? 0
  const broadcast = createBroadcast(
    { name: 'decisions', read: readLog, sequenceOf: (decision) => decision.revision },
    database,
    deps.log ?? { warn: quiet, error: quiet },
  )

  return {
    create: async (decisions) => (decisions.length === 0 ? [] : decisionLog.append({ kind: 'create', decisions, at: clock() })),
    lift: async (ids, by, reason, at) => (ids.length === 0 ? [] : decisionLog.append({ kind: 'lift', ids, by, reason, at })),
    get: async (id) => (await query(`SELECT ${CURRENT_COLUMNS} FROM decisions WHERE id = $1`, [id]))[0],
    list: async (filter, cursor, limit) => {
      const now = clock()
      const values: unknown[] = []
      const bind = (value: unknown): string => `$${values.push(value)}`
      const where: string[] = []
      const before = readCursor(cursor)
      if (before !== null) where.push(`created < ${bind(before)}`)
      if (filter.state === 'active') where.push(`lifted_at IS NULL AND expires_at > ${bind(now)}`)
      if (filter.state === 'expired') where.push(`lifted_at IS NULL AND expires_at <= ${bind(now)}`)
      if (filter.state === 'lifted') where.push('lifted_at IS NOT NULL')
      if (filter.batch !== undefined) where.push(`batch = ${bind(columnText(filter.batch))}`)
      if (filter.target !== undefined)
        where.push(
          `(target_value = ANY (${bind(termsOf(filter.target))}::text[]) OR target_range && ${bind(lookupRange(filter.target))}::inet)`,
        )
      const { rows } = await database.pool.query<DecisionRow & { created: number }>(
        `SELECT created, ${CURRENT_COLUMNS} FROM decisions ${where.length === 0 ? '' : `WHERE ${where.join(' AND ')}`} ORDER BY created DESC LIMIT ${bind(checkLimit(limit) + 1)}`,
        values,
      )
      return pageOf(
        rows,
        limit,
        (row) => row.created,
        (row) => openDecision(vault, row),
      )
    },
    active: async (now) => {
      await broadcast.ready()
      // one statement, one snapshot: the revision is exactly the one of these rows
      const { rows } = await database.pool.query<DecisionRow & { head: number }>(
        `SELECT h.head, d.id, d.revision, d.form, d.body FROM log_heads h LEFT JOIN decisions d ON d.lifted_at IS NULL AND d.expires_at > $1 WHERE h.name = 'decisions' ORDER BY d.created`,
        [now],
      )
      return { revision: rows[0]?.head ?? 0, decisions: rows.flatMap((row) => (row.body === null ? [] : [openDecision(vault, row)])) }
    },
    revision: async () => {
      await broadcast.ready()
      return decisionLog.head()
    },
    activeInParts: async function* (now, size) {
      let [end, created] = [now, Number.MAX_SAFE_INTEGER]
      for (;;) {
        const rows = await readPart(end, created, size)
        if (rows.length > 0) yield rows.map((row) => openDecision(vault, row))
        const last = rows.at(-1)
        if (last === undefined || rows.length < size) return
        ;[end, created] = [last.expires_at, last.created]
      }
    },
    countActive: (now) =>
      count('SELECT count(*) AS count FROM decisions WHERE lifted_at IS NULL AND expires_at > $1 AND starts_at <= $1', [now]),
    since: async (revision, limit = 1_000) => {
      await broadcast.ready()
      return readLog(revision, limit)
    },
    forTarget: (value) =>
      query(`SELECT ${CURRENT_COLUMNS} FROM decisions WHERE ${TARGET} ORDER BY created DESC LIMIT ${MOST}`, [
        termsOf(value),
        lookupRange(value),
      ]),
    endingLater: async (about, now) => {
      const [where, values] =
        'target' in about
          ? [TARGET, [termsOf(about.target), lookupRange(about.target)]]
          : ['batch = $1 AND $2::text IS NULL', [about.batch, null]]
      const { rows } = await database.pool.query<{ id: string }>(
        `SELECT id FROM decisions WHERE ${where} AND lifted_at IS NULL AND expires_at > $3 ORDER BY created LIMIT 10000`,
        [...values, now],
      )
      return rows.map((row) => row.id)
    },
    countInForce: async (now) => {
      // counted there: to bring a hundred thousand decisions here for a few numbers would stop everything else for a second
      const { rows } = await database.pool.query<{ decisions: number; addresses: number; others: number; lockdown: boolean | null }>(
        `SELECT count(*) AS decisions, bool_or(body ->> 'action' = 'lockdown') AS lockdown,
          count(DISTINCT target_value) FILTER (WHERE ${KEEPS_OUT} AND target_range IS NOT NULL) AS addresses,
          count(DISTINCT (body -> 'target' ->> 'kind', target_value)) FILTER (WHERE ${KEEPS_OUT} AND target_range IS NULL) AS others
         FROM decisions WHERE lifted_at IS NULL AND starts_at <= $1 AND expires_at > $1 AND body ->> 'mode' = 'enforce'`,
        [now],
      )
      const { decisions = 0, addresses = 0, others = 0, lockdown } = rows[0] ?? {}
      return { decisions, blocked: { addresses, others }, lockdown: lockdown === true }
    },
    forAlert: (alertId) => query(`SELECT ${CURRENT_COLUMNS} FROM decisions WHERE alert_id = $1 ORDER BY created DESC`, [alertId]),
    forBatch: (batch) => query(`SELECT ${CURRENT_COLUMNS} FROM decisions WHERE batch = $1 ORDER BY created DESC LIMIT ${MOST}`, [batch]),
    countSince: (since) => count('SELECT count(*) AS count FROM decisions WHERE starts_at >= $1', [since]),
    subscribe: broadcast.subscribe,
    close: async () => {
      await decisionLog.close()
      await broadcast.close()
    },
  }
}
