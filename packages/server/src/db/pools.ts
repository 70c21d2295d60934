import { Pool, type PoolClient, type PoolConfig, types as pgTypes } from 'pg'
import { toDatabaseError } from './errors.js'
import { APP_ROLE, type DatabaseLog, SCHEMA } from './types.js'

/** Every `bigint` of ours counts rows or milliseconds and stays below 2^53. */
const types: NonNullable<PoolConfig['types']> = {
  getTypeParser: (...[oid, format]: Parameters<typeof pgTypes.getTypeParser>) =>
    oid === pgTypes.builtins.INT8 ? Number : pgTypes.getTypeParser(oid, format),
}

/** Where and as whom to connect. */
export type Target =
  | { readonly kind: 'socket'; readonly socketDir: string; readonly database: string; readonly user: string }
  | { readonly kind: 'url'; readonly url: string }

/**
 * The `pg` settings for a target. With `asApplication` an external connection, which signs in as the user of the URL, gives up
 * that user's rights by the `role` start-up option, so that even `RESET ROLE` stays with the application role.
 */
export const connectionConfig = (target: Target, asApplication: boolean): PoolConfig => {
  const base = { types, application_name: asApplication ? 'parapet' : 'parapet-owner', connectionTimeoutMillis: 5_000, keepAlive: true }
  const options = `-c search_path=${SCHEMA}`
  if (target.kind === 'socket')
    return { ...base, host: target.socketDir, port: 5432, database: target.database, user: target.user, password: '', ssl: false, options }
  const url = new URL(target.url)
  const written = url.searchParams.get('options')
  url.searchParams.delete('options')
  return {
    ...base,
    connectionString: url.toString(),
    options: [written, options, asApplication ? `-c role=${APP_ROLE}` : undefined]
      .filter((part) => part !== undefined && part !== null)
      .join(' '),
  }
}

/** Opens a pool that logs, rather than throws, what happens to its idle connections. */
export const createPool = (target: Target, options: { size: number; asApplication: boolean }, log: DatabaseLog): Pool => {
  const pool = new Pool({ ...connectionConfig(target, options.asApplication), max: options.size, idleTimeoutMillis: 60_000 })
  pool.on('error', (error) => log.warn({ error: error.message }, 'an idle database connection was lost'))
  return pool
}

const ignore = (): void => undefined

/**
 * Runs `work` on one connection of the pool. A connection that broke, or on which `work` failed, is thrown away.
 * Errors: `PPT_DATABASE_UNAVAILABLE` when there is none to be had or it broke.
 */
export const withClient = async <T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> => {
  let client: PoolClient
  try {
    client = await pool.connect()
  } catch (error) {
    throw toDatabaseError(error)
  }
  // a connection that dies while checked out emits an error of its own: unheard, it would end the process
  client.on('error', ignore)
  let failed = true
  try {
    const result = await work(client)
    failed = false
    return result
  } catch (error) {
    throw toDatabaseError(error)
  } finally {
    client.off('error', ignore)
    client.release(failed)
  }
}

/** Runs `work` in one transaction; committed when it resolves, rolled back when it rejects. Errors as {@link withClient}. */
export const transaction = <T>(pool: Pool, work: (client: PoolClient) => Promise<T>): Promise<T> =>
  withClient(pool, async (client) => {
    await client.query('BEGIN')
    try {
      const result = await work(client)
      await client.query('COMMIT')
      return result
    } catch (error) {
      await client.query('ROLLBACK').catch(ignore)
      throw error
    }
  })

/** Ends a pool; connections still busy after `graceMs` are left to the process's end. */
export const endPool = async (pool: Pool, graceMs = 5_000): Promise<void> => {
  if (pool.ended || pool.ending) return
  let timer: NodeJS.Timeout | undefined
  await Promise.race([
    pool.end().catch(ignore),
    new Promise<void>((resolve) => {
      timer = setTimeout(resolve, graceMs)
    }),
  ])
  clearTimeout(timer)
}
