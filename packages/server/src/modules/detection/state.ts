import { createDecisionSet, type DecisionSet } from '@parapet/core'
import { type BudgetState, restoreBudget } from '@parapet/respond'
import type { PoolClient } from 'pg'
import { withClient } from '../../db/pools.js'
import type { Database } from '../../db/types.js'
import type { Cell, Vault } from '../../vault/index.js'
import { CURRENT_COLUMNS, type DecisionRow, openDecision } from '../decisions/sealed-decision.js'
import { reasonOf } from './collect.js'
import type { DetectionDeps, DetectionEngine, StateEntry } from './types.js'

/** The row of `detection_state` that holds the budget; keys of the engine are digests and cannot be this. */
const BUDGET_KEY = 'budget'
/** It belongs to no part. */
const BUDGET_SHARD = -1
/** The advisory lock of whoever spends of the budget. */
const BUDGET_LOCK = 7_274_374

/** One thing that the engine remembers: its key and its state. The budget has no key. */
type Entry = { readonly k?: string; readonly s?: unknown }

/** The engine's keys hold names and addresses. */
const placeOf = (vault: Pick<Vault, 'keyed'>, shard: number, key: string): string => vault.keyed('detection-state', `${shard}|${key}`)

/** Where what the engine remembers of one key is sealed. */
export const stateCell = (place: string): Cell => ({ table: 'detection_state', column: 'entry', row: [place], type: 'json' })

const sealEntry = (vault: Pick<Vault, 'seal'>, place: string, entry: Entry): string =>
  // sealed text is plain: quotes make it JSON
  `"${vault.seal(JSON.stringify(entry), stateCell(place))}"`

type StateRow = { readonly shard: number; readonly key: string; readonly entry: unknown }

/** Entries that open. One that does not is forgotten and told of: a count that starts afresh is better than no detection at all. */
const openEntries = (rows: readonly StateRow[], deps: Pick<DetectionDeps, 'vault' | 'log'>): (Entry & { readonly shard: number })[] =>
  rows.flatMap(({ shard, key, entry }) => {
    try {
      return [{ shard, ...(JSON.parse(deps.vault.open(String(entry), stateCell(key))) as Entry) }]
    } catch (error) {
      deps.log.error({ key, reason: reasonOf(error) }, 'a part of the state of detection does not open; its count starts afresh')
      return []
    }
  })

/**
 * What the engine remembers of these parts, in `engine`. False: one of them does not stand at `position`, and nothing was restored; another
 * worker has moved it.
 */
export const restoreEngine = (
  database: Pick<Database, 'pool'>,
  deps: Pick<DetectionDeps, 'vault' | 'log'>,
  engine: Pick<DetectionEngine, 'restore'>,
  shards: readonly number[],
  position: number,
): Promise<boolean> =>
  withClient(database.pool, async (client) => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const moved = await client.query('SELECT 1 FROM detection_shards WHERE shard = ANY ($1::smallint[]) AND position <> $2', [
      shards,
      position,
    ])
    const { rows } = await client.query<StateRow>('SELECT shard, key, entry FROM detection_state WHERE shard = ANY ($1::smallint[])', [
      shards,
    ])
    await client.query('COMMIT')
    if (moved.rows.length > 0) return false
    engine.restore(openEntries(rows, deps).flatMap(({ shard, k, s }) => (k === undefined ? [] : [{ shard, key: k, state: s }])))
    return true
  })

/** The decisions that are in force, of one moment. */
export const readHeld = (database: Pick<Database, 'pool'>, deps: Pick<DetectionDeps, 'vault' | 'clock'>): Promise<DecisionSet> =>
  withClient(database.pool, async (client) => {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
    const revision = await client.query<{ head: number }>(`SELECT head FROM log_heads WHERE name = 'decisions'`)
    const decisions = await client.query<DecisionRow>(
      `SELECT ${CURRENT_COLUMNS} FROM decisions WHERE lifted_at IS NULL AND expires_at > $1`,
      [deps.clock()],
    )
    await client.query('COMMIT')
    const held = createDecisionSet()
    // from the head, not from the highest of those in force: what ended long ago is not read again
    held.reset(
      decisions.rows.map((row) => openDecision(deps.vault, row)),
      revision.rows[0]?.head ?? 0,
    )
    return held
  })

/** What is left of the budget that all workers share; with `lock` nobody else spends of it until the transaction ends. */
export const readBudget = async (
  client: Pick<PoolClient, 'query'>,
  deps: Pick<DetectionDeps, 'vault' | 'log' | 'budget'>,
  lock: boolean,
): Promise<BudgetState> => {
  if (lock) await client.query(`SELECT pg_advisory_xact_lock(${BUDGET_LOCK})`)
  const { rows } = await client.query<StateRow>('SELECT shard, key, entry FROM detection_state WHERE key = $1', [BUDGET_KEY])
  return restoreBudget(openEntries(rows, deps)[0]?.s, deps.budget)
}

const insertEntries = async (
  client: PoolClient,
  rows: readonly { readonly shard: number; readonly place: string; readonly sealed: string }[],
): Promise<void> => {
  if (rows.length === 0) return
  await client.query({
    name: 'detection-save',
    text: `INSERT INTO detection_state (shard, key, entry, form) SELECT *, 1 FROM unnest($1::smallint[], $2::text[], $3::json[])
      ON CONFLICT (key) DO UPDATE SET entry = excluded.entry, form = 1`,
    values: [rows.map((row) => row.shard), rows.map((row) => row.place), rows.map((row) => row.sealed)],
  })
}

/** Writes what changed of the engine's state. */
export const saveState = async (client: PoolClient, vault: Pick<Vault, 'seal' | 'keyed'>, dirty: readonly StateEntry[]): Promise<void> => {
  const isGone = ({ state }: StateEntry): boolean => state === null || state === undefined
  const gone = dirty.filter(isGone).map(({ shard, key }) => placeOf(vault, shard, key))
  const rows = dirty
    .filter((each) => !isGone(each))
    .map(({ shard, key, state }) => {
      const place = placeOf(vault, shard, key)
      return { shard, place, sealed: sealEntry(vault, place, { k: key, s: state }) }
    })
  if (gone.length > 0)
    await client.query({ name: 'detection-forget', text: 'DELETE FROM detection_state WHERE key = ANY ($1)', values: [gone] })
  await insertEntries(client, rows)
}

/** Writes what was spent of the budget. */
export const saveBudget = (client: PoolClient, vault: Pick<Vault, 'seal'>, { limits: _limits, ...spent }: BudgetState): Promise<void> =>
  insertEntries(client, [{ shard: BUDGET_SHARD, place: BUDGET_KEY, sealed: sealEntry(vault, BUDGET_KEY, { s: spent }) }])
