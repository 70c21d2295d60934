import type { AuditEntry, Clock } from '@parapet/core'
import type { FieldCipher } from '@parapet/privacy/encryption'
import type { Pool, PoolClient } from 'pg'
import { transaction } from '../../db/pools.js'
import type { Vault } from '../../vault/index.js'
import { createAudit } from '../audit/index.js'
import { createRenewal } from './renewal.js'
import type { Demand } from './reseal-demand.js'
import { RESEAL_TABLES, type ResealTable } from './reseal-tables.js'

/** What bringing tables under a new key works with. */
export type ResealDeps = {
  readonly pool: Pool
  readonly vault: Vault
  readonly cipher: Pick<FieldCipher, 'keyIdOf' | 'primaryKeyId'>
  readonly clock: Clock
  /** rows in one transaction */
  readonly size: number
  /** how long after the keyset changed a server may still seal with the key before, ms */
  readonly settleMs: number
}

/** How far all tables together are. */
export type ResealProgress = {
  /** tables in which cells of another key may be left */
  readonly tablesLeft: number
  /** rows brought under the present key so far */
  readonly resealed: number
  /** rows that do not open, in the latest pass */
  readonly refused: number
}

/** How far a table is after a batch. */
export type TableProgress = {
  readonly table: string
  readonly pass: number
  readonly walked: number
  readonly resealed: number
  readonly refused: number
  readonly finished: boolean
}

const record = (
  client: PoolClient,
  deps: ResealDeps,
  entry: Pick<AuditEntry, 'action' | 'resource' | 'outcome' | 'detail'>,
): Promise<void> =>
  createAudit({ pool: client, vault: deps.vault }).record({ at: deps.clock(), actor: { kind: 'system', id: 'sealing' }, ...entry })

/**
 * Marks every table as to be walked for what the keyset asks, unless it is already, or by a server with a newer copy of the keyset. True
 * when this call did so. With `again` tables with rows that did not open are walked once more.
 */
export const beginResealing = (deps: ResealDeps, demand: Demand, again: boolean): Promise<boolean> =>
  transaction(deps.pool, async (client) => {
    const { rowCount } = await client.query(
      `INSERT INTO resealing AS r (name, key_id, keyset_at, began_at) SELECT name, $2, $3, $4 FROM unnest($1::text[]) AS name ORDER BY name
       ON CONFLICT (name) DO UPDATE SET key_id = excluded.key_id, keyset_at = excluded.keyset_at, began_at = excluded.began_at, pass = 1,
         pass_began_at = NULL, after = '', walked = 0, resealed = 0, missed = 0, refused = 0, finished_at = NULL
       WHERE r.keyset_at < excluded.keyset_at OR (r.keyset_at = excluded.keyset_at AND r.key_id <> excluded.key_id)
         OR ($5 AND r.keyset_at = excluded.keyset_at AND r.refused > 0 AND r.finished_at IS NOT NULL)`,
      [RESEAL_TABLES.map(({ name }) => name), demand.keyId, demand.at, deps.clock(), again],
    )
    const tables = rowCount ?? 0
    if (tables === 0) return false
    const detail = { key_id: demand.keyId, tables }
    await record(client, deps, { action: 'keyset.reseal_started', resource: { type: 'keyset' }, outcome: 'success', detail })
    return true
  })

/** The tables that are not finished for what the keyset asks. */
export const tablesLeft = async (deps: Pick<ResealDeps, 'pool'>, demand: Demand): Promise<ReadonlySet<string>> => {
  const { rows } = await deps.pool.query<{ name: string }>(
    'SELECT name FROM resealing WHERE key_id = $1 AND keyset_at = $2 AND finished_at IS NULL',
    [demand.keyId, demand.at],
  )
  return new Set(rows.map(({ name }) => name))
}

type Place = {
  readonly pass: number
  readonly pass_began_at: number | null
  readonly after: string
  readonly walked: number
  readonly resealed: number
  readonly missed: number
  readonly refused: number
}

type Looked = {
  readonly last: string | null
  readonly rows: number
  readonly places: readonly string[]
  readonly first_day: number
  readonly last_day: number
}

/**
 * One batch of one table with the place where it ends, in one transaction. `undefined`: another server is at it, it is finished, or its
 * next pass has to wait. A table is finished by a pass that began when no server could seal with the key before any more, and that
 * passed nothing over.
 */
export const resealBatch = (deps: ResealDeps, demand: Demand, table: ResealTable): Promise<TableProgress | undefined> =>
  transaction(deps.pool, async (client) => {
    const { clock, size } = deps
    const { rows: held } = await client.query<Place>(
      `SELECT pass, pass_began_at, after, walked, resealed, missed, refused FROM resealing
       WHERE name = $1 AND key_id = $2 AND keyset_at = $3 AND finished_at IS NULL FOR UPDATE SKIP LOCKED`,
      [table.name, demand.keyId, demand.at],
    )
    const [place] = held
    if (place === undefined) return undefined
    const settledAt = demand.at + deps.settleMs
    const began = place.pass_began_at ?? clock()
    if (place.pass > 1 && began < settledAt) return undefined

    const from = table.numeric && place.after === '' ? -1 : place.after
    const { rows: looked } = await client.query<Looked>(table.look, [from, size, demand.keyId])
    const window: Looked = looked[0] ?? { last: null, rows: 0, places: [], first_day: 0, last_day: 0 }
    const { places } = window
    const done =
      places.length === 0
        ? { resealed: 0, refused: 0, kept: 0 }
        : await table.reseal(client, createRenewal(deps), { places, firstDay: window.first_day, lastDay: window.last_day })
    const missed = place.missed + places.length - done.resealed - done.refused - done.kept
    const refused = place.refused + done.refused
    const resealed = place.resealed + done.resealed
    const walked = place.walked + window.rows
    const isEnd = window.rows < size
    const finished = isEnd && missed === 0 && began >= settledAt
    const values = [table.name, walked, resealed]
    if (!isEnd)
      await client.query(
        'UPDATE resealing SET walked = $2, resealed = $3, after = $4, missed = $5, refused = $6, pass_began_at = $7 WHERE name = $1',
        [...values, window.last, missed, refused, began],
      )
    else if (finished)
      await client.query('UPDATE resealing SET walked = $2, resealed = $3, missed = 0, refused = $4, finished_at = $5 WHERE name = $1', [
        ...values,
        refused,
        clock(),
      ])
    else
      await client.query(
        `UPDATE resealing SET walked = $2, resealed = $3, pass = pass + 1, pass_began_at = NULL, after = '', missed = 0, refused = 0 WHERE name = $1`,
        values,
      )
    if (finished)
      await record(client, deps, {
        action: 'sealed_table.resealed',
        resource: { type: 'sealed_table', id: table.name },
        outcome: refused === 0 ? 'success' : 'failure',
        detail: { key_id: demand.keyId, resealed, refused, passes: place.pass },
      })
    return { table: table.name, pass: place.pass, walked, resealed, refused, finished }
  })

/** How far the latest walk is, whichever server does it; nothing is left where there never was one. */
export const readResealing = async (pool: Pick<Pool, 'query'>): Promise<ResealProgress> => {
  const { rows } = await pool.query<{ left: number; resealed: number; refused: number }>(
    `SELECT count(*) FILTER (WHERE finished_at IS NULL)::int AS left, coalesce(sum(resealed), 0)::bigint AS resealed,
       coalesce(sum(refused), 0)::bigint AS refused FROM resealing`,
  )
  const { left: tablesLeft = 0, resealed = 0, refused = 0 } = rows[0] ?? {}
  return { tablesLeft, resealed, refused }
}
