import { formatKeyset, parseKeyset } from '../encryption/keyset/parse-keyset.js'
import type { KeysetStore } from '../encryption/types.js'
import { ownTables } from './tables.js'
import { type PgPool } from './types.js'

/**
 * Keeps a keyset in a table: its keys are wrapped, so the table is useless without the KEK, and a dump of the database holds
 * both data and keyset. `write` is a compare-and-set on the row's version. `name` tells several keysets apart.
 */
export const createPostgresKeysetStore = (
  pool: Pick<PgPool, 'query'>,
  options: { readonly schema?: string; readonly name?: string } = {},
): KeysetStore => {
  const { keysets } = ownTables(options.schema)
  const name = options.name ?? 'default'
  const exists = async (): Promise<boolean> =>
    ((await pool.query('select to_regclass($1) is not null as found', [keysets])).rows as readonly { found: boolean }[])[0]?.found === true
  const create = async (): Promise<void> => {
    if (await exists()) return
    await pool.query(`select pg_advisory_xact_lock(hashtextextended('parapet:tables', 0));
      create table if not exists ${keysets} (name text primary key, keyset text not null, version bigint not null, updated_at timestamptz not null default now())`)
  }
  return {
    where: `the table ${options.schema ?? 'public'}.parapet_keysets`,
    read: async () => {
      if (!(await exists())) return undefined
      const [row] = (await pool.query(`select keyset, version::text as version from ${keysets} where name = $1`, [name])).rows as readonly {
        keyset: string
        version: string
      }[]
      return row === undefined ? undefined : { keyset: parseKeyset(row.keyset), version: row.version }
    },
    write: async (keyset, ifVersion) => {
      await create()
      const { rowCount } =
        ifVersion === null
          ? await pool.query(`insert into ${keysets} (name, keyset, version) values ($1, $2, 1) on conflict (name) do nothing`, [
              name,
              formatKeyset(keyset),
            ])
          : await pool.query(
              `update ${keysets} set keyset = $2, version = version + 1, updated_at = now() where name = $1 and version::text = $3`,
              [name, formatKeyset(keyset), ifVersion],
            )
      return rowCount === 1
    },
  }
}
