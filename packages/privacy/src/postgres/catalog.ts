import { ParapetError } from '@parapet/core'
import { type PgClient, type PgPool, type SealedColumnSpec } from './types.js'

/** A column as the catalog describes it; domains are followed to their base. */
export type CatalogColumn = {
  readonly name: string
  /** `pg_type.typname` of the base type */
  readonly type: string
  /** written as SQL, by PostgreSQL itself */
  readonly sqlType: string
  readonly notNull: boolean
  readonly hasDefault: boolean
  readonly generated: boolean
}

/** A table as far as sealing needs it. */
export type CatalogTable = {
  readonly oid: string
  readonly schema: string
  readonly name: string
  readonly kind: string
  readonly inherits: boolean
  readonly columns: ReadonlyMap<string, CatalogColumn>
  /** in the order of the key; empty when there is none */
  readonly primaryKey: readonly CatalogColumn[]
}

/** Key types whose text is the same for every driver and setting. */
const KEY_TYPES: ReadonlySet<string> = new Set(['int2', 'int4', 'int8', 'uuid', 'text', 'varchar'])

const COLUMNS = `
with recursive base(oid, typ, typmod, origin) as (
  select a.attnum::int, a.atttypid, a.atttypmod, a.attnum::int from pg_attribute a where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped
  union all
  select b.oid, t.typbasetype, t.typtypmod, b.origin from base b join pg_type t on t.oid = b.typ where t.typtype = 'd'
)
select a.attname as name, t.typname as type, format_type(b.typ, case when t.typname = 'bpchar' then b.typmod else -1 end) as sql_type,
  a.attnotnull as not_null, a.atthasdef as has_default, a.attgenerated <> '' or a.attidentity <> '' as generated, k.place
from pg_attribute a
join base b on b.origin = a.attnum
join pg_type t on t.oid = b.typ and t.typtype <> 'd'
left join lateral (
  select o.place::int from pg_index i, unnest(i.indkey) with ordinality as o(attnum, place)
  where i.indrelid = a.attrelid and i.indisprimary and o.attnum = a.attnum and o.place <= i.indnkeyatts
) k on true
where a.attrelid = $1::oid and a.attnum > 0 and not a.attisdropped
order by a.attnum`

type ColumnRow = {
  readonly name: string
  readonly type: string
  readonly sql_type: string
  readonly not_null: boolean
  readonly has_default: boolean
  readonly generated: boolean
  readonly place: number | null
}

/** Reads a table from the catalog. Throws PPT_NOT_FOUND. */
export const readTable = async (database: Pick<PgPool | PgClient, 'query'>, schema: string, name: string): Promise<CatalogTable> => {
  const [table] = (
    await database.query(
      `select c.oid::text as oid, c.relkind::text as kind,
         exists (select 1 from pg_inherits where inhrelid = c.oid or inhparent = c.oid) as inherits
       from pg_class c join pg_namespace n on n.oid = c.relnamespace
       where n.nspname = $1 and c.relname = $2 and c.relkind in ('r', 'p')`,
      [schema, name],
    )
  ).rows as readonly { oid: string; kind: string; inherits: boolean }[]
  if (table === undefined) throw new ParapetError('PPT_NOT_FOUND', `there is no table ${schema}.${name}`)
  const rows = (await database.query(COLUMNS, [table.oid])).rows as readonly ColumnRow[]
  const columns = new Map<string, CatalogColumn>()
  const key: [number, CatalogColumn][] = []
  for (const row of rows) {
    const column: CatalogColumn = {
      name: row.name,
      type: row.type,
      sqlType: row.sql_type,
      notNull: row.not_null,
      hasDefault: row.has_default,
      generated: row.generated,
    }
    columns.set(row.name, column)
    if (row.place !== null) key.push([row.place, column])
  }
  const primaryKey = key.toSorted(([a], [b]) => a - b).map(([, column]) => column)
  return { ...table, schema, name, columns, primaryKey }
}

/** The column, or PPT_NOT_FOUND. */
export const columnOf = (table: CatalogTable, name: string): CatalogColumn => {
  const column = table.columns.get(name)
  if (column === undefined) throw new ParapetError('PPT_NOT_FOUND', `${table.schema}.${table.name} has no column ${name}`)
  return column
}

/** Throws PPT_SEALED_CONTEXT unless each row has a key that can stand in a context. */
export const requireKey = (table: CatalogTable): void => {
  const name = `${table.schema}.${table.name}`
  if (table.primaryKey.length === 0) throw new ParapetError('PPT_SEALED_CONTEXT', `${name} has no primary key`)
  const odd = table.primaryKey.find((column) => !KEY_TYPES.has(column.type))
  if (odd !== undefined)
    throw new ParapetError(
      'PPT_SEALED_CONTEXT',
      `${name}: the key column ${odd.name} is ${odd.sqlType}; integers, uuid, text and varchar have one spelling`,
    )
}

/** The catalog's view of a sealed column: the table and the columns that take part, each found to exist. */
export const resolveColumn = async (
  database: Pick<PgPool | PgClient, 'query'>,
  spec: SealedColumnSpec,
): Promise<{ readonly table: CatalogTable; readonly column: CatalogColumn }> => {
  const table = await readTable(database, spec.schema ?? 'public', spec.table)
  requireKey(table)
  if (spec.tenant !== undefined && 'column' in spec.tenant) columnOf(table, spec.tenant.column)
  if (spec.index !== undefined) columnOf(table, spec.index.column)
  return { table, column: columnOf(table, spec.column) }
}
