import { setTimeout as sleep } from 'node:timers/promises'
import { ParapetError } from '@parapet/core'
import { type PgClient, type PgPool } from './types.js'

/** How long statements and waits for locks may take, in ms. */
export type SessionLimits = { readonly statementMs?: number; readonly lockMs?: number; readonly waitForRunMs?: number }

const LIMITS = { statementMs: 120_000, lockMs: 3_000, waitForRunMs: 5_000 }

/**
 * One connection for one run. Text of dates and numbers is written in one form; rows hidden by row-level security raise an
 * error instead of being passed over; our triggers know that the writer is the sealing itself.
 */
export const openSession = async (pool: PgPool, limits: SessionLimits = {}): Promise<PgClient> => {
  const client = await pool.connect()
  // without a listener a broken connection would end the process; the running query rejects anyway
  client.on?.('error', () => undefined)
  try {
    await client.query(
      `select set_config('statement_timeout', $1, false), set_config('lock_timeout', $2, false), set_config('row_security', 'off', false),
         set_config('datestyle', 'ISO, YMD', false), set_config('timezone', 'UTC', false), set_config('client_encoding', 'UTF8', false),
         set_config('parapet.sealing', 'on', false)`,
      [String(limits.statementMs ?? LIMITS.statementMs), String(limits.lockMs ?? LIMITS.lockMs)],
    )
    return client
  } catch (error) {
    client.release(true)
    throw error
  }
}

/** Runs `work` on a session that holds the lock `name`; a second run waits a moment, then gets PPT_SEAL_STATE. */
export const withLockedSession = async <T>(
  pool: PgPool,
  name: string,
  work: (client: PgClient) => Promise<T>,
  limits: SessionLimits = {},
): Promise<T> => {
  const client = await openSession(pool, limits)
  try {
    // a killed run's lock is gone as soon as the server notices the closed connection
    for (let waited = 0; ; waited += 50) {
      const [row] = (await client.query('select pg_try_advisory_lock(hashtextextended($1, 0)) as got', [`parapet:${name}`]))
        .rows as readonly { got: boolean }[]
      if (row?.got === true) break
      if (waited >= (limits.waitForRunMs ?? LIMITS.waitForRunMs)) throw new ParapetError('PPT_SEAL_STATE', `another run works on ${name}`)
      await sleep(50)
    }
    return await work(client)
  } finally {
    // closed, not given back: the settings above and the lock end with the connection
    client.release(true)
  }
}

/** `work` in a transaction on `client`. */
export const inTransaction = async <T>(client: PgClient, work: () => Promise<T>): Promise<T> => {
  await client.query('begin')
  try {
    const result = await work()
    await client.query('commit')
    return result
  } catch (error) {
    await client.query('rollback').catch(() => undefined)
    throw error
  }
}

/** In a transaction: how long a lock that stops writers is waited for, because they queue behind the waiting. */
export const SHORT_LOCK_WAIT = "set local lock_timeout = '400ms'"

/** `work`, again after a pause while the lock it needs is not to be had: waiting in the queue would hold up every writer. */
export const retryLocked = async <T>(work: () => Promise<T>, attempts = 50): Promise<T> => {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work()
    } catch (error) {
      const code = (error as { readonly code?: unknown }).code
      if ((code !== '55P03' && code !== '40P01') || attempt >= attempts) throw error
      await sleep(Math.min(1_000, 50 * attempt))
    }
  }
}
