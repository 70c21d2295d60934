import { ParapetError } from '@parapet/core'
import { EXACT_BITS, type SealedColumn, type SealedTable, tenantText } from '../sealed/model.js'
import type { PrismaModel, PrismaModelSet } from './model.js'

/** An object of a query's arguments. */
export type Fields = Readonly<Record<string, unknown>>

/** A filter by a short index that the rows that come back must be checked against. */
export type RowCheck = { readonly column: SealedColumn; readonly values: readonly string[] }

/** Where a filter stands: `checks` takes filters that the result can be checked against, and is missing where it cannot. */
type Place = { readonly set: PrismaModelSet; readonly checks: RowCheck[] | undefined }

/** True for an object with fields of its own, such as a filter; dates, bytes, lists and decimals are values. */
export const isFields = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && [Object.prototype, null].includes(Object.getPrototypeOf(value) as object | null)

/** The error for a sealed field in a place where it means nothing. */
export const notHere = (label: string, why: string): ParapetError => new ParapetError('PPT_SEALED_QUERY', `${label}: ${why}`)

/** Refuses sealed fields below something whose model is not known; their names are enough to suspect them. */
export const refuseUnknown = (set: PrismaModelSet, value: unknown, path: string, depth = 0): void => {
  if (depth > 32) throw notHere(path, 'it is nested too deeply')
  if (Array.isArray(value)) for (const item of value) refuseUnknown(set, item, path, depth + 1)
  if (isFieldReference(value) && set.fieldNames.has(value.name)) throw notHere(`${path}.${value.name}`, 'a filter refers to it')
  if (!isFields(value)) return
  for (const [name, item] of Object.entries(value)) {
    if (set.fieldNames.has(name)) throw notHere(`${path}.${name}`, 'name the relation that leads to it in the options, or leave it out')
    refuseUnknown(set, item, path, depth + 1)
  }
}

/** `prisma.user.fields.phone` in a filter: the database would compare sealed text. */
const isFieldReference = (value: unknown): value is { readonly modelName: string; readonly name: string } =>
  typeof value === 'object' && value !== null && 'modelName' in value && 'name' in value && typeof value.name === 'string'

const asList = (value: unknown): readonly unknown[] => (Array.isArray(value) ? (value as unknown[]) : value === undefined ? [] : [value])

/** The value that a field must equal by this filter, through AND. */
export const valueOf = (where: unknown, field: string): { readonly value: unknown } | undefined => {
  if (!isFields(where)) return undefined
  const given = where[field]
  if (given !== undefined && !isFields(given)) return { value: given }
  if (isFields(given) && given['equals'] !== undefined) return { value: given['equals'] }
  for (const part of asList(where['AND'])) {
    const found = valueOf(part, field)
    if (found !== undefined) return found
  }
  return undefined
}

const tenantOf = (table: SealedTable, column: SealedColumn, root: Fields): string => {
  if (table.tenantOf !== undefined) return table.tenantOf()
  if (table.tenantColumn === undefined) return ''
  const found = valueOf(root, table.tenantColumn)
  if (found === undefined)
    throw notHere(column.label, `its index is kept per tenant: compare ${table.tenantColumn} with a value in the same filter`)
  return tenantText(found.value, table)
}

/** The texts that a filter compares a sealed field with, `null` for a comparison with NULL. */
const textsOf = (column: SealedColumn, filter: unknown): readonly string[] | null => {
  const refuse = (): ParapetError =>
    notHere(column.label, 'only equality with text is possible (equals, in), by its blind index, or with null')
  if (filter === null) return null
  if (typeof filter === 'string') return [filter]
  if (!isFields(filter)) throw refuse()
  const entries = Object.entries(filter).filter(([name, value]) => value !== undefined && name !== 'mode')
  const [only] = entries
  if (entries.length !== 1 || only === undefined || filter['mode'] === 'insensitive') throw refuse()
  const [name, value] = only
  if ((name === 'equals' || name === 'not') && value === null) return null
  if (name === 'equals' && typeof value === 'string') return [value]
  if (name === 'in' && Array.isArray(value) && value.every((item): item is string => typeof item === 'string')) return value
  throw refuse()
}

const RELATION_FILTERS: ReadonlySet<string> = new Set(['some', 'every', 'none', 'is', 'isNot'])

const relationFilter = (place: Place, model: PrismaModel, filter: unknown): unknown => {
  if (!isFields(filter)) return filter
  const inner: Place = { set: place.set, checks: undefined }
  const keys = Object.keys(filter)
  if (keys.length === 0 || !keys.every((key) => RELATION_FILTERS.has(key))) return readWhere(inner, model, filter)
  return Object.fromEntries(Object.entries(filter).map(([name, where]) => [name, isFields(where) ? readWhere(inner, model, where) : where]))
}

/**
 * A filter in which equality with sealed fields is equality with their indexes. Throws PPT_SEALED_QUERY for any other use of
 * one, and for a short index where a collision could not be told.
 */
export const readWhere = (place: Place, model: PrismaModel, where: Fields, root: Fields = where): Fields => {
  const { set, checks } = place
  const next: Record<string, unknown> = {}
  const added: Fields[] = []
  for (const [name, filter] of Object.entries(where)) {
    const column = model.table?.columns.get(name)
    const relation = model.relations.get(name)
    if (name === 'AND') {
      next[name] = Array.isArray(filter) ? filter.map((one) => readPart(place, model, one, root)) : readPart(place, model, filter, root)
    } else if (name === 'OR' || name === 'NOT') {
      const inner: Place = { set, checks: undefined }
      next[name] = Array.isArray(filter) ? filter.map((one) => readPart(inner, model, one, root)) : readPart(inner, model, filter, root)
    } else if (column !== undefined && filter !== undefined) {
      const texts = textsOf(column, filter)
      if (texts === null) next[name] = filter
      else added.push(byIndex(column, texts, root, checks))
    } else if (relation !== undefined) next[name] = relationFilter(place, relation, filter)
    else {
      refuseUnknown(set, filter, `${model.name}.${name}`)
      next[name] = filter
    }
  }
  return added.length === 0 ? next : { ...next, AND: [...asList(next['AND']), ...added] }
}

const readPart = (place: Place, model: PrismaModel, part: unknown, root: Fields): unknown =>
  isFields(part) ? readWhere(place, model, part, root) : part

const byIndex = (column: SealedColumn, texts: readonly string[], root: Fields, checks: RowCheck[] | undefined): Fields => {
  const { index, table, label } = column
  if (index === undefined) throw notHere(label, 'it has no blind index')
  if (index.bits < EXACT_BITS) {
    if (checks === undefined)
      throw notHere(
        label,
        `an index of ${index.bits} bits has collisions that cannot be told apart here: use ${EXACT_BITS} bits, or find the rows first`,
      )
    checks.push({ column, values: texts })
  }
  const tenant = tenantOf(table, column, root)
  return { [index.column]: { in: [...new Set(texts.flatMap((text) => index.allOf(text, tenant)))] } }
}
