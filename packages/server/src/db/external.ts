import { ParapetError } from '@parapet/core'
import type { Pool, PoolClient } from 'pg'
import { codeOf, isUnavailable } from './errors.js'
import { withClient } from './pools.js'
import { APP_ROLE, type DatabaseLog } from './types.js'

const OLDEST = 15
const NEWEST = 18

/** Checks that a `DATABASE_URL` is one for PostgreSQL. The message never repeats it: it holds a password. Errors: `PPT_CONFIG_INVALID`. */
export const checkDatabaseUrl = (url: string): void => {
  const scheme = URL.canParse(url) ? new URL(url).protocol : ''
  if (scheme !== 'postgres:' && scheme !== 'postgresql:')
    throw new ParapetError('PPT_CONFIG_INVALID', 'DATABASE_URL has to be postgres://user:password@host:port/database')
}

/** Refuses a server that is older or newer than what is tested. Errors: `PPT_DATABASE_VERSION`. */
export const checkServerVersion = (version: number): void => {
  const major = Math.floor(version / 10_000)
  if (major < OLDEST || major > NEWEST) throw new ParapetError('PPT_DATABASE_VERSION', `the server of DATABASE_URL is PostgreSQL ${major}`)
}

const grantSql = (version: number): string => `GRANT ${APP_ROLE} TO CURRENT_USER${version >= 160_000 ? ' WITH SET TRUE' : ''}`

const ensureRole = async (client: PoolClient, version: number): Promise<void> => {
  const { rows } = await client.query<{ known: boolean; member: boolean; superuser: boolean }>(
    `SELECT EXISTS (SELECT 1 FROM pg_roles WHERE rolname = $1) AS known,
       EXISTS (SELECT 1 FROM pg_roles r WHERE r.rolname = $1 AND pg_has_role(current_user, r.oid, 'MEMBER')) AS member,
       (SELECT rolsuper FROM pg_roles WHERE rolname = current_user) AS superuser`,
    [APP_ROLE],
  )
  const state = rows[0]
  try {
    if (state?.known !== true)
      await client.query(`CREATE ROLE ${APP_ROLE} NOLOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOBYPASSRLS`).catch(ignoreDuplicate)
    if (state?.member !== true) await client.query(grantSql(version))
  } catch (error) {
    throw new ParapetError(
      'PPT_CONFIG_INVALID',
      `DATABASE_URL: its user may not make the application role; run as a superuser: CREATE ROLE ${APP_ROLE} NOLOGIN; GRANT ${APP_ROLE} TO the user of the URL`,
      { cause: error },
    )
  }
}

const ignoreDuplicate = (error: unknown): void => {
  if (codeOf(error) !== '42710' && codeOf(error) !== '23505') throw error
}

/**
 * Checks an operator's own PostgreSQL and makes the application role in it. The user of the URL owns the schema, so it needs
 * CREATE on the database, and either CREATEROLE or the role `parapet_app` made and granted beforehand.
 * Errors: `PPT_DATABASE_UNAVAILABLE`, `PPT_DATABASE_VERSION`, `PPT_CONFIG_INVALID`.
 */
export const prepareExternal = async (owner: Pool, log: DatabaseLog): Promise<void> => {
  try {
    await withClient(owner, async (client) => {
      const { rows } = await client.query<{ version: string; sync: string; fsync: string }>(
        `SELECT current_setting('server_version_num') AS version, current_setting('synchronous_commit') AS sync, current_setting('fsync') AS fsync`,
      )
      const version = Number(rows[0]?.version)
      checkServerVersion(version)
      if (rows[0]?.sync === 'off' || rows[0]?.fsync === 'off')
        log.warn({ synchronous_commit: rows[0].sync, fsync: rows[0].fsync }, 'the database may lose what it acknowledged when it crashes')
      await ensureRole(client, version)
    })
  } catch (error) {
    if (isUnavailable(error)) throw new ParapetError('PPT_DATABASE_UNAVAILABLE', 'DATABASE_URL', { cause: error })
    const code = codeOf(error)
    // class 28: wrong user or password; 3D000: no such database
    if (code !== undefined && (code.startsWith('28') || code === '3D000'))
      throw new ParapetError('PPT_CONFIG_INVALID', 'DATABASE_URL: the server refuses its user, password or database name', { cause: error })
    throw error
  }
}
