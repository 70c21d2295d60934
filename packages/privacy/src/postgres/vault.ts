import { type TokenRow, type TokenVault, VAULT_CELL } from '../encryption/tokenizer/token-vault.js'
import { quoteTable } from './identifiers.js'
import { registerSealedColumn } from './tables.js'
import type { PgPool, SealedColumnSpec } from './types.js'

type StoredRow = {
  readonly token: string
  readonly tenant: string
  readonly rule: string
  readonly sealed: string
  readonly created_at: string
}

/**
 * Keeps what tokens stand for in a table, sealed for its row. The table is made at the first write and written down as a
 * sealed column, so that rotations find it.
 */
export const createPostgresVault = (pool: Pick<PgPool, 'query'>, options: { readonly schema?: string } = {}): TokenVault => {
  const schema = options.schema ?? 'public'
  const table = quoteTable(schema, VAULT_CELL.table)
  const spec: SealedColumnSpec = { schema, ...VAULT_CELL, type: 'text', tenant: { column: 'tenant' } }
  let made: Promise<void> | undefined
  const make = async (): Promise<void> => {
    await pool.query(`select pg_advisory_xact_lock(hashtextextended('parapet:tables', 0));
      create table if not exists ${table} (token text primary key, tenant text not null, rule text not null,
        sealed text not null check (sealed like 'ppt1.%'), created_at bigint not null)`)
    await registerSealedColumn(pool, spec, schema)
  }
  const ready = (): Promise<void> => {
    made ??= make().catch((error: unknown) => {
      // tried again at the next call
      made = undefined
      throw error
    })
    return made
  }
  return {
    put: async (rows) => {
      if (rows.length === 0) return
      await ready()
      await pool.query(
        `insert into ${table} (token, tenant, rule, sealed, created_at)
         select * from unnest($1::text[], $2::text[], $3::text[], $4::text[], $5::text[]::bigint[]) on conflict (token) do nothing`,
        [
          rows.map((row) => row.token),
          rows.map((row) => row.tenant),
          rows.map((row) => row.rule),
          rows.map((row) => row.sealed),
          rows.map((row) => String(row.createdAt)),
        ],
      )
    },
    get: async (tenant, token): Promise<TokenRow | undefined> => {
      await ready()
      const result = await pool.query(
        `select token, tenant, rule, sealed, created_at::text as created_at from ${table} where tenant = $1 and token = $2`,
        [tenant, token],
      )
      const [row] = result.rows as readonly StoredRow[]
      if (row === undefined) return undefined
      return { token: row.token, tenant: row.tenant, rule: row.rule, sealed: row.sealed, createdAt: Number(row.created_at) }
    },
  }
}
