import { ParapetError } from '@parapet/core'
import type { BlindIndex, FieldContext, Normalizer, OpenKeyset } from '../encryption/types.js'
import { createSealedCodec, type PlainValue, type RowKey, type SealedCodec } from './codec.js'

/** One sealed column of a table. */
export type SealedColumnOptions = {
  readonly type: FieldContext['type']
  /** how it lies in the column; `text` when left out, `bytea` for bytes */
  readonly storage?: 'text' | 'bytea'
  /** the column's name in the context when it is not its own, as with a mapped field of an ORM */
  readonly contextColumn?: string
  /** the column of its blind index, which makes equality searchable; text only */
  readonly index?: { readonly column: string; readonly normalize: readonly Normalizer[]; readonly bits: number }
}

/** The sealed columns of one table, and what their context is made of. */
export type SealedTableOptions = {
  readonly primaryKey: readonly string[]
  /** the column that holds a row's tenant, or a function that gives the tenant at hand; left out: no tenants */
  readonly tenant?: string | (() => string)
  readonly columns: Readonly<Record<string, SealedColumnOptions>>
  /** the table's name in the context when it is not its own, as with an ORM's model */
  readonly contextTable?: string
}

/** Tables by name, `users` or `schema.users`. */
export type SealedTables = Readonly<Record<string, SealedTableOptions>>

/** A sealed column, ready for use. */
export type SealedColumn = {
  /** `table.column`, for messages */
  readonly label: string
  readonly name: string
  readonly table: SealedTable
  readonly type: FieldContext['type']
  readonly codec: SealedCodec
  readonly index: SealedIndex | undefined
}

/** The blind index of a column. */
export type SealedIndex = {
  readonly column: string
  readonly bits: number
  /** what is stored beside the value */
  readonly of: (value: PlainValue, tenant: string) => string | null
  /** what a query compares with */
  readonly allOf: (value: string, tenant: string) => readonly string[]
  /** true when both are equal after normalising; tells a hit from a collision of the short index */
  readonly same: (a: string, b: string, tenant: string) => boolean
}

/** A table with sealed columns, ready for use. */
export type SealedTable = {
  readonly schema: string | undefined
  readonly name: string
  readonly primaryKey: readonly string[]
  readonly tenantColumn: string | undefined
  readonly tenantOf: (() => string) | undefined
  readonly columns: ReadonlyMap<string, SealedColumn>
  readonly indexColumns: ReadonlySet<string>
}

/** All tables with sealed columns. */
export type SealedModel = {
  readonly tables: readonly SealedTable[]
  /** by name, and schema where both sides name one */
  readonly find: (name: string, schema?: string) => SealedTable | undefined
  /** true for whole sealed text or bytes of a key of this keyset: nothing an outsider can make by chance or on purpose */
  readonly isOurs: (value: unknown) => boolean
}

/** Filters on shorter indexes need the opened value to tell hits from collisions. */
export const EXACT_BITS = 64

const MAX_TENANTS = 1_000

const perTenant = (make: (tenant: string) => BlindIndex): ((tenant: string) => BlindIndex) => {
  const known = new Map<string, BlindIndex>()
  return (tenant) => {
    let found = known.get(tenant)
    if (found === undefined) {
      if (known.size >= MAX_TENANTS) known.clear()
      found = make(tenant)
      known.set(tenant, found)
    }
    return found
  }
}

const createIndex = (
  keyset: Pick<OpenKeyset, 'blindIndex'>,
  table: string,
  column: string,
  options: SealedColumnOptions,
): SealedIndex | undefined => {
  const { index } = options
  if (index === undefined) return undefined
  const { normalize, bits } = index
  const short = perTenant((tenant) => keyset.blindIndex({ tenant, table, column, normalize, bits }))
  const long = perTenant((tenant) => keyset.blindIndex({ tenant, table, column, normalize, bits: 128 }))
  // wrong options are told at the start
  short('')
  return {
    column: index.column,
    bits,
    of: (value, tenant) => {
      if (value === null) return null
      if (typeof value !== 'string') throw new ParapetError('PPT_INVALID', `${table}.${column} takes a string`)
      return short(tenant).of(value)
    },
    allOf: (value, tenant) => short(tenant).allOf(value),
    same: (a, b, tenant) => a === b || long(tenant).of(a) === long(tenant).of(b),
  }
}

const refuse = (what: string): ParapetError => new ParapetError('PPT_CONFIG_INVALID', what)

