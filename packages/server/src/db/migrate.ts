import { createHash } from 'node:crypto'
import { ParapetError } from '@parapet/core'
import type { PoolClient } from 'pg'
import type { Migration } from './migration.js'
import { MIGRATIONS } from './migrations/index.js'
import { transaction, withClient } from './pools.js'
import { APP_ROLE, type Database, SCHEMA } from './types.js'

/** Advisory lock of the migration runner, so that of two servers that start together one waits for the other. */
const LOCK = 7_274_371

const NAME = /^(\d{4})-[a-z0-9-]+$/

const checksum = (migration: Migration): string => createHash('sha256').update(migration.sql).digest('hex')

/** Checks that names are `NNNN-name` without gaps, from 0001. Throws `TypeError`: this is a mistake of ours. */
export const checkMigrations = (migrations: readonly Migration[]): void => {
  for (const [index, { name }] of migrations.entries())
    if (Number(NAME.exec(name)?.[1]) !== index + 1)
      throw new TypeError(`migration ${name} is out of order: expected ${String(index + 1).padStart(4, '0')}-...`)
}

const prepare = async (client: PoolClient): Promise<void> => {
  // IF NOT EXISTS still asks for CREATE on the database, which a narrowed owner may no longer have
  const { rowCount } = await client.query('SELECT 1 FROM pg_namespace WHERE nspname = $1', [SCHEMA])
  if (rowCount === 0) await client.query(`CREATE SCHEMA ${SCHEMA}; GRANT USAGE ON SCHEMA ${SCHEMA} TO ${APP_ROLE}`)
  await client.query(
    `CREATE TABLE IF NOT EXISTS ${SCHEMA}.migrations (name text PRIMARY KEY, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now());
     GRANT SELECT ON ${SCHEMA}.migrations TO ${APP_ROLE}`,
  )
}

const verify = (applied: readonly { name: string; checksum: string }[], migrations: readonly Migration[]): void => {
  for (const [index, row] of applied.entries()) {
    const known = migrations[index]
    if (known === undefined)
      throw new ParapetError('PPT_DATABASE_VERSION', `the schema is at ${row.name}, which this version of Parapet does not know`)
    if (known.name !== row.name || checksum(known) !== row.checksum)
      throw new ParapetError('PPT_DATABASE_VERSION', `the schema was made with another ${row.name} than this version of Parapet holds`)
  }
}

/**
 * Brings the schema up to date, one transaction a step, under an advisory lock. Answers the names that were applied.
 * Errors: `PPT_DATABASE_VERSION` when the schema is newer than, or not the one of, this version; `PPT_DATABASE_UNAVAILABLE`.
 */
export const migrate = async (
  database: Pick<Database, 'owner'>,
  migrations: readonly Migration[] = MIGRATIONS,
): Promise<readonly string[]> => {
  checkMigrations(migrations)
  return withClient(database.owner(), async (client) => {
    await client.query('SELECT pg_advisory_lock($1)', [LOCK])
    try {
      await prepare(client)
      const { rows: applied } = await client.query<{ name: string; checksum: string }>(
        `SELECT name, checksum FROM ${SCHEMA}.migrations ORDER BY name`,
      )
      verify(applied, migrations)
      const pending = migrations.slice(applied.length)
      for (const migration of pending)
        await transaction(database.owner(), async (step) => {
          await step.query(migration.sql)
          await step.query(`INSERT INTO ${SCHEMA}.migrations (name, checksum) VALUES ($1, $2)`, [migration.name, checksum(migration)])
        })
      return pending.map((migration) => migration.name)
    } finally {
      await client.query('SELECT pg_advisory_unlock($1)', [LOCK]).catch(() => undefined)
    }
  })
}
