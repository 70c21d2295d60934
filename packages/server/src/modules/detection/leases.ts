import { randomInt } from 'node:crypto'
import { SHARDS } from '@parapet/detect'
import type { PoolClient } from 'pg'
import { toDatabaseError } from '../../db/errors.js'
import type { Database } from '../../db/types.js'

/** Advisory locks of workers: each live one holds the lock of its number, which ends with its session. */
const WORKERS = 7_274_373
/** The channel on which workers tell each other that parts are free or that one has come. */
export const SHARD_CHANNEL = 'detection_shards'
/** How long a part is held without a sign of life, ms. A worker that dies loses its parts at once, with its session. */
const LEASE_MS = 15_000

/** A part in one's own hands: how far it has come, and the fence without which nobody may move it. */
export type Lease = { readonly shard: number; readonly fence: number; readonly position: number }

/** A worker's place among the others, on a connection of its own. `isHeld` turns false when that breaks. */
export type Seat = {
  readonly worker: number
  readonly isHeld: () => boolean
  /**
   * Renews what is held, gives up what is more than a fair share and takes what is free. Answers everything that this worker holds after
   * it. Errors: `PPT_DATABASE_UNAVAILABLE`.
   */
  readonly balance: () => Promise<readonly Lease[]>
  /** Gives everything back and ends the session. */
  readonly leave: () => Promise<void>
}

/** How many parts one of `workers` may hold, so that all are held and none has two more than another's rounded share. */
export const shareOf = (workers: number): number => Math.ceil(SHARDS / Math.max(1, workers))

const NOW = '(extract(epoch FROM clock_timestamp()) * 1000)::bigint'
const LIVE = `SELECT objid FROM pg_locks WHERE locktype = 'advisory' AND classid = ${WORKERS} AND objsubid = 2 AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`

/** Moves the parts of a run on and renews them, within the run's transaction. False: one of them is in other hands, and nothing may be written. */
export const moveShards = async (
  client: PoolClient,
  worker: number,
  leases: readonly Pick<Lease, 'shard' | 'fence'>[],
  from: number,
  to: number,
): Promise<boolean> => {
  const { rowCount } = await client.query({
    name: 'detection-move',
    text: `UPDATE detection_shards d SET position = $5, expires_at = ${NOW} + ${LEASE_MS}
      FROM unnest($1::smallint[], $2::bigint[]) AS own (shard, fence)
      WHERE d.shard = own.shard AND d.fence = own.fence AND d.holder = $3 AND d.position = $4`,
    values: [leases.map(({ shard }) => shard), leases.map(({ fence }) => fence), worker, from, to],
  })
  return rowCount === leases.length
}

/** How far detection has come, whichever processes do it: where the part stands that is furthest behind. Errors: `PPT_DATABASE_UNAVAILABLE`. */
export const readPosition = async (database: Pick<Database, 'pool'>): Promise<number> =>
  (await database.pool.query<{ position: number }>('SELECT min(position) AS position FROM detection_shards')).rows[0]?.position ?? 0

/** Takes a place among the workers. Errors: `PPT_DATABASE_UNAVAILABLE`. */
export const takeSeat = async (database: Pick<Database, 'pool'>): Promise<Seat> => {
  let client: PoolClient
  try {
    client = await database.pool.connect()
  } catch (error) {
    throw toDatabaseError(error)
  }
  let held = true
  client.on('error', () => {
    held = false
  })
  const failed = (error: unknown): unknown => {
    held = false
    client.release(true)
    return toDatabaseError(error)
  }
  let worker = 0
  try {
    for (let taken = false; !taken;) {
      worker = randomInt(1, 2 ** 31)
      const { rows } = await client.query<{ taken: boolean }>(`SELECT pg_try_advisory_lock(${WORKERS}, $1) AS taken`, [worker])
      taken = rows[0]?.taken === true
    }
    // the others make room at once instead of at their next look
    await client.query(`NOTIFY ${SHARD_CHANNEL}`)
  } catch (error) {
    throw failed(error)
  }

  const balance = async (): Promise<readonly Lease[]> => {
    const { rows: own } = await client.query<Lease>({
      name: 'detection-renew',
      text: `UPDATE detection_shards SET expires_at = ${NOW} + ${LEASE_MS} WHERE holder = $1 RETURNING shard, fence, position`,
      values: [worker],
    })
    const { rows: live } = await client.query<{ live: number }>(`SELECT count(*)::int AS live FROM (${LIVE}) AS live`)
    const share = shareOf(live[0]?.live ?? 1)
    const sorted = own.toSorted((a, b) => a.shard - b.shard)
    const surplus = sorted.slice(share).map(({ shard }) => shard)
    if (surplus.length > 0) {
      await client.query('UPDATE detection_shards SET holder = NULL WHERE holder = $1 AND shard = ANY ($2::smallint[])', [worker, surplus])
      await client.query(`NOTIFY ${SHARD_CHANNEL}`)
      return sorted.slice(0, share)
    }
    if (sorted.length === share) return sorted
    const { rows: taken } = await client.query<Lease>({
      name: 'detection-take',
      text: `UPDATE detection_shards s SET holder = $1, fence = s.fence + 1, expires_at = ${NOW} + ${LEASE_MS}
        FROM (SELECT d.shard FROM detection_shards d
          WHERE d.holder IS NULL OR d.expires_at < ${NOW} OR d.holder NOT IN (SELECT objid::bigint FROM (${LIVE}) AS live)
          ORDER BY d.shard LIMIT $2 FOR UPDATE SKIP LOCKED) AS free
        WHERE s.shard = free.shard RETURNING s.shard, s.fence, s.position`,
      values: [worker, share - sorted.length],
    })
    return [...sorted, ...taken].toSorted((a, b) => a.shard - b.shard)
  }

  return {
    worker,
    isHeld: () => held,
    balance: async () => {
      try {
        return await balance()
      } catch (error) {
        // nothing is known of this session any more: another one takes its place
        throw failed(error)
      }
    },
    leave: async () => {
      if (!held) return
      held = false
      // said aloud, so that the others need not wait for the session's end; the session goes too, in case it was not heard
      await client
        .query(`UPDATE detection_shards SET holder = NULL WHERE holder = ${worker}`)
        .then(() => client.query(`SELECT pg_advisory_unlock(${WORKERS}, ${worker})`))
        .then(() => client.query(`NOTIFY ${SHARD_CHANNEL}`))
        .catch(() => undefined)
      client.release(true)
    },
  }
}