const createTable = (keyset: OpenKeyset, fullName: string, options: SealedTableOptions): SealedTable => {
  const dot = fullName.indexOf('.')
  const [schema, name] = dot === -1 ? [undefined, fullName] : [fullName.slice(0, dot), fullName.slice(dot + 1)]
  const { primaryKey, tenant } = options
  if (name === '') throw refuse('a sealed table needs a name')
  if (!Array.isArray(primaryKey) || primaryKey.length === 0) throw refuse(`${fullName}: primaryKey names the columns of the key`)
  const entries = Object.entries(options.columns)
  if (entries.length === 0) throw refuse(`${fullName}: columns names at least one sealed column`)
  const tenantColumn = typeof tenant === 'string' ? tenant : undefined
  const contextTable = options.contextTable ?? name
  const columns = new Map<string, SealedColumn>()
  const indexColumns = new Set<string>()
  const table: SealedTable = {
    schema,
    name,
    primaryKey,
    tenantColumn,
    tenantOf: typeof tenant === 'function' ? tenant : undefined,
    columns,
    indexColumns,
  }
  for (const [column, one] of entries) {
    const label = `${fullName}.${column}`
    if (!['text', 'json', 'bytes'].includes(one.type)) throw refuse(`${label}: type is text, json or bytes`)
    if (one.index !== undefined) {
      if (one.type !== 'text') throw refuse(`${label}: only text has a blind index`)
      if (indexColumns.has(one.index.column)) throw refuse(`${label}: another column has the index ${one.index.column}`)
      indexColumns.add(one.index.column)
    }
    const cell = { table: contextTable, column: one.contextColumn ?? column }
    const codec = createSealedCodec(keyset, { ...cell, type: one.type, ...(one.storage && { storage: one.storage }) })
    columns.set(column, { label, name: column, table, type: one.type, codec, index: createIndex(keyset, cell.table, cell.column, one) })
  }
  const plain = [...primaryKey, ...(tenantColumn === undefined ? [] : [tenantColumn])]
  const twice = [...plain, ...indexColumns].find((column) => columns.has(column)) ?? plain.find((column) => indexColumns.has(column))
  if (twice !== undefined) throw refuse(`${fullName}.${twice} is both sealed and part of what seals it`)
  return table
}

const SEALED_TEXT = /ppt1\.[A-Za-z0-9_-]{104,}/g

/** Reads the options. Throws PPT_CONFIG_INVALID naming the table and column. */
export const createSealedModel = (keyset: OpenKeyset, options: SealedTables): SealedModel => {
  const tables = Object.entries(options).map(([name, table]) => createTable(keyset, name, table))
  if (tables.length === 0) throw refuse('tables names at least one table')
  const known = (value: string | Uint8Array): boolean => {
    const keyId = keyset.cipher.keyIdOf(value)
    return keyId !== undefined && keyset.keyset.keys.some(({ id }) => id === keyId)
  }
  return {
    tables,
    find: (name, schema) =>
      tables.find((table) => table.name === name && (schema === undefined || table.schema === undefined || table.schema === schema)),
    isOurs: (value) => {
      if (value instanceof Uint8Array) return known(value)
      if (typeof value !== 'string' || !value.includes('ppt1.')) return false
      return (value.match(SEALED_TEXT) ?? []).some(known)
    },
  }
}

/** A part of a key as drivers give it: text, whole numbers, bigint. Throws PPT_SEALED_CONTEXT for anything else. */
export const rowPart = (value: unknown, table: SealedTable, column: string): RowKey[number] => {
  if (typeof value === 'string' || typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))) return value
  throw new ParapetError('PPT_SEALED_CONTEXT', `${table.name}.${column} is part of the key and must be given as text or a whole number`)
}

/** A tenant as text; NULL is the empty one. */
export const tenantText = (value: unknown, table: SealedTable): string => {
  if (value === null) return ''
  if (typeof value === 'string') return value
  if (typeof value === 'bigint' || (typeof value === 'number' && Number.isSafeInteger(value))) return String(value)
  throw new ParapetError(
    'PPT_SEALED_CONTEXT',
    `${table.name}.${table.tenantColumn ?? ''} is the tenant and must be given as text or a whole number`,
  )
}

/** How deep a result is searched: JSON of the database is a tree. */
const MAX_DEPTH = 64

/** True when sealed text or bytes hide anywhere in a value that comes back from the database. */
export const holdsSealed = (model: Pick<SealedModel, 'isOurs'>, value: unknown, depth = 0): boolean => {
  if (typeof value === 'string' || value instanceof Uint8Array) return model.isOurs(value)
  if (typeof value !== 'object' || value === null || value instanceof Date) return false
  return depth > MAX_DEPTH || Object.values(value).some((item) => holdsSealed(model, item, depth + 1))
}
