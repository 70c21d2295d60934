import { ParapetError } from '@parapet/core'
import type { OpenKeyset } from '../encryption/types.js'
import { holdsSealed, tenantText } from '../sealed/model.js'
import { createPrismaModels, type PrismaModel, type PrismaModels, type PrismaModelSet } from './model.js'
import { readCreate, readUpdate } from './data.js'
import { openResult, readFilters, readSelection, type ResultPlan } from './selection.js'
import { type Fields, isFields, notHere, readWhere, refuseUnknown, type RowCheck } from './where.js'

/** What Prisma hands to an extension for each operation. */
export type PrismaOperation = {
  readonly model?: string | undefined
  readonly operation: string
  readonly args: unknown
  readonly query: (args: never) => Promise<unknown>
  /** where a fluent call such as `findUnique().posts()` leads; Prisma gives the result from there on */
  readonly __internalParams?: { readonly dataPath?: readonly string[] } | undefined
}

/** What `prisma.$extends(...)` takes. */
export type SealedFieldsExtension = {
  readonly name: string
  readonly query: { readonly $allOperations: (operation: PrismaOperation) => Promise<unknown> }
}

const FINDS: ReadonlySet<string> = new Set(['findUnique', 'findUniqueOrThrow', 'findFirst', 'findFirstOrThrow', 'findMany'])
const UNIQUE: ReadonlySet<string> = new Set(['findUnique', 'findUniqueOrThrow', 'update', 'upsert', 'delete'])
const COUNTS: ReadonlySet<string> = new Set(['count', 'aggregate', 'groupBy'])
const MANY_WITHOUT_ROWS: ReadonlySet<string> = new Set(['createMany', 'updateMany', 'deleteMany'])
const AGGREGATES: readonly string[] = ['_min', '_max', '_avg', '_sum']

/** A unique filter takes no index in place of a value: the database knows the index column, not the sealed one, as unique. */
const readUnique = (model: PrismaModel, where: unknown): void => {
  if (!isFields(where)) return
  const sealed = Object.keys(where).find((name) => model.table?.columns.has(name) === true && where[name] !== undefined)
  if (sealed !== undefined) throw notHere(`${model.name}.${sealed}`, 'it is not unique; use findFirst, or name its index field')
}

const readCounting = (set: PrismaModelSet, model: PrismaModel, args: Fields): Fields => {
  for (const part of AGGREGATES) {
    const fields = args[part]
    const sealed = isFields(fields) ? Object.keys(fields).find((name) => model.table?.columns.has(name)) : undefined
    if (sealed !== undefined) throw notHere(`${model.name}.${sealed}`, `${part} of it means nothing`)
  }
  const by = args['by']
  const grouped = (Array.isArray(by) ? by : [by]).find((name) => typeof name === 'string' && model.table?.columns.has(name) === true) as
    | string
    | undefined
  if (grouped !== undefined) throw notHere(`${model.name}.${grouped}`, 'rows cannot be grouped by it')
  const having = args['having']
  const held = isFields(having) ? Object.keys(having).find((name) => model.table?.columns.has(name) === true) : undefined
  if (held !== undefined) throw notHere(`${model.name}.${held}`, 'HAVING by it is not possible')
  if (isFields(having)) for (const part of ['AND', 'OR', 'NOT']) refuseUnknown(set, having[part], model.name)
  return readFilters(set, model, args, undefined)
}

const readWrite = (set: PrismaModelSet, model: PrismaModel, operation: string, args: Fields): Fields => {
  const where = args['where']
  const next: Record<string, unknown> = { ...args }
  if (isFields(where)) next['where'] = readWhere({ set, checks: undefined }, model, where)
  if (operation.startsWith('create')) next['data'] = readCreate(set, model, args['data'])
  else if (operation.startsWith('update')) next['data'] = readUpdate(set, model, args['data'], where)
  else if (operation === 'upsert') {
    next['create'] = readCreate(set, model, args['create'])
    next['update'] = readUpdate(set, model, args['update'], where)
  }
  return next
}

/** Drops rows that only a collision of a short index brought; where a limit may have hidden another row, that is said. */
const dropCollisions = (
  set: PrismaModelSet,
  model: PrismaModel,
  checks: readonly RowCheck[],
  result: unknown,
  limited: boolean,
): unknown => {
  if (checks.length === 0) return result
  const { table } = model
  const matches = (row: unknown): boolean => {
    if (!isFields(row) || table === undefined) return true
    const tenant = table.tenantOf?.() ?? (table.tenantColumn === undefined ? '' : tenantText(row[table.tenantColumn], table))
    return checks.every(({ column, values }) => {
      const value = row[column.name]
      return typeof value === 'string' && values.some((wanted) => column.index?.same(value, wanted, tenant) === true)
    })
  }
  const rows: readonly unknown[] = Array.isArray(result) ? result : result === null ? [] : [result]
  const kept = rows.filter(matches)
  if (kept.length < rows.length && limited)
    throw new ParapetError(
      'PPT_SEALED_QUERY',
      `${model.name}: two values share a short blind index and the query has a limit: use findMany without one, or more bits`,
    )
  return Array.isArray(result) ? kept : (kept[0] ?? null)
}

