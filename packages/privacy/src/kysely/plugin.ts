import type { KyselyPlugin } from 'kysely'
import { ParapetError } from '@parapet/core'
import type { OpenKeyset } from '../encryption/types.js'
import type { RowKey } from '../sealed/codec.js'
import { createSealedModel, type SealedTables } from '../sealed/model.js'
import { walk } from './expressions.js'
import type { Node } from './nodes.js'
import { checkRawStatement } from './raw.js'
import { openRows, type ResultPlan } from './result.js'
import { HIDDEN, notHere, type ReadQuery, type Scope, type Work } from './scope.js'
import { readSelect } from './select.js'
import { readWrite } from './write.js'

/** What the plugin needs. */
export type SealedColumnsOptions = { readonly keyset: OpenKeyset; readonly tables: SealedTables }

/** One sealed column for statements that the plugin does not see, such as raw SQL. */
export type SealedHandle = {
  readonly seal: (value: unknown, row: RowKey, tenant?: string) => string | Buffer | null
  readonly open: (stored: unknown, row: RowKey, tenant?: string) => unknown
  /** what to compare the index column with; PPT_SEALED_QUERY when it has none */
  readonly indexValues: (value: string, tenant?: string) => readonly string[]
}

/** The plugin, and the way to a single column by `table.column`. */
export type SealedColumns = KyselyPlugin & { readonly sealed: (name: string) => SealedHandle }

const EMPTY: Scope = { sources: [], parent: undefined, ctes: new Map() }
const READS: ReadonlySet<string> = new Set(['SelectQueryNode', 'InsertQueryNode', 'UpdateQueryNode', 'DeleteQueryNode', 'MergeQueryNode'])
const read: Work['read'] = (work, node, outer, use): ReadQuery => {
  if (node.kind === 'SelectQueryNode') return readSelect(work, node, outer, use)
  if (node.kind === 'RawNode') return { node: walk(work, outer, node), outputs: new Map(), checks: [] }
  return readWrite(work, node, outer)
}

/**
 * A plugin for Kysely 0.28 on PostgreSQL: values of sealed columns are sealed when they are written and opened when they come
 * back, with the row's key as their context; equality with a sealed column becomes equality with its blind index. A
 * statement that would show sealed text, write plain text, or use a sealed column otherwise throws PPT_SEALED_QUERY, one that does not
 * name its row PPT_SEALED_CONTEXT. List it as the last plugin.
 */
export const sealedColumns = (options: SealedColumnsOptions): SealedColumns => {
  const model = createSealedModel(options.keyset, options.tables)
  const plans = new WeakMap<object, ResultPlan>()
  const originals = new WeakMap<Node, Node>()

  const transform = (node: Node, queryId: object): Node => {
    if (node.kind === 'RawNode') checkRawStatement(model, node)
    if (!READS.has(node.kind) && node.kind !== 'RawNode') return node
    let count = 0
    const work: Work = {
      model,
      read,
      conjuncts: [],
      checks: [],
      hidden: () => `${HIDDEN}${count++}x`,
      original: (one) => originals.get(one) ?? one,
    }
    const done = read(work, originals.get(node) ?? node, EMPTY, 'rows')
    const limited = ['limit', 'offset', 'fetch', 'top'].some((part) => node[part] !== undefined)
    // the rows of EXPLAIN are a plan, not rows of a table
    const outputs = node['explain'] === undefined ? done.outputs : new Map<string, never>()
    plans.set(queryId, { outputs, checks: done.checks, limited })
    originals.set(done.node, originals.get(node) ?? node)
    return done.node
  }

  return {
    transformQuery: ({ node, queryId }) => transform(node as unknown as Node, queryId) as unknown as typeof node,
    transformResult: ({ result, queryId }) => Promise.resolve({ ...result, rows: openRows(model, plans.get(queryId), result.rows) }),
    sealed: (name) => {
      const dot = name.lastIndexOf('.')
      const [schema, table] = name.slice(0, dot).includes('.') ? name.slice(0, dot).split('.') : [undefined, name.slice(0, dot)]
      const found = model.find(table ?? '', schema)?.columns.get(name.slice(dot + 1))
      if (found === undefined)
        throw new ParapetError('PPT_CONFIG_INVALID', 'sealed() names a table and a column of the options: TABLE.COLUMN')
      return {
        seal: found.codec.seal,
        open: found.codec.open,
        indexValues: (value, tenant = '') => {
          if (found.index === undefined) throw notHere(found.label, 'it has no blind index')
          return found.index.allOf(value, tenant)
        },
      }
    },
  }
}
