import { ParapetError } from '@parapet/core'
import type { SealedColumn, SealedModel, SealedTable } from '../sealed/model.js'
import { type Node, readReference } from './nodes.js'

/** A sealed column as one source of a query offers it, with the columns of that source that name its row. */
export type SealedOffer = { readonly column: SealedColumn; readonly keys: readonly string[]; readonly tenant: string | undefined }

/** What a query gives to whoever reads from it: sealed columns by their name there. */
export type Outputs = ReadonlyMap<string, SealedOffer>

/** One table, sub-query or CTE that a query reads from. */
export type Source = { readonly alias: string; readonly table: SealedTable | undefined; readonly outputs: Outputs }

/** The sources of a query and of those around it, and the CTEs that are known there. */
export type Scope = { readonly sources: readonly Source[]; readonly parent: Scope | undefined; readonly ctes: ReadonlyMap<string, Outputs> }

/** A reference that was found to be sealed. */
export type SealedReference = SealedOffer & { readonly source: Source; readonly name: string }

/** What the result of a query is for: rows of the application, a source of another query, one value, only that there is one. */
export type QueryUse = 'rows' | 'source' | 'expression' | 'exists' | 'union'

/** A filter by a short index, as columns of the result. */
export type ResultCheck = { readonly output: string; readonly offer: SealedOffer; readonly values: readonly string[] }

/** A query as it is sent, and the sealed columns that come back. */
export type ReadQuery = { readonly node: Node; readonly outputs: Outputs; readonly checks: readonly ResultCheck[] }

/** What is under way for one query. */
export type Work = {
  /** reads a query of any kind; comes in here because queries and expressions hold each other */
  readonly read: (work: Work, node: Node, outer: Scope, use: QueryUse) => ReadQuery
  /** comparisons that must hold in the query at hand: the tenant is looked for among them */
  readonly conjuncts: readonly Node[]
  readonly model: SealedModel
  /** a name for a hidden column, used once in a query */
  readonly hidden: () => string
  /** opened values that a short index has to be checked against, collected for the outermost select */
  readonly checks: PendingCheck[]
  /** a node that went through this plugin before, as it was; sub-queries of the same database object come that way */
  readonly original: (node: Node) => Node
}

/** A filter by a short index: of the rows that come back, those whose value is none of these were collisions. */
export type PendingCheck = { readonly reference: SealedReference; readonly values: readonly string[] }

/** Begins every hidden column; without an underscore, so that no plugin that renames columns touches it. */
export const HIDDEN = 'pptkey'

/** The error for a sealed column in a place where it means nothing. */
export const notHere = (label: string, why: string): ParapetError => new ParapetError('PPT_SEALED_QUERY', `${label}: ${why}`)

/** What a sealed table offers under its own column names. */
export const offersOf = (table: SealedTable): Outputs =>
  new Map([...table.columns].map(([name, column]) => [name, { column, keys: table.primaryKey, tenant: table.tenantColumn }]))

const AMBIGUOUS = 'qualify it with its table'

const findSource = (scope: Scope | undefined, alias: string): Source | undefined =>
  scope === undefined ? undefined : (scope.sources.find((source) => source.alias === alias) ?? findSource(scope.parent, alias))

/**
 * The sealed column that a reference names, or `undefined`. A bare name counts as sealed when any source around it has a
 * sealed column of that name. Throws PPT_SEALED_QUERY where it cannot be told which one is meant.
 */
export const resolve = (scope: Scope, node: Node): SealedReference | undefined => {
  const reference = readReference(node)
  if (reference === undefined || reference.column === undefined) return undefined
  const { table, column: name } = reference
  if (table !== undefined) {
    const source = findSource(scope, table)
    const offer = source?.outputs.get(name)
    return source === undefined || offer === undefined ? undefined : { ...offer, source, name }
  }
  const here = scope.sources.filter((source) => source.outputs.has(name))
  if (here.length > 1) throw notHere(name, AMBIGUOUS)
  const [source] = here
  const offer = source?.outputs.get(name)
  if (source !== undefined && offer !== undefined) return { ...offer, source, name }
  // a correlated sub-query: whether an inner table has a column of that name is not known here
  for (let outer = scope.parent; outer !== undefined; outer = outer.parent)
    if (outer.sources.some((one) => one.outputs.has(name))) throw notHere(name, AMBIGUOUS)
  return undefined
}

/** The sealed source whose whole row a bare name stands for: PostgreSQL takes a table's name as its row. */
export const wholeRow = (scope: Scope, name: string): Source | undefined => {
  const source = findSource(scope, name)
  return source !== undefined && source.outputs.size > 0 ? source : undefined
}
