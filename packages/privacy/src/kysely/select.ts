import { conditionsOf, isAggregated, outputName, walk, walkCondition } from './expressions.js'
import {
  asKind,
  change,
  identifier,
  mapChildren,
  nameOf,
  type Node,
  nodesOf,
  readReference,
  reference,
  someNode,
  tableName,
} from './nodes.js'
import { checkRawSource } from './raw.js'
import {
  HIDDEN,
  notHere,
  type Outputs,
  offersOf,
  type PendingCheck,
  type QueryUse,
  type ReadQuery,
  type ResultCheck,
  resolve,
  type Scope,
  type SealedOffer,
  type SealedReference,
  type Source,
  type Work,
} from './scope.js'

const NO_OUTPUTS: Outputs = new Map()

/** The source that an item of FROM, JOIN or USING is, and the item with its sub-query read. */
export const readSource = (work: Work, given: Node, scope: Scope): { readonly node: Node; readonly source: Source } => {
  const outer = given.kind === 'AliasNode' ? given : undefined
  const inner = work.original((outer?.['node'] ?? given) as Node)
  const alias = nameOf(outer?.['alias'])
  const wrap = (node: Node): Node => (outer === undefined ? node : { ...outer, node })
  const named = tableName(inner)
  if (named !== undefined) {
    const cte = named.schema === undefined ? scope.ctes.get(named.name) : undefined
    const table = cte === undefined ? work.model.find(named.name, named.schema) : undefined
    const outputs = cte ?? (table === undefined ? NO_OUTPUTS : offersOf(table))
    return { node: wrap(inner), source: { alias: alias ?? named.name, table, outputs } }
  }
  if (inner.kind === 'SelectQueryNode') {
    const { node, outputs } = work.read(work, inner, scope, 'source')
    if (outputs.size > 0 && alias === undefined)
      throw notHere([...outputs.values()][0]?.column.label ?? '', 'its sub-query needs a plain alias')
    return { node: wrap(node), source: { alias: alias ?? '', table: undefined, outputs } }
  }
  checkRawSource(work.model, inner)
  return {
    node: mapChildren(given, (child) => (child === outer?.['alias'] ? child : walk(work, scope, child))),
    source: { alias: alias ?? '', table: undefined, outputs: NO_OUTPUTS },
  }
}

/** Reads sources one after another; each sees those before it, as a lateral sub-query may. */
export const readSources = (
  work: Work,
  items: readonly Node[],
  scope: Scope,
): { readonly nodes: readonly Node[]; readonly scope: Scope } => {
  let current: Scope = { ...scope, sources: [...scope.sources] }
  const nodes = items.map((item) => {
    const { node, source } = readSource(work, item, { sources: [], parent: current, ctes: current.ctes })
    if (current.sources.some((other) => other.alias === source.alias && other.outputs.size + source.outputs.size > 0))
      throw notHere(source.alias, 'two sources have this name')
    current = { ...current, sources: [...current.sources, source] }
    return node
  })
  return { nodes, scope: current }
}

/** Reads the tables of joins and then their conditions, which see all of them. */
export const readJoins = (work: Work, joins: readonly Node[], scope: Scope): { readonly joins: readonly Node[]; readonly scope: Scope } => {
  const read = readSources(
    work,
    joins.map((join) => join['table'] as Node),
    scope,
  )
  const done = joins.map((join, i) => {
    const on = asKind(join['on'], 'OnNode')
    const condition = on?.['on'] as Node | undefined
    const walked =
      on === undefined || condition === undefined ? {} : { on: change(on, { on: walkCondition(work, read.scope, condition, false) }) }
    return change(join, { table: read.nodes[i], ...walked })
  })
  return { joins: done, scope: read.scope }
}

