import type { FieldContext } from '../encryption/types.js'
import type { CatalogTable } from './catalog.js'
import { quoteName, quoteTable } from './identifiers.js'
import { type PgClient, type SealedColumnSpec } from './types.js'

/** A position in the order of the primary key: each part as text. */
export type Cursor = readonly string[]

/** One row of a walk: its key, its tenant and whatever else was asked for. */
export type WalkRow = { readonly key: readonly string[]; readonly tenant: string } & Readonly<Record<string, unknown>>

/** What a walk reads: quoted SQL written by the caller. */
export type Walk = {
  readonly client: PgClient
  readonly table: CatalogTable
  readonly spec: SealedColumnSpec
  /** `expression as name` list for what is read beside key and tenant; may use parameters from `$1` on */
  readonly select: string
  readonly values?: readonly unknown[]
  /** a condition that an index answers; rows without it are not fetched */
  readonly where?: string
  readonly batchSize: number
  readonly from?: Cursor | undefined
}

const fetchBatch = async (walk: Walk, cursor: Cursor | undefined): Promise<readonly WalkRow[]> => {
  const { table, spec } = walk
  const key = table.primaryKey.map((column) => `t.${quoteName(column.name)}`)
  const fixed = spec.tenant !== undefined && 'value' in spec.tenant ? spec.tenant.value : ''
  const values = [...(walk.values ?? []), ...(spec.tenant !== undefined && 'column' in spec.tenant ? [] : [fixed])]
  const tenant =
    spec.tenant !== undefined && 'column' in spec.tenant
      ? `coalesce(t.${quoteName(spec.tenant.column)}::text, '')`
      : `$${values.length}::text`
  const conditions = walk.where === undefined ? [] : [walk.where]
  if (cursor !== undefined) {
    const parts = table.primaryKey.map((column, i) => {
      values.push(cursor[i])
      return `$${values.length}::text::${column.sqlType}`
    })
    conditions.push(`(${key.join(', ')}) > (${parts.join(', ')})`)
  }
  const sql = `select array[${key.map((part) => `${part}::text`).join(', ')}] as key, ${tenant} as tenant, ${walk.select}
    from ${quoteTable(table.schema, table.name)} as t${conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`}
    order by ${key.join(', ')} limit ${walk.batchSize}`
  return (await walk.client.query(sql, values)).rows as readonly WalkRow[]
}

/**
 * Walks a table in the order of its primary key, a batch at a time. `compute` prepares a batch's write: while the database
 * writes one batch, the next is computed. One query at a time is under way on the connection.
 */
export const walkRows = async (
  walk: Walk,
  compute: (rows: readonly WalkRow[], cursor: Cursor) => () => Promise<void>,
  pace: (rows: number) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> => {
  let write: () => Promise<void> = () => Promise.resolve()
  let rows = await fetchBatch(walk, walk.from)
  while (rows.length > 0) {
    signal?.throwIfAborted()
    const cursor = rows.at(-1)?.key ?? []
    const writing = write()
    try {
      write = compute(rows, cursor)
    } finally {
      await writing
    }
    await pace(rows.length)
    rows = await fetchBatch(walk, cursor)
  }
  await write()
}

/** The context of a row's sealed value. */
export const contextOf = (spec: SealedColumnSpec, row: Pick<WalkRow, 'key' | 'tenant'>): FieldContext => ({
  tenant: row.tenant,
  table: spec.contextTable ?? spec.table,
  column: spec.column,
  row: row.key,
  type: spec.type,
})

/** The columns of the key as `unnest` arguments from parameter `$first` on, with the condition that joins them to `t`. */
export const keyArrays = (
  table: CatalogTable,
  first: number,
): { readonly arrays: readonly string[]; readonly names: readonly string[]; readonly join: string } => ({
  arrays: table.primaryKey.map((column, i) => `$${first + i}::text[]::${column.sqlType}[]`),
  names: table.primaryKey.map((_, i) => `k${i}`),
  join: table.primaryKey.map((column, i) => `t.${quoteName(column.name)} = v.k${i}`).join(' and '),
})

/** The key parts of rows, column by column, as parameters for {@link keyArrays}. */
export const keyColumns = (table: CatalogTable, rows: readonly WalkRow[]): string[][] =>
  table.primaryKey.map((_, i) => rows.map((row) => row.key[i] ?? ''))
