import { ParapetError } from '@parapet/core'
import type { RowKey } from '../sealed/codec.js'
import { rowPart, type SealedColumn, type SealedTable, tenantText } from '../sealed/model.js'
import type { PrismaModel, PrismaModelSet } from './model.js'
import { type Fields, isFields, notHere, readWhere, refuseUnknown, valueOf } from './where.js'

/** The row that a value is written to; asked for only when something is to be sealed. */
type RowName = { readonly row: () => RowKey; readonly tenant: () => string }

const noRow = (table: SealedTable, why: string): ParapetError =>
  new ParapetError('PPT_SEALED_CONTEXT', `${table.name} (${table.primaryKey.join(', ')}): ${why}`)

const tenantOr = (table: SealedTable, find: (field: string) => { readonly value: unknown } | undefined, where: string): string => {
  if (table.tenantOf !== undefined) return table.tenantOf()
  if (table.tenantColumn === undefined) return ''
  const found = find(table.tenantColumn)
  if (found === undefined) throw noRow(table, `the tenant ${table.tenantColumn} must be given in ${where}`)
  return tenantText(found.value, table)
}

const rowOfCreate = (table: SealedTable, data: Fields): RowName => ({
  row: () =>
    table.primaryKey.map((field) => {
      if (data[field] === undefined)
        throw noRow(table, `${field} must be given in data; what the database or Prisma makes up comes too late`)
      return rowPart(data[field], table, field)
    }),
  tenant: () => tenantOr(table, (field) => (data[field] === undefined ? undefined : { value: data[field] }), 'data'),
})

/** `{ id: 5 }`, or `{ a_b: { a: 1, b: 2 } }` as Prisma writes compound keys. */
const keyValue = (table: SealedTable, where: unknown, field: string): { readonly value: unknown } | undefined => {
  const direct = valueOf(where, field)
  if (direct !== undefined || !isFields(where) || table.primaryKey.length === 1) return direct
  return valueOf(where[table.primaryKey.join('_')], field)
}

const rowOfWhere = (table: SealedTable, where: unknown): RowName => ({
  row: () =>
    table.primaryKey.map((field) => {
      const found = keyValue(table, where, field)
      if (found === undefined) throw noRow(table, `where must name ${field}, one row at a time`)
      return rowPart(found.value, table, field)
    }),
  tenant: () => tenantOr(table, (field) => keyValue(table, where, field), 'where'),
})

const sealField = (set: PrismaModelSet, column: SealedColumn, value: unknown, name: RowName): Fields => {
  const { codec, index, label } = column
  if (value === null) return { [column.name]: null, ...(index && { [index.column]: null }) }
  if (set.sealed.isOurs(value)) throw notHere(label, 'the value is sealed already: give plain values')
  const sealed = codec.seal(value, name.row(), name.tenant())
  // Prisma takes bytes as Uint8Array
  const stored = typeof sealed === 'string' || sealed === null ? sealed : new Uint8Array(sealed)
  return { [column.name]: stored, ...(index && { [index.column]: index.of(value, name.tenant()) }) }
}

/** `{ set: value }` and `value` mean the same in an update; for JSON an object is a value. */
const setValue = (column: SealedColumn, value: unknown): unknown =>
  column.type !== 'json' && isFields(value) && Object.keys(value).join() === 'set' ? value['set'] : value

const NESTED: ReadonlySet<string> = new Set(['create', 'createMany', 'connectOrCreate', 'update', 'updateMany', 'upsert'])

const readData = (set: PrismaModelSet, model: PrismaModel, data: Fields, name: RowName | undefined, creating: boolean): Fields => {
  const { table } = model
  const next: Record<string, unknown> = {}
  for (const [field, value] of Object.entries(data)) {
    if (value === undefined) continue
    const column = table?.columns.get(field)
    const relation = model.relations.get(field)
    if (column !== undefined && name !== undefined)
      Object.assign(next, sealField(set, column, creating ? value : setValue(column, value), name))
    else if (relation !== undefined) next[field] = readNested(set, relation, value)
    else {
      if (table?.indexColumns.has(field) === true)
        throw notHere(`${model.name}.${field}`, 'it is written together with the value it belongs to')
      if (!creating && table !== undefined && (table.primaryKey.includes(field) || table.tenantColumn === field))
        throw noRow(table, `${field} cannot change: the sealed values of the row belong to it`)
      if (isFields(value) && Object.keys(value).some((key) => NESTED.has(key))) refuseUnknown(set, value, `${model.name}.${field}`)
      next[field] = value
    }
  }
  return next
}

/** The data of a row that is created. */
export const readCreate = (set: PrismaModelSet, model: PrismaModel, data: unknown): unknown => {
  if (Array.isArray(data)) return data.map((one) => readCreate(set, model, one))
  if (!isFields(data)) return data
  return readData(set, model, data, model.table === undefined ? undefined : rowOfCreate(model.table, data), true)
}

/** The data of a row that is changed, found by `where`. */
export const readUpdate = (set: PrismaModelSet, model: PrismaModel, data: unknown, where: unknown): unknown =>
  isFields(data) ? readData(set, model, data, model.table === undefined ? undefined : rowOfWhere(model.table, where), false) : data

const eachOf = (value: unknown, read: (one: Fields) => unknown): unknown =>
  Array.isArray(value) ? value.map((one) => (isFields(one) ? read(one) : one)) : isFields(value) ? read(value) : value

/** Nested writes below a relation, by the rules of the model that it leads to. */
const readNested = (set: PrismaModelSet, model: PrismaModel, value: unknown): unknown => {
  if (!isFields(value)) return value
  const filter = (where: unknown): unknown => (isFields(where) ? readWhere({ set, checks: undefined }, model, where) : where)
  const next: Record<string, unknown> = {}
  for (const [operation, given] of Object.entries(value)) {
    next[operation] = eachOf(given, (one) => {
      switch (operation) {
        case 'create':
          return readCreate(set, model, one)
        case 'createMany':
          return { ...one, data: readCreate(set, model, one['data']) }
        case 'connectOrCreate':
          return { ...one, where: filter(one['where']), create: readCreate(set, model, one['create']) }
        case 'upsert':
          return {
            ...one,
            ...(one['where'] === undefined ? {} : { where: filter(one['where']) }),
            create: readCreate(set, model, one['create']),
            update: readUpdate(set, model, one['update'], one['where']),
          }
        case 'update':
        case 'updateMany':
          // to-one relations take the data itself, and then the row is not named
          return isFields(one['data'])
            ? {
                ...one,
                ...(one['where'] === undefined ? {} : { where: filter(one['where']) }),
                data: readUpdate(set, model, one['data'], one['where']),
              }
            : readUpdate(set, model, one, undefined)
        default:
          // connect, disconnect, set, delete, deleteMany: filters
          return filter(one)
      }
    })
  }
  return next
}