/** Collects what a select list or RETURNING gives, and the hidden columns that name the rows. */
const createCollector = (
  work: Work,
): {
  readonly add: (name: string, sealed: SealedReference) => void
  readonly hide: (sealed: SealedReference) => SealedOffer
  readonly offers: Map<string, SealedOffer>
  readonly hidden: Node[]
} => {
  const offers = new Map<string, SealedOffer>()
  const hidden: Node[] = []
  const known = new Map<string, string>()
  const hideColumn = (source: Source, name: string): string => {
    const place = JSON.stringify([source.alias, name])
    let alias = known.get(place)
    if (alias === undefined) {
      alias = work.hidden()
      known.set(place, alias)
      const node = { kind: 'AliasNode', node: reference(source.alias, name), alias: identifier(alias) }
      hidden.push({ kind: 'SelectionNode', selection: node })
    }
    return alias
  }
  const hide = (sealed: SealedReference): SealedOffer => ({
    column: sealed.column,
    keys: sealed.keys.map((key) => hideColumn(sealed.source, key)),
    tenant: sealed.tenant === undefined ? undefined : hideColumn(sealed.source, sealed.tenant),
  })
  return {
    offers,
    hidden,
    hide,
    add: (name, sealed) => {
      if (offers.has(name)) throw notHere(sealed.column.label, `the result would have two columns named ${name}: give one an alias`)
      offers.set(name, hide(sealed))
    },
  }
}

type Collector = ReturnType<typeof createCollector>

const addStar = (collector: Collector, sources: readonly Source[]): void => {
  for (const source of sources) for (const [name, offer] of source.outputs) collector.add(name, { ...offer, source, name })
}

/** Reads one item of a select list; sealed columns are noted, anything computed from one is refused. */
const readSelection = (work: Work, scope: Scope, item: Node, collector: Collector): Node => {
  const selection = item['selection'] as Node
  const aliased = asKind(selection, 'AliasNode')
  if (nameOf(aliased?.['alias'])?.startsWith(HIDDEN) === true)
    throw notHere(
      HIDDEN,
      'a sub-query went through this plugin before and was changed since: build it with eb.selectFrom, and list sealedColumns as the last plugin',
    )
  const target = (aliased?.['node'] ?? selection) as Node
  const found = readReference(target)
  if (found?.star === true) {
    const sources = found.table === undefined ? scope.sources : scope.sources.filter((source) => source.alias === found.table)
    addStar(collector, sources)
    return item
  }
  const sealed = found === undefined ? undefined : resolve(scope, target)
  if (sealed !== undefined) {
    const name = aliased === undefined ? sealed.name : nameOf(aliased['alias'])
    if (name === undefined) throw notHere(sealed.column.label, 'its alias is not a plain name')
    collector.add(name, sealed)
    return item
  }
  const walked = walk(work, scope, target)
  return { ...item, selection: aliased === undefined ? walked : { ...aliased, node: walked } }
}

/** Reads a select list or RETURNING and adds the hidden columns. */
export const readSelections = (
  work: Work,
  items: readonly Node[],
  scope: Scope,
): { readonly nodes: readonly Node[]; readonly outputs: Outputs } => {
  const collector = createCollector(work)
  const nodes = items.map((item) => readSelection(work, scope, item, collector))
  return { nodes: [...nodes, ...collector.hidden], outputs: collector.offers }
}

/** Reads CTEs in order; each sees those before it. */
export const readWith = (work: Work, node: Node, scope: Scope): { readonly node: Node; readonly scope: Scope } => {
  const clause = asKind(node['with'], 'WithNode')
  if (clause === undefined) return { node, scope }
  const ctes = new Map(scope.ctes)
  const expressions = nodesOf(clause['expressions']).map((expression) => {
    const name = asKind(expression['name'], 'CommonTableExpressionNameNode')
    const label = tableName(name?.['table'])?.name ?? ''
    // its own name is visible inside a recursive one, with columns that are not known yet
    ctes.set(label, NO_OUTPUTS)
    const inner = work.original(expression['expression'] as Node)
    const read = work.read(work, inner, { sources: [], parent: scope, ctes }, 'source')
    const odd = name?.['columns'] !== undefined || clause['recursive'] === true
    if (odd && read.outputs.size > 0)
      throw notHere([...read.outputs.values()][0]?.column.label ?? '', 'a CTE that is recursive or renames its columns cannot carry it')
    ctes.set(label, read.outputs)
    return change(expression, { expression: read.node })
  })
  return { node: { ...node, with: { ...clause, expressions } }, scope: { ...scope, ctes } }
}

