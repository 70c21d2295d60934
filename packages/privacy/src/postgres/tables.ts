import { ParapetError } from '@parapet/core'
import { quoteTable } from './identifiers.js'
import { type PgPool, type SealedColumnSpec } from './types.js'

/** The tables in which this folder keeps what it must not forget; none holds a plain value or an unwrapped key. */
export type OwnTables = {
  readonly schema: string
  readonly keysets: string
  readonly columns: string
  readonly rotations: string
  readonly sealings: string
}

/** Quoted names of our tables in a schema; `public` when left out. */
export const ownTables = (schema = 'public'): OwnTables => ({
  schema,
  keysets: quoteTable(schema, 'parapet_keysets'),
  columns: quoteTable(schema, 'parapet_sealed_columns'),
  rotations: quoteTable(schema, 'parapet_rotations'),
  sealings: quoteTable(schema, 'parapet_sealings'),
})

const PLACE =
  'schema_name text not null, table_name text not null, column_name text not null, primary key (schema_name, table_name, column_name)'

/** Makes the tables that keep sealed columns and the state of rotations and sealings, where they are missing. */
export const createWorkTables = async (pool: Pick<PgPool, 'query'>, tables: OwnTables): Promise<void> => {
  const { columns, rotations, sealings } = tables
  const [found] = (
    await pool.query('select to_regclass($1) is not null and to_regclass($2) is not null and to_regclass($3) is not null as complete', [
      columns,
      rotations,
      sealings,
    ])
  ).rows as readonly { complete: boolean }[]
  if (found?.complete === true) return
  // one simple query is one transaction; the lock, because `if not exists` of two first runs can collide in the catalog
  await pool.query(`
    select pg_advisory_xact_lock(hashtextextended('parapet:tables', 0));
    create table if not exists ${columns} (${PLACE}, spec jsonb not null, added_at timestamptz not null default now());
    create table if not exists ${rotations} (${PLACE}, key_id bigint not null, state text not null, cursor jsonb, pass int not null default 1,
      walked bigint not null default 0, resealed bigint not null default 0, missed bigint not null default 0, refused bigint not null default 0,
      started_at timestamptz not null default now(), updated_at timestamptz not null default now());
    create table if not exists ${sealings} (${PLACE}, state text not null, spec jsonb not null, plan jsonb not null, cursor jsonb,
      sealed bigint not null default 0, compared bigint not null default 0, started_at timestamptz not null default now(),
      updated_at timestamptz not null default now());`)
}

/** A column written as `schema.table.column`, for messages, locks and the record. */
export const columnLabel = (spec: Pick<SealedColumnSpec, 'schema' | 'table' | 'column'>): string =>
  `${spec.schema ?? 'public'}.${spec.table}.${spec.column}`

/** The three names that the state tables are keyed by. */
export const columnKey = (spec: Pick<SealedColumnSpec, 'schema' | 'table' | 'column'>): [string, string, string] => [
  spec.schema ?? 'public',
  spec.table,
  spec.column,
]

/** Writes down that a column is sealed and how, so that rotations find it. */
export const registerSealedColumn = async (pool: Pick<PgPool, 'query'>, spec: SealedColumnSpec, schema?: string): Promise<void> => {
  const tables = ownTables(schema)
  await createWorkTables(pool, tables)
  await pool.query(
    `insert into ${tables.columns} (schema_name, table_name, column_name, spec) values ($1, $2, $3, $4)
     on conflict (schema_name, table_name, column_name) do update set spec = excluded.spec`,
    [...columnKey(spec), JSON.stringify(spec)],
  )
}

/** The sealed columns that were written down, in the order of their names. */
export const readSealedColumns = async (pool: Pick<PgPool, 'query'>, schema?: string): Promise<readonly SealedColumnSpec[]> => {
  const tables = ownTables(schema)
  const result = await pool.query(`select spec from ${tables.columns} order by schema_name, table_name, column_name`)
  return (result.rows as readonly { spec: unknown }[]).map(({ spec }) => {
    const { table, column, type } = (spec ?? {}) as Partial<SealedColumnSpec>
    if (typeof table !== 'string' || typeof column !== 'string' || !['text', 'json', 'bytes'].includes(type ?? ''))
      throw new ParapetError('PPT_SEAL_STATE', `a row of ${tables.columns} does not describe a column`)
    return spec as SealedColumnSpec
  })
}
