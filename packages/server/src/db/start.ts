import { ParapetError } from '@parapet/core'
import type { Pool } from 'pg'
import { type BundledCluster, startBundled } from './bundled/index.js'
import { checkDatabaseUrl, prepareExternal } from './external.js'
import { createListener } from './listener.js'
import { connectionConfig, createPool, endPool, type Target, withClient } from './pools.js'
import { APP_ROLE, type Database, DATABASE_NAME, type DatabaseLog, type DatabaseOptions, OWNER_ROLE } from './types.js'

const OWNER_CONNECTIONS = 3

/** Forced row-level security and append-only tables are worth nothing to a superuser: never run as one. */
const verifyApplicationRole = (pool: Pool): Promise<void> =>
  withClient(pool, async (client) => {
    const { rows } = await client.query<{ name: string; super: boolean; bypass: boolean }>(
      'SELECT current_user::text AS name, rolsuper AS super, rolbypassrls AS bypass FROM pg_roles WHERE rolname = current_user',
    )
    const role = rows[0]
    if (role?.name !== APP_ROLE || role.super || role.bypass)
      throw new ParapetError(
        'PPT_CONFIG_INVALID',
        `the application would run as the database role ${role?.name ?? 'unknown'}; it has to be ${APP_ROLE}, without SUPERUSER and BYPASSRLS`,
      )
  })

/** Opens the pools and the listener of a prepared database; `stop` runs after all of them have ended. */
export const openDatabase = async (
  kind: Database['kind'],
  targets: { readonly owner: Target; readonly application: Target },
  poolSize: number,
  stop: () => Promise<void>,
  log: DatabaseLog,
): Promise<Database> => {
  const owner = createPool(targets.owner, { size: OWNER_CONNECTIONS, asApplication: false }, log)
  const pool = createPool(targets.application, { size: poolSize, asApplication: true }, log)
  const listener = createListener(connectionConfig(targets.application, true), log)
  let closing: Promise<void> | undefined
  const close = (): Promise<void> => {
    closing ??= (async () => {
      await listener.close()
      await Promise.all([endPool(pool), endPool(owner)])
      await stop()
    })()
    return closing
  }
  try {
    await verifyApplicationRole(pool)
  } catch (error) {
    await close()
    throw error
  }
  return { kind, pool, owner: () => owner, listen: listener.listen, close }
}

const socketTargets = (socketDir: string, database: string): { owner: Target; application: Target } => ({
  owner: { kind: 'socket', socketDir, database, user: OWNER_ROLE },
  application: { kind: 'socket', socketDir, database, user: APP_ROLE },
})

/** Opens one database of a bundled cluster that runs already. */
export const openBundled = (
  cluster: BundledCluster,
  database: string,
  poolSize: number,
  stop: () => Promise<void>,
  log: DatabaseLog,
): Promise<Database> => openDatabase('bundled', socketTargets(cluster.socketDir, database), poolSize, stop, log)

const openExternal = async (url: string, poolSize: number, log: DatabaseLog): Promise<Database> => {
  checkDatabaseUrl(url)
  const target: Target = { kind: 'url', url }
  const probe = createPool(target, { size: 1, asApplication: false }, log)
  try {
    await prepareExternal(probe, log)
  } finally {
    await endPool(probe)
  }
  return openDatabase('external', { owner: target, application: target }, poolSize, () => Promise.resolve(), log)
}

/**
 * Opens the database: the operator's own by `databaseUrl`, else the bundled one in `dataDir`. `migrate` comes after it.
 * Errors: `PPT_DATA_DIR`, `PPT_DATA_DIR_LOCKED`, `PPT_DATABASE_RUNTIME`, `PPT_DATABASE_VERSION`, `PPT_DATABASE_UNAVAILABLE`, `PPT_CONFIG_INVALID`.
 */
export const startDatabase = async (options: DatabaseOptions, log: DatabaseLog): Promise<Database> => {
  const poolSize = options.poolSize ?? 10
  if (options.databaseUrl !== undefined && options.databaseUrl !== '') return openExternal(options.databaseUrl, poolSize, log)
  const onTakenOver = (error: unknown): void =>
    log.error({ error: String(error) }, 'another server has taken the data directory; this one can only be stopped')
  const cluster = await startBundled({ dataDir: options.dataDir, mode: options.mode ?? 'serve', onTakenOver }, log)
  return openBundled(cluster, DATABASE_NAME, poolSize, cluster.stop, log)
}
