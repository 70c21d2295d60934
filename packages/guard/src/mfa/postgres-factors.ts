import { ParapetError } from '@parapet/core'
import { knownOptions, optionError } from '../options/check.js'
import type { FactorRecord, FactorStore } from './factor-store.js'

/** What is used of a pool; `Pool` of pg 8 has it. */
export type FactorsPool = {
  readonly query: (text: string, values?: unknown[]) => Promise<{ readonly rows: readonly object[]; readonly rowCount: number | null }>
}

/** A {@link FactorStore} in PostgreSQL. */
export type PostgresFactors = FactorStore & {
  /** makes the table where it is missing; needs the right to create. Or run `postgresFactorsSchema()` in a migration */
  readonly ensureTables: () => Promise<void>
}

const DEFAULT_TABLE = 'parapet_guard_factors'
const UNIQUE_VIOLATION = '23505'

/** stands in statements, where no parameter can */
const readTable = (table: unknown): string => {
  if (typeof table !== 'string' || !/^[a-z][a-z\d_]{0,50}$/.test(table))
    throw optionError('postgresFactors.table', table, 'give up to 51 small letters, digits and _, such as shop_factors')
  return table
}

/** The statement that makes the table, for a migration. An ordinary table, logged and without expiry: factors are kept for good. */
export const postgresFactorsSchema = (table: string = DEFAULT_TABLE): string =>
  `create table if not exists ${readTable(table)} (
  subject text primary key,
  handle text not null unique,
  record jsonb not null,
  version text not null
)`

/**
 * Keeps factors in a table of PostgreSQL 15 or later; every method is one statement. A version is never used twice, so that a write from
 * before a reset does not count after it. Throws `PPT_CONFIG_INVALID`; writes reject with `PPT_CONFLICT` for the handle of another subject.
 */
export const postgresFactors = (pool: FactorsPool, options: { readonly table?: string } = {}): PostgresFactors => {
  if (typeof pool !== 'object' || pool === null || typeof pool.query !== 'function')
    throw optionError('postgresFactors pool', typeof pool, 'give a pool of pg: new Pool({ connectionString })')
  knownOptions('postgresFactors', options, ['table'])
  const table = readTable(options.table ?? DEFAULT_TABLE)
  const subjectOf = async (handle: string): Promise<string | undefined> => {
    const { rows } = await pool.query(`select subject from ${table} where handle = $1`, [handle])
    return (rows[0] as { readonly subject: string } | undefined)?.subject
  }
  return {
    ensureTables: async () => {
      await pool.query(postgresFactorsSchema(table))
    },
    read: async (subject) => {
      const { rows } = await pool.query(`select record::text, version from ${table} where subject = $1`, [subject])
      const row = rows[0] as { readonly record: string; readonly version: string } | undefined
      return row === undefined ? undefined : { record: JSON.parse(row.record) as FactorRecord, version: row.version }
    },
    write: async (subject, record, ifVersion) => {
      const values = [subject, record.handle, JSON.stringify(record)]
      const written =
        ifVersion === null
          ? pool.query(
              `insert into ${table} (subject, handle, record, version) values ($1, $2, $3::jsonb, gen_random_uuid()::text) on conflict (subject) do nothing`,
              values,
            )
          : pool.query(
              `update ${table} set handle = $2, record = $3::jsonb, version = gen_random_uuid()::text where subject = $1 and version = $4`,
              [...values, ifVersion],
            )
      try {
        return (await written).rowCount === 1
      } catch (cause) {
        if (!(cause instanceof Error && 'code' in cause && cause.code === UNIQUE_VIOLATION)) throw cause
        // two first writes of one subject can meet at the handle before they meet at the subject: that is a write lost, not a conflict
        if ((await subjectOf(record.handle)) === subject) return false
        throw new ParapetError('PPT_CONFLICT', 'the handle belongs to another subject', { cause })
      }
    },
    remove: async (subject) => {
      await pool.query(`delete from ${table} where subject = $1`, [subject])
    },
    subjectOf,
  }
}
