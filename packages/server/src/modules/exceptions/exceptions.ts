import { type Clock, DAY, EXCEPTION_LIMITS, ParapetError, type PersonRef, type RuleException, uuidv7 } from '@parapet/core'
import type { Pool } from 'pg'
import { columnText } from '../../db/paging.js'
import { transaction } from '../../db/pools.js'
import type { Cell, Vault } from '../../vault/index.js'

/** What of an exception may name somebody: what it matches, and why. */
type Words = Pick<RuleException, 'match' | 'reason'>

/** Exceptions in force that one installation may have. */
const MOST = 5_000

/** Exceptions of rules. */
export type Exceptions = {
  /** Those in force, newest first; of one rule, or all. */
  readonly list: (filter?: { readonly ruleId?: string | undefined }) => Promise<readonly RuleException[]>
  /** Errors: `PPT_INVALID` for a day that is no future or too far away, `PPT_CONFLICT` when a rule has too many. */
  readonly create: (input: Pick<RuleException, 'ruleId' | 'match' | 'until' | 'reason'>, by: PersonRef) => Promise<RuleException>
  /** Errors: `PPT_NOT_FOUND`. */
  readonly remove: (id: string) => Promise<RuleException>
  /** How many each rule has in force. */
  readonly counts: () => Promise<ReadonlyMap<string, number>>
  /** Forgets those that ended a month ago: until then the page of a rule can still tell of them. */
  readonly sweep: () => Promise<number>
}

type Row = {
  readonly id: string
  readonly rule_id: string
  readonly sealed: string
  readonly until: number
  readonly by_id: string
  readonly by_name: string
  readonly created_at: number
}

/** Where what an exception says is sealed. */
export const exceptionCell = (id: string): Cell => ({ table: 'rule_exceptions', column: 'sealed', row: [id], type: 'json' })

const toException = (vault: Pick<Vault, 'open'>, row: Row): RuleException => ({
  id: row.id,
  ruleId: row.rule_id,
  ...(JSON.parse(vault.open(row.sealed, exceptionCell(row.id))) as Words),
  until: row.until,
  by: { id: row.by_id, name: row.by_name },
  createdAt: row.created_at,
})

/** Creates the module. */
export const createExceptions = (deps: { pool: Pool; clock: Clock; vault: Pick<Vault, 'open' | 'seal'> }): Exceptions => {
  const { pool, clock, vault } = deps
  return {
    list: async ({ ruleId } = {}) => {
      const { rows } = await pool.query<Row>(
        'SELECT * FROM rule_exceptions WHERE until > $1 AND ($2::text IS NULL OR rule_id = $2) ORDER BY created_at DESC, id DESC LIMIT $3',
        [clock(), ruleId === undefined ? null : columnText(ruleId), MOST],
      )
      return rows.map((row) => toException(vault, row))
    },
    create: async ({ ruleId, match, until, reason }, by) => {
      const now = clock()
      if (until <= now || until > now + EXCEPTION_LIMITS.days * DAY)
        throw new ParapetError('PPT_INVALID', `until: a time within the next ${EXCEPTION_LIMITS.days} days`)
      const exception: RuleException = { id: uuidv7(now), ruleId, match, until, reason, by, createdAt: now }
      const words: Words = { match, reason }
      await transaction(pool, async (client) => {
        // one after the other: two at once must not pass the bound together
        await client.query(`SELECT pg_advisory_xact_lock(hashtext('rule_exceptions'))`)
        const { rows } = await client.query<{ own: number; all: number }>(
          'SELECT count(*) FILTER (WHERE rule_id = $1)::int AS own, count(*)::int AS all FROM rule_exceptions WHERE until > $2',
          [columnText(ruleId), now],
        )
        const { own = 0, all = 0 } = rows[0] ?? {}
        if (own >= EXCEPTION_LIMITS.perRule || all >= MOST)
          throw new ParapetError('PPT_CONFLICT', `a rule takes ${EXCEPTION_LIMITS.perRule} exceptions: remove some, or change the rule`)
        await client.query(
          'INSERT INTO rule_exceptions (id, rule_id, sealed, until, by_id, by_name, created_at) VALUES ($1, $2, $3, $4, $5, $6, $7)',
          [exception.id, columnText(ruleId), vault.seal(JSON.stringify(words), exceptionCell(exception.id)), until, by.id, by.name, now],
        )
      })
      return exception
    },
    remove: async (id) => {
      const { rows } = await pool.query<Row>('DELETE FROM rule_exceptions WHERE id = $1 RETURNING *', [columnText(id)])
      if (rows[0] === undefined) throw new ParapetError('PPT_NOT_FOUND')
      return toException(vault, rows[0])
    },
    counts: async () => {
      const { rows } = await pool.query<{ rule_id: string; count: number }>(
        'SELECT rule_id, count(*)::int AS count FROM rule_exceptions WHERE until > $1 GROUP BY rule_id',
        [clock()],
      )
      return new Map(rows.map((row) => [row.rule_id, row.count]))
    },
    sweep: async () => (await pool.query('DELETE FROM rule_exceptions WHERE until < $1', [clock() - 30 * DAY])).rowCount ?? 0,
  }
}
