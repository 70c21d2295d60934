import { ParapetError } from '@parapet/core'
import type { OpenKeyset } from '../encryption/types.js'
import { createSealedModel, type SealedColumnOptions, type SealedModel, type SealedTable } from '../sealed/model.js'

/** A model of the Prisma schema: its sealed fields, and its relations to other models. */
export type PrismaModelOptions = {
  /** fields of `@id` or `@@id`; left out for a model that only has relations to sealed ones */
  readonly primaryKey?: readonly string[]
  /** the field that holds a row's tenant, or a function that gives the tenant at hand */
  readonly tenant?: string | (() => string)
  readonly fields?: Readonly<Record<string, SealedColumnOptions>>
  /** relation fields and the models they lead to: `{ author: 'User' }` */
  readonly relations?: Readonly<Record<string, string>>
  /** the table's name, where `@@map` gives it another than the model's */
  readonly table?: string
}

/** Models by name, as in the Prisma schema. */
export type PrismaModels = Readonly<Record<string, PrismaModelOptions>>

/** One model, ready for use. */
export type PrismaModel = {
  readonly name: string
  readonly table: SealedTable | undefined
  readonly relations: ReadonlyMap<string, PrismaModel>
}

/** All models that were described, and what is known of the rest. */
export type PrismaModelSet = {
  readonly sealed: SealedModel
  readonly get: (name: string) => PrismaModel
  /** sealed fields of any model: a name among them below an unknown relation is refused */
  readonly fieldNames: ReadonlySet<string>
}

/** Reads the options. Throws PPT_CONFIG_INVALID naming the model and field. */
export const createPrismaModels = (keyset: OpenKeyset, options: PrismaModels): PrismaModelSet => {
  const entries = Object.entries(options)
  const withFields = entries.flatMap(([name, model]) => {
    if (model.fields === undefined) return []
    const { primaryKey = [], tenant, fields, table } = model
    return [[name, { primaryKey, columns: fields, contextTable: table ?? name, ...(tenant !== undefined && { tenant }) }] as const]
  })
  const sealed = createSealedModel(keyset, Object.fromEntries(withFields))
  const models = new Map<string, PrismaModel & { readonly relations: Map<string, PrismaModel> }>()
  for (const [name] of entries) models.set(name, { name, table: sealed.find(name), relations: new Map() })
  for (const [name, { relations = {} }] of entries)
    for (const [field, to] of Object.entries(relations)) {
      const target = models.get(to)
      if (models.get(name)?.table?.columns.has(field) === true)
        throw new ParapetError('PPT_CONFIG_INVALID', `${name}.${field} is a sealed field and a relation`)
      // a model that is not described has no sealed fields and no relations to follow
      models.get(name)?.relations.set(field, target ?? { name: to, table: undefined, relations: new Map() })
    }
  return {
    sealed,
    get: (name) => models.get(name) ?? { name, table: undefined, relations: new Map() },
    fieldNames: new Set(sealed.tables.flatMap((table) => Array.from(table.columns.keys()))),
  }
}
