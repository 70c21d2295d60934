import type { PoolClient } from 'pg'
import { toDatabaseError } from '../../db/errors.js'
import type { Database } from '../../db/types.js'

/** Advisory lock of the one worker that detects. */
const LOCK = 7_274_373

/** The right to detect, held on a connection of its own. `isHeld` turns false when that breaks. */
export type Leadership = { readonly isHeld: () => boolean; readonly release: () => Promise<void> }

/** Tries to become the worker that detects; `undefined` while another one is. Errors: `PPT_DATABASE_UNAVAILABLE`. */
export const tryLead = async (database: Pick<Database, 'pool'>): Promise<Leadership | undefined> => {
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
  try {
    const { rows } = await client.query<{ taken: boolean }>('SELECT pg_try_advisory_lock($1) AS taken', [LOCK])
    if (rows[0]?.taken !== true) {
      client.release(true)
      return undefined
    }
  } catch (error) {
    client.release(true)
    throw toDatabaseError(error)
  }
  return {
    isHeld: () => held,
    release: async () => {
      held = false
      // said aloud, so that the next one need not wait for the session's end; the session goes too, in case it was not heard
      await client.query('SELECT pg_advisory_unlock($1)', [LOCK]).catch(() => undefined)
      client.release(true)
    },
  }
}