const stripped = (plan: ResultPlan, result: unknown): unknown => {
  if (Array.isArray(result)) return result.map((one) => stripped(plan, one))
  return isFields(result) ? Object.fromEntries(Object.entries(result).filter(([name]) => !plan.strip.has(name))) : result
}

/** The plan for the end of a fluent call: `['select', 'posts']` leads from users to their posts. */
const planAt = (plan: ResultPlan, path: readonly string[]): ResultPlan => {
  let at = plan
  for (let i = 1; i < path.length; i += 2)
    at = at.relations.get(path[i] ?? '') ?? {
      model: { name: path[i] ?? '', table: undefined, relations: new Map() },
      strip: new Set(),
      relations: new Map(),
    }
  return at
}

const runModel = async (
  set: PrismaModelSet,
  name: string,
  { operation, args, query, __internalParams }: PrismaOperation,
): Promise<unknown> => {
  const model = set.get(name)
  const given: Fields = isFields(args) ? args : {}
  const send = query as (args: Fields) => Promise<unknown>
  if (UNIQUE.has(operation)) readUnique(model, given['where'])
  if (COUNTS.has(operation)) return send(readCounting(set, model, given))
  if (MANY_WITHOUT_ROWS.has(operation)) return send(readWrite(set, model, operation, given))

  const checks: RowCheck[] = []
  const filtered = FINDS.has(operation) ? readFilters(set, model, given, checks) : readWrite(set, model, operation, given)
  const { args: sent, plan } = readSelection(
    set,
    model,
    filtered,
    checks.map(({ column }) => column.name),
  )
  const path = __internalParams?.dataPath ?? []
  if (path.length > 0 && checks.length > 0) throw notHere(model.name, 'a filter by a short index cannot be checked in a fluent call')
  // keys stay until collisions are sorted out: they name the tenant
  const opened = openResult(
    set,
    path.length > 0 ? planAt(plan, path) : checks.length > 0 ? { ...plan, strip: new Set() } : plan,
    await send(sent),
  )
  const limited = operation.startsWith('findFirst') || ['take', 'skip', 'cursor'].some((part) => given[part] !== undefined)
  return checks.length === 0 ? opened : stripped(plan, dropCollisions(set, model, checks, opened, limited))
}

const textOf = (args: unknown): string => {
  if (typeof args === 'string') return args
  if (Array.isArray(args)) return typeof args[0] === 'string' ? args[0] : textOf(args[0])
  if (typeof args !== 'object' || args === null) return ''
  if ('strings' in args && Array.isArray(args.strings)) return args.strings.join(' ')
  return 'sql' in args && typeof args.sql === 'string' ? args.sql : ''
}

/** Raw SQL: what names a sealed table and one of its columns is refused, and sealed text that comes back all the same. */
const runRaw = async (set: PrismaModelSet, models: PrismaModels, { operation, args, query }: PrismaOperation): Promise<unknown> => {
  const words = new Set(
    textOf(args)
      .toLowerCase()
      .split(/[^a-z0-9_\u0080-\uffff]+/),
  )
  for (const [name, model] of Object.entries(models)) {
    if (!words.has((model.table ?? name).toLowerCase())) continue
    for (const [field, { contextColumn = field }] of Object.entries(model.fields ?? {}))
      if (words.has(contextColumn.toLowerCase())) throw notHere(`${name}.${field}`, 'it is named in raw SQL')
  }
  const result = await (query as (args: unknown) => Promise<unknown>)(args)
  if (holdsSealed(set.sealed, result)) throw notHere(operation, 'sealed text would come out as plain')
  return result
}

/**
 * An extension for `prisma.$extends(...)`: sealed fields are sealed in create, update, upsert and nested writes and opened in
 * what comes back, includes and fluent calls too; equality filters on them use their blind index. Models that lead to
 * sealed ones are described with their relations. A sealed field in any other filter, order, group or aggregate throws
 * PPT_SEALED_QUERY, a row without its key PPT_SEALED_CONTEXT.
 */
export const sealedFields = (options: { readonly keyset: OpenKeyset; readonly models: PrismaModels }): SealedFieldsExtension => {
  const set = createPrismaModels(options.keyset, options.models)
  return {
    name: 'parapet-sealed-fields',
    query: {
      $allOperations: (operation) =>
        operation.model === undefined ? runRaw(set, options.models, operation) : runModel(set, operation.model, operation),
    },
  }
}
