import { hash } from 'node:crypto'
import { createDecisionSet, type Decision } from '@parapet/core'
import { type BudgetLimits, type BudgetState, createBudget } from '@parapet/respond'
import type { PoolClient } from 'pg'
import { withClient } from '../../db/pools.js'
import type { Database } from '../../db/types.js'
import type { DetectionDeps, RunState } from './types.js'

/** The row of `cursors` that says how far detection has come. */
export const CURSOR = 'detection'
/** The row of `detection_state` that holds the budget; keys of the engine are digests and cannot be this. */
const BUDGET_KEY = 'budget'

const digest = (key: string): string => hash('sha256', key, 'hex')

const readBudget = (stored: unknown, limits: Partial<BudgetLimits> | undefined): BudgetState => {
  const fresh = createBudget(limits)
  if (typeof stored !== 'object' || stored === null) return fresh
  const recent =
    'recent' in stored && Array.isArray(stored.recent) ? stored.recent.filter((at): at is number => typeof at === 'number') : []
  return { ...fresh, recent, trippedAt: 'trippedAt' in stored && typeof stored.trippedAt === 'number' ? stored.trippedAt : null }
}

/** Builds the state of a run from the database, all of it of one moment: cursor, engine, decisions in force, budget. */
export const restoreRun = (
  database: Pick<Database, 'pool'>,
  deps: Pick<DetectionDeps, 'createEngine' | 'budget' | 'clock'>,
): Promise<RunState> =>
  withClient(database.pool, async (client) => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const cursor = await client.query<{ position: number }>('SELECT position FROM cursors WHERE name = $1', [CURSOR])
    const entries = await client.query<{ key: string; entry: { k?: string; s?: unknown } }>('SELECT key, entry FROM detection_state')
    const revision = await client.query<{ head: number }>(`SELECT head FROM log_heads WHERE name = 'decisions'`)
    const decisions = await client.query<{ body: Decision }>('SELECT body FROM decisions WHERE lifted_at IS NULL AND expires_at > $1', [
      deps.clock(),
    ])
    await client.query('COMMIT')
    const engine = deps.createEngine()
    engine.restore(entries.rows.flatMap(({ entry }) => (typeof entry.k === 'string' ? [{ key: entry.k, state: entry.s }] : [])))
    const held = createDecisionSet()
    // from the head, not from the highest of those in force: what ended long ago is not read again
    held.reset(
      decisions.rows.map((row) => row.body),
      revision.rows[0]?.head ?? 0,
    )
    const budget = readBudget(entries.rows.find((row) => row.key === BUDGET_KEY)?.entry.s, deps.budget)
    return { engine, held, budget, position: cursor.rows[0]?.position ?? 0, sweptAt: deps.clock() }
  })

/** How far detection has come, whichever process does it. Errors: `PPT_DATABASE_UNAVAILABLE`. */
export const readPosition = async (database: Pick<Database, 'pool'>): Promise<number> =>
  (await database.pool.query<{ position: number }>('SELECT position FROM cursors WHERE name = $1', [CURSOR])).rows[0]?.position ?? 0

/** Moves the cursor from where this run read on. False: another worker has moved it, and this one must not write. */
export const moveCursor = async (client: PoolClient, from: number, to: number, now: number): Promise<boolean> => {
  const { rowCount } = await client.query({
    name: 'detection-cursor',
    // at the very first batch there is no row yet; the conflict arm takes all others
    text: `INSERT INTO cursors (name, position, moved_at) SELECT '${CURSOR}', $2, $3 WHERE $1 = 0 OR EXISTS (SELECT 1 FROM cursors WHERE name = '${CURSOR}')
      ON CONFLICT (name) DO UPDATE SET position = excluded.position, moved_at = excluded.moved_at WHERE cursors.position = $1`,
    values: [from, to, now],
  })
  return rowCount === 1
}

/** Writes what changed of the engine's state, and the budget when it did. */
export const saveState = async (
  client: PoolClient,
  dirty: readonly { readonly key: string; readonly state: unknown }[],
  budget: BudgetState | undefined,
): Promise<void> => {
  const gone = dirty.filter(({ state }) => state === null || state === undefined).map(({ key }) => digest(key))
  const rows = dirty
    .filter(({ state }) => state !== null && state !== undefined)
    .map(({ key, state }) => ({ key: digest(key), entry: JSON.stringify({ k: key, s: state }) }))
  if (budget !== undefined)
    rows.push({ key: BUDGET_KEY, entry: JSON.stringify({ s: { recent: budget.recent, trippedAt: budget.trippedAt } }) })
  if (gone.length > 0)
    await client.query({ name: 'detection-forget', text: 'DELETE FROM detection_state WHERE key = ANY ($1)', values: [gone] })
  if (rows.length === 0) return
  await client.query({
    name: 'detection-save',
    text: `INSERT INTO detection_state (key, entry) SELECT * FROM unnest($1::text[], $2::json[]) ON CONFLICT (key) DO UPDATE SET entry = excluded.entry`,
    values: [rows.map((row) => row.key), rows.map((row) => row.entry)],
  })
}
