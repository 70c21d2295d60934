import { createHash } from 'node:crypto'
import { ParapetError } from '@parapet/core'
import type { FieldContext } from '../../encryption/types.js'
import { type CatalogTable, columnOf, requireKey } from '../catalog.js'
import { quoteName, withSuffix } from '../identifiers.js'
import { type IndexSpec, type PgClient, type SealedColumnSpec, type TenantSpec } from '../types.js'

/** What the caller wants sealed. */
export type SealRequest = {
  readonly schema: string
  readonly table: string
  /** the plain column */
  readonly column: string
  /** where sealed values go; `<column>_sealed` when left out */
  readonly sealedColumn?: string
  readonly storage?: 'text' | 'bytea'
  readonly tenant?: TenantSpec
  /** makes a blind index column, for plain text only; `<column>_index` is the usual name */
  readonly index?: IndexSpec
}

/** Everything the later steps need, decided once and stored with the state. */
export type SealPlan = {
  readonly spec: SealedColumnSpec
  readonly plain: string
  /** the plain column's name after the cut */
  readonly retired: string
  readonly plainType: string
  readonly plainNotNull: boolean
  readonly storage: 'text' | 'bytea'
  /** in the names of our trigger, functions and index */
  readonly mark: string
}

/** Types whose text comes back as the same value; everything else would lose something. */
const TEXT_TYPES: ReadonlySet<string> = new Set([
  'text',
  'varchar',
  'bpchar',
  'citext',
  'uuid',
  'inet',
  'date',
  'int2',
  'int4',
  'int8',
  'numeric',
])

const typeOf = (type: string, name: string): FieldContext['type'] => {
  if (TEXT_TYPES.has(type)) return 'text'
  if (type === 'json' || type === 'jsonb') return 'json'
  if (type === 'bytea') return 'bytes'
  throw new ParapetError('PPT_SEAL_STATE', `${name} is ${type}, which cannot be sealed; change it to text first`)
}

/** What hangs on the plain column. */
const DEPENDENCIES = `
select case d.classid::regclass::text
    when 'pg_rewrite' then 'view ' || (select ev_class::regclass::text from pg_rewrite where oid = d.objid)
    when 'pg_constraint' then case (select contype from pg_constraint where oid = d.objid)
      when 'f' then 'foreign key ' when 'p' then 'primary key ' when 'u' then 'unique ' when 'x' then 'exclusion ' else 'check ' end
      || (select conname from pg_constraint where oid = d.objid)
    when 'pg_class' then case when (select relkind from pg_class where oid = d.objid) in ('i', 'I')
      then case when (select indisunique from pg_index where indexrelid = d.objid) then 'unique ' else 'index ' end else 'relation ' end || d.objid::regclass::text
    when 'pg_attrdef' then case when (select adnum from pg_attrdef where oid = d.objid) = d.refobjsubid then 'default ' else 'generated column ' end
    when 'pg_statistic_ext' then 'statistics '
    else d.classid::regclass::text || ' ' || d.objid end as what
from pg_depend d where d.refclassid = 'pg_class'::regclass and d.refobjid = $1::oid and d.refobjsubid = $2
union
select 'foreign key ' || conname from pg_constraint where confrelid = $1::oid and contype = 'f' and $2::int2 = any (confkey)`

/** These end with the plain column; a view or a policy would go on showing it, or keep it from being dropped. */
const HARMLESS = /^(?:index|unique|check|statistics) /

/** Decides how a column is sealed. Throws PPT_SEAL_STATE, PPT_SEALED_CONTEXT or PPT_INVALID where it cannot be. */
export const planSealing = async (
  client: PgClient,
  request: SealRequest,
  table: CatalogTable,
): Promise<{ readonly plan: SealPlan; readonly warnings: readonly string[] }> => {
  const name = `${request.schema}.${request.table}.${request.column}`
  const refuse = (why: string): ParapetError => new ParapetError('PPT_SEAL_STATE', `${name} ${why}`)
  if (table.kind !== 'r' || table.inherits)
    throw refuse('belongs to a partitioned or inherited table: seal its parts one by one with triggers of your own')
  requireKey(table)
  const column = columnOf(table, request.column)
  if (table.primaryKey.includes(column)) throw refuse('is part of the primary key')
  if (column.generated) throw refuse('is generated')
  if (column.hasDefault) throw refuse('has a default, which would fill it behind a sealed value: drop the default first')
  const type = typeOf(column.type, name)
  if (request.index !== undefined && type !== 'text') throw refuse('gets no blind index: only text has one')
  if (request.tenant !== undefined && 'column' in request.tenant) columnOf(table, request.tenant.column)

  const sealedColumn = request.sealedColumn ?? withSuffix(request.column, '_sealed')
  const retired = withSuffix(request.column, '_plain')
  const fresh = [sealedColumn, retired, ...(request.index === undefined ? [] : [request.index.column])]
  for (const one of fresh) {
    quoteName(one)
    if (table.columns.has(one)) throw refuse(`needs the name ${one}, which the table has already`)
  }
  if (new Set([request.column, ...fresh]).size !== fresh.length + 1) throw refuse('needs different names for its columns')

  const place = (
    await client.query('select attnum::int from pg_attribute where attrelid = $1::oid and attname = $2', [table.oid, request.column])
  ).rows as readonly { attnum: number }[]
  const hangs = ((await client.query(DEPENDENCIES, [table.oid, place[0]?.attnum])).rows as readonly { what: string }[]).map(
    ({ what }) => what,
  )
  const blocking = hangs.filter((what) => !HARMLESS.test(what))
  if (blocking.length > 0) throw refuse(`is used by ${blocking.join(', ')}: change that first`)
  const warnings = hangs
    .filter((what) => !what.startsWith('statistics'))
    .map((what) => `${what} ends with the plain column${what.startsWith('unique') ? '; make one on the blind index before' : ''}`)

  const { schema, table: tableName, tenant, index } = request
  return {
    plan: {
      spec: { schema, table: tableName, column: sealedColumn, type, ...(tenant && { tenant }), ...(index && { index }) },
      plain: request.column,
      retired,
      plainType: column.sqlType,
      plainNotNull: column.notNull,
      storage: request.storage ?? (type === 'bytes' ? 'bytea' : 'text'),
      mark: createHash('sha256').update(name).digest('hex').slice(0, 12),
    },
    warnings,
  }
}
