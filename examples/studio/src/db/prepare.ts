import { readdir, readFile } from 'node:fs/promises'
import { postgresFactors, type PostgresFactors } from '@parapet/guard/mfa'
import { type PostgresStore, postgresStore } from '@parapet/guard/stores/postgres'
import { createKeyset, type KekProvider, type OpenKeyset, openKeyset, SETTLE_MS } from '@parapet/privacy/encryption'
import { createPostgresKeysetStore } from '@parapet/privacy/postgres'
import type { Pool } from 'pg'

/** What stands in the database beside the tables of the studio itself. */
export type Prepared = { readonly keyset: OpenKeyset; readonly store: PostgresStore; readonly factors: PostgresFactors }

/** The migrations that have run. */
const migrationsDone = async (pool: Pool): Promise<ReadonlySet<string>> => {
  await pool.query('create table if not exists migrations (name text primary key, at timestamptz not null default now())')
  return new Set((await pool.query<{ name: string }>('select name from migrations')).rows.map(({ name }) => name))
}

/** Runs those of this folder that have not, in their order, each in a transaction. */
const migrate = async (pool: Pool, done: ReadonlySet<string>): Promise<void> => {
  const folder = new URL('.', import.meta.url)
  for (const name of (await readdir(folder)).filter((file) => file.endsWith('.sql')).toSorted()) {
    if (done.has(name)) continue
    const client = await pool.connect()
    try {
      await client.query('begin')
      await client.query(await readFile(new URL(name, folder), 'utf8'))
      await client.query('insert into migrations (name) values ($1)', [name])
      await client.query('commit')
    } catch (error) {
      await client.query('rollback')
      throw error
    } finally {
      client.release()
    }
  }
}

/**
 * Brings the database up to date and opens the keys of its sealed columns. Keys are made with a new database only: one that has data and
 * has lost its keys stops here (`PPT_KEYS_MISSING`) instead of going on with others.
 */
export const prepareDatabase = async (
  pool: Pool,
  kek: KekProvider,
  production: boolean,
  onError: (error: unknown) => void,
): Promise<Prepared> => {
  const keys = { store: createPostgresKeysetStore(pool), kek, clock: Date.now, production }
  const [store, factors] = [postgresStore(pool, { timeoutMs: 2_000 }), postgresFactors(pool)]
  await Promise.all([store.ensureTables(), factors.ensureTables()])
  const done = await migrationsDone(pool)
  if (done.size === 0 && (await keys.store.read()) === undefined) await createKeyset(keys)
  await migrate(pool, done)
  const keyset = await openKeyset({ ...keys, maxAgeMs: SETTLE_MS })
  // a rotation in another process is seen within a minute
  keyset.watch({ onError })
  return { keyset, store, factors }
}