const REST = ['groupBy', 'having', 'orderBy', 'distinctOn', 'limit', 'offset', 'fetch', 'top', 'endModifiers'] as const

/** ORDER BY and GROUP BY may name an output of the select, and order may be a number. */
const refuseOutputs = (part: Node, outputs: Outputs): void => {
  const sealedName = (node: Node): boolean => outputs.has(outputName(node) ?? '')
  const byNumber = (node: Node): boolean =>
    node.kind === 'RawNode' && (node['sqlFragments'] as readonly string[]).some((text) => /^\s*\d/.test(text))
  if (outputs.size > 0 && someNode(part, (node) => sealedName(node) || byNumber(node)))
    throw notHere([...outputs.keys()][0] ?? '', 'rows cannot be ordered or grouped by it')
}

const readChecks = (
  pending: readonly PendingCheck[],
  collector: Collector,
  hiddenName: () => string,
): { readonly checks: readonly ResultCheck[]; readonly nodes: readonly Node[] } => {
  const nodes: Node[] = []
  const checks = pending.map(({ reference: sealed, values }) => {
    const output = hiddenName()
    nodes.push({
      kind: 'SelectionNode',
      selection: { kind: 'AliasNode', node: reference(sealed.source.alias, sealed.name), alias: identifier(output) },
    })
    return { output, offer: collector.hide(sealed), values }
  })
  return { checks, nodes: [...nodes, ...collector.hidden] }
}

/** Reads a select: its sources, its conditions, its list. */
export const readSelect = (around: Work, given: Node, outer: Scope, use: QueryUse): ReadQuery => {
  const work: Work = { ...around, conjuncts: conditionsOf(given) }
  const withs = readWith(work, given, { sources: [], parent: outer, ctes: outer.ctes })
  const from = asKind(withs.node['from'], 'FromNode')
  const froms = readSources(work, nodesOf(from?.['froms']), withs.scope)
  const { joins, scope } = readJoins(work, nodesOf(withs.node['joins']), froms.scope)
  const node: Record<string, unknown> = { ...withs.node }
  if (from !== undefined) node['from'] = { ...from, froms: froms.nodes }
  if (joins.length > 0) node['joins'] = joins

  const outermost = use === 'rows' && !isAggregated(given)
  const mine: Work = { ...work, checks: [] }
  const where = asKind(node['where'], 'WhereNode')
  if (where !== undefined) node['where'] = { ...where, where: walkCondition(mine, scope, where['where'] as Node, outermost) }

  const list = nodesOf(node['selections'])
  const { nodes, outputs } = readSelections(work, list, scope)
  const label = [...outputs.values()][0]?.column.label ?? ''
  if (outputs.size > 0 && (use === 'expression' || use === 'union'))
    throw notHere(label, 'it cannot be the value of a sub-query or part of a union')
  if (outputs.size > 0 && nodesOf(node['frontModifiers']).length > 0) throw notHere(label, 'DISTINCT would compare sealed values')
  node['selections'] = use === 'exists' ? list.map((item, i) => nodes[i] ?? item) : nodes

  const unions = nodesOf(node['setOperations'])
  if (unions.length > 0) {
    if (outputs.size > 0) throw notHere(label, 'it cannot be part of a union')
    node['setOperations'] = unions.map((union) =>
      change(union, { expression: work.read(work, work.original(union['expression'] as Node), withs.scope, 'union').node }),
    )
  }
  for (const part of REST) {
    const one = node[part]
    const walkPart = (child: Node): Node => {
      if (part === 'orderBy' || part === 'groupBy') refuseOutputs(child, outputs)
      return part === 'endModifiers' ? child : walk(work, scope, child)
    }
    if (Array.isArray(one)) node[part] = nodesOf(one).map(walkPart)
    else if (one !== undefined) node[part] = walkPart(one as Node)
  }
  if (mine.checks.length === 0) return { node: node as Node, outputs, checks: [] }
  const extra = readChecks(mine.checks, createCollector(work), work.hidden)
  return { node: change(node as Node, { selections: [...nodes, ...extra.nodes] }), outputs, checks: extra.checks }
}
