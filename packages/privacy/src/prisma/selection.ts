import { rowPart, type SealedTable, tenantText, holdsSealed } from '../sealed/model.js'
import type { PrismaModel, PrismaModelSet } from './model.js'
import { type Fields, isFields, notHere, readWhere, refuseUnknown, type RowCheck } from './where.js'

/** What comes back of a model, and what was asked for in addition and is taken out again. */
export type ResultPlan = {
  readonly model: PrismaModel
  readonly strip: ReadonlySet<string>
  readonly relations: ReadonlyMap<string, ResultPlan>
}

/** Arguments as they are sent, and how the result is read. */
export type ReadArguments = { readonly args: Fields; readonly plan: ResultPlan }

const keyFields = (table: SealedTable): readonly string[] => [
  ...table.primaryKey,
  ...(table.tenantColumn === undefined ? [] : [table.tenantColumn]),
]

/** Refuses an order, a cursor or a DISTINCT by a sealed field. */
const refuseFields = (set: PrismaModelSet, model: PrismaModel, value: unknown, what: string): void => {
  if (Array.isArray(value)) for (const one of value) refuseFields(set, model, one, what)
  if (typeof value === 'string' && model.table?.columns.has(value) === true)
    throw notHere(`${model.name}.${value}`, `${what} by it is not possible`)
  if (!isFields(value)) return
  for (const [name, one] of Object.entries(value)) {
    if (model.table?.columns.has(name) === true) throw notHere(`${model.name}.${name}`, `${what} by it is not possible`)
    const relation = model.relations.get(name)
    if (relation === undefined) refuseUnknown(set, one, `${model.name}.${name}`)
    else refuseFields(set, relation, one, what)
  }
}

/** The filters, orders and cursors of a query on a model. */
export const readFilters = (set: PrismaModelSet, model: PrismaModel, args: Fields, checks: RowCheck[] | undefined): Fields => {
  refuseFields(set, model, args['orderBy'], 'an order')
  refuseFields(set, model, args['distinct'], 'DISTINCT')
  refuseFields(set, model, args['cursor'], 'a cursor')
  return isFields(args['where']) ? { ...args, where: readWhere({ set, checks }, model, args['where']) } : args
}

const readRelations = (
  set: PrismaModelSet,
  model: PrismaModel,
  chosen: Fields,
  plans: Map<string, ResultPlan>,
): Record<string, unknown> => {
  const next: Record<string, unknown> = { ...chosen }
  for (const [name, inner] of Object.entries(chosen)) {
    const relation = model.relations.get(name)
    if (relation === undefined) {
      // a filter inside an include that was not described
      if (isFields(inner) && name !== '_count')
        for (const part of ['where', 'orderBy', 'cursor']) refuseUnknown(set, inner[part], `${model.name}.${name}`)
      if (name === '_count') next[name] = readCounts(set, model, inner)
    } else if (inner === true) plans.set(name, { model: relation, strip: new Set(), relations: new Map() })
    else if (isFields(inner)) {
      const read = readSelection(set, relation, readFilters(set, relation, inner, undefined), [])
      next[name] = read.args
      plans.set(name, read.plan)
    }
  }
  return next
}

/** `_count: { select: { posts: { where } } }` */
const readCounts = (set: PrismaModelSet, model: PrismaModel, counts: unknown): unknown => {
  const select = isFields(counts) ? counts['select'] : undefined
  if (!isFields(counts) || !isFields(select)) return counts
  const next = Object.entries(select).map(([name, inner]) => {
    const relation = model.relations.get(name)
    if (relation === undefined) refuseUnknown(set, inner, `${model.name}.${name}`)
    return [name, relation === undefined || !isFields(inner) ? inner : readFilters(set, relation, inner, undefined)] as const
  })
  return { ...counts, select: Object.fromEntries(next) }
}

/** Adds what opening needs to `select`, `include` or `omit`. `needed`: sealed fields that must come back to be checked. */
export const readSelection = (set: PrismaModelSet, model: PrismaModel, args: Fields, needed: readonly string[]): ReadArguments => {
  const { table } = model
  const relations = new Map<string, ResultPlan>()
  const strip = new Set<string>()
  const next: Record<string, unknown> = { ...args }
  const { select, include, omit } = args
  if (isFields(include)) next['include'] = readRelations(set, model, include, relations)
  if (isFields(select)) {
    const chosen = readRelations(set, model, select, relations)
    if (table !== undefined) {
      const opened = [...table.columns.keys()].some((name) => chosen[name] === true) || needed.length > 0
      for (const name of opened ? [...keyFields(table), ...needed] : [])
        if (chosen[name] !== true) {
          chosen[name] = true
          strip.add(name)
        }
    }
    next['select'] = chosen
  } else if (isFields(omit) && table !== undefined) {
    const left: Record<string, unknown> = { ...omit }
    for (const name of [...keyFields(table), ...needed])
      if (left[name] === true) {
        delete left[name]
        strip.add(name)
      }
    next['omit'] = left
  }
  return { args: next, plan: { model, strip, relations } }
}

/** Opens what came back. Throws PPT_SEALED_INVALID, PPT_SEALED_CONTEXT, and PPT_SEALED_QUERY for sealed text in an unknown place. */
export const openResult = (set: PrismaModelSet, plan: ResultPlan, result: unknown): unknown => {
  if (Array.isArray(result)) return result.map((one) => openResult(set, plan, one))
  if (!isFields(result)) {
    if (holdsSealed(set.sealed, result)) throw notHere(plan.model.name, 'sealed text would come out as plain')
    return result
  }
  const { table, name: model } = plan.model
  const opened: Record<string, unknown> = {}
  const tenant = (): string => {
    if (table?.tenantOf !== undefined) return table.tenantOf()
    return table?.tenantColumn === undefined ? '' : tenantText(result[table.tenantColumn], table)
  }
  for (const [name, value] of Object.entries(result)) {
    if (plan.strip.has(name)) continue
    const column = table?.columns.get(name)
    const relation = plan.relations.get(name)
    if (column !== undefined && table !== undefined) {
      const row = value === null ? [] : table.primaryKey.map((field) => rowPart(result[field], table, field))
      opened[name] = value === null ? null : column.codec.open(value, row, tenant())
    } else if (relation !== undefined) opened[name] = openResult(set, relation, value)
    else if (holdsSealed(set.sealed, value))
      throw notHere(`${model}.${name}`, 'sealed text would come out as plain: describe the relation in the options')
    else opened[name] = value
  }
  return opened
}
