import { createDecisionSet } from '@parapet/core'
import { type BudgetLimits, type BudgetState, createBudget } from '@parapet/respond'
import type { PoolClient } from 'pg'
import { transaction, withClient } from '../../db/pools.js'
import type { Database } from '../../db/types.js'
import type { Cell, Vault } from '../../vault/index.js'
import { CURRENT_COLUMNS, type DecisionRow, openDecision } from '../decisions/sealed-decision.js'
import { reasonOf } from './collect.js'
import type { DetectionDeps, RunState } from './types.js'

/** The row of `cursors` that says how far detection has come. */
export const CURSOR = 'detection'
/** The row of `detection_state` that holds the budget; keys of the engine are digests and cannot be this. */
const BUDGET_KEY = 'budget'

/** One thing that the engine remembers: its key and its state. The budget has no key. */
type Entry = { readonly k?: string; readonly s?: unknown }

/** The engine's keys hold names and addresses. */
const placeOf = (vault: Pick<Vault, 'keyed'>, key: string): string => vault.keyed('detection-state', key)

/** Where what the engine remembers of one key is sealed. */
export const stateCell = (place: string): Cell => ({ table: 'detection_state', column: 'entry', row: [place], type: 'json' })

const sealEntry = (vault: Pick<Vault, 'seal'>, place: string, entry: Entry): string =>
  // sealed text is plain: quotes make it JSON
  `"${vault.seal(JSON.stringify(entry), stateCell(place))}"`

const readBudget = (stored: unknown, limits: Partial<BudgetLimits> | undefined): BudgetState => {
  const fresh = createBudget(limits)
  if (typeof stored !== 'object' || stored === null) return fresh
  const recent =
    'recent' in stored && Array.isArray(stored.recent) ? stored.recent.filter((at): at is number => typeof at === 'number') : []
  return { ...fresh, recent, trippedAt: 'trippedAt' in stored && typeof stored.trippedAt === 'number' ? stored.trippedAt : null }
}

type StateRow = { readonly key: string; readonly entry: unknown; readonly form: number }

/** Writes what a version that did not seal has left under sealed keys, once, so that nothing is counted twice. */
export const sealState = (database: Pick<Database, 'pool'>, vault: Pick<Vault, 'seal' | 'keyed'>): Promise<void> =>
  transaction(database.pool, async (client) => {
    const { rows } = await client.query<StateRow>('DELETE FROM detection_state WHERE form = 0 RETURNING key, entry, form')
    await insertEntries(
      client,
      rows.map(({ key, entry }) => {
        const { k } = entry as Entry
        const place = k === undefined ? key : placeOf(vault, k)
        return { place, sealed: sealEntry(vault, place, entry as Entry) }
      }),
    )
  })

/** Entries that open. One that does not is forgotten and told of: a count that starts afresh is better than no detection at all. */
const openEntries = (rows: readonly StateRow[], deps: Pick<DetectionDeps, 'vault' | 'log'>): (Entry & { readonly place: string })[] =>
  rows.flatMap(({ key, entry }) => {
    try {
      return [{ place: key, ...(JSON.parse(deps.vault.open(String(entry), stateCell(key))) as Entry) }]
    } catch (error) {
      deps.log.error({ key, reason: reasonOf(error) }, 'a part of the state of detection does not open; its count starts afresh')
      return []
    }
  })

/** Builds the state of a run from the database, all of it of one moment: cursor, engine, decisions in force, budget. */
export const restoreRun = (
  database: Pick<Database, 'pool'>,
  deps: Pick<DetectionDeps, 'createEngine' | 'budget' | 'clock' | 'vault' | 'log'>,
): Promise<RunState> =>
  withClient(database.pool, async (client) => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const cursor = await client.query<{ position: number }>('SELECT position FROM cursors WHERE name = $1', [CURSOR])
    const entries = await client.query<StateRow>('SELECT key, entry, form FROM detection_state')
    const revision = await client.query<{ head: number }>(`SELECT head FROM log_heads WHERE name = 'decisions'`)
    const decisions = await client.query<DecisionRow>(
      `SELECT ${CURRENT_COLUMNS} FROM decisions WHERE lifted_at IS NULL AND expires_at > $1`,
      [deps.clock()],
    )
    await client.query('COMMIT')
    const engine = deps.createEngine()
    const opened = openEntries(entries.rows, deps)
    engine.restore(opened.flatMap(({ k, s }) => (k === undefined ? [] : [{ key: k, state: s }])))
    const held = createDecisionSet()
    // from the head, not from the highest of those in force: what ended long ago is not read again
    held.reset(
      decisions.rows.map((row) => openDecision(deps.vault, row)),
      revision.rows[0]?.head ?? 0,
    )
    const budget = readBudget(opened.find(({ place }) => place === BUDGET_KEY)?.s, deps.budget)
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

const insertEntries = async (client: PoolClient, rows: readonly { readonly place: string; readonly sealed: string }[]): Promise<void> => {
  if (rows.length === 0) return
  await client.query({
    name: 'detection-save',
    text: `INSERT INTO detection_state (key, entry, form) SELECT *, 1 FROM unnest($1::text[], $2::json[])
      ON CONFLICT (key) DO UPDATE SET entry = excluded.entry, form = 1`,
    values: [rows.map((row) => row.place), rows.map((row) => row.sealed)],
  })
}

/** Writes what changed of the engine's state, and the budget when it did. */
export const saveState = async (
  client: PoolClient,
  vault: Pick<Vault, 'seal' | 'keyed'>,
  dirty: readonly { readonly key: string; readonly state: unknown }[],
  budget: BudgetState | undefined,
): Promise<void> => {
  const isGone = ({ state }: { readonly state: unknown }): boolean => state === null || state === undefined
  const gone = dirty.filter(isGone).map(({ key }) => placeOf(vault, key))
  const rows = dirty
    .filter((each) => !isGone(each))
    .map(({ key, state }) => {
      const place = placeOf(vault, key)
      return { place, sealed: sealEntry(vault, place, { k: key, s: state }) }
    })
  if (budget !== undefined) {
    const { recent, trippedAt } = budget
    rows.push({ place: BUDGET_KEY, sealed: sealEntry(vault, BUDGET_KEY, { s: { recent, trippedAt } }) })
  }
  if (gone.length > 0)
    await client.query({ name: 'detection-forget', text: 'DELETE FROM detection_state WHERE key = ANY ($1)', values: [gone] })
  await insertEntries(client, rows)
}
