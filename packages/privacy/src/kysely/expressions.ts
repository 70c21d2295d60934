import { checkRawTables, wordsOf } from './raw.js'
import { EXACT_BITS, tenantText } from '../sealed/model.js'
import {
  asKind,
  columnName,
  LEAVES,
  mapChildren,
  nameOf,
  type Node,
  nodesOf,
  readReference,
  reference,
  someNode,
  tableName,
} from './nodes.js'
import { notHere, resolve, type Scope, type SealedReference, wholeRow, type Work } from './scope.js'

const QUERIES: ReadonlySet<string> = new Set(['InsertQueryNode', 'UpdateQueryNode', 'DeleteQueryNode', 'MergeQueryNode'])

/** The comparisons that must all hold, through AND and parentheses. */
export const conjunctsOf = (condition: Node | undefined): readonly Node[] => {
  if (condition === undefined) return []
  if (condition.kind === 'ParensNode') return conjunctsOf(asNode(condition['node']))
  if (condition.kind === 'AndNode') return [...conjunctsOf(asNode(condition['left'])), ...conjunctsOf(asNode(condition['right']))]
  return [condition]
}

const asNode = (value: unknown): Node | undefined => value as Node | undefined

/** The value that a column of `alias` must equal by these comparisons, or `undefined`. */
export const equalTo = (
  conjuncts: readonly Node[],
  alias: string,
  name: string,
  alone: boolean,
): { readonly value: unknown } | undefined => {
  for (const conjunct of conjuncts) {
    if (conjunct.kind !== 'BinaryOperationNode' || operatorOf(conjunct) !== '=') continue
    const left = readReference(conjunct['leftOperand'])
    const right = asKind(conjunct['rightOperand'], 'ValueNode')
    if (left?.column !== name || right === undefined) continue
    if (left.table === alias || (left.table === undefined && alone)) return { value: right['value'] }
  }
  return undefined
}

const operatorOf = (node: Node): string => {
  const operator = asKind(node['operator'], 'OperatorNode')?.['operator']
  return typeof operator === 'string' ? operator.toLowerCase() : ''
}

/** The texts that a sealed column is compared with, or `undefined` when they are no plain values. */
const textsOf = (node: unknown, operator: string): readonly string[] | undefined => {
  const list: readonly unknown[] | undefined =
    operator === '='
      ? asKind(node, 'ValueNode') && [asNode(node)?.['value']]
      : ((asKind(node, 'PrimitiveValueListNode')?.['values'] as readonly unknown[] | undefined) ??
        (asKind(node, 'ValueListNode') && nodesOf(asNode(node)?.['values']).map((item) => asKind(item, 'ValueNode')?.['value'])))
  return list?.every((item): item is string => typeof item === 'string') === true ? list : undefined
}

const tenantIn = (work: Work, sealed: SealedReference, scope: Scope): string => {
  const { table } = sealed.column
  if (table.tenantOf !== undefined) return table.tenantOf()
  if (sealed.tenant === undefined) return ''
  const found = equalTo(work.conjuncts, sealed.source.alias, sealed.tenant, scope.sources.length === 1)
  if (found === undefined)
    throw notHere(sealed.column.label, `its index is kept per tenant: compare ${sealed.tenant} with a value in the same WHERE`)
  return tenantText(found.value, table)
}

/**
 * A comparison. `checked`: it must hold for every row that comes back, and each is one row of its table, so that collisions
 * of a short index can be sorted out.
 */
const compareSealed = (work: Work, scope: Scope, node: Node, checked: boolean): Node => {
  const [left, right] = [node['leftOperand'] as Node, node['rightOperand'] as Node]
  const operator = operatorOf(node)
  const onLeft = resolve(scope, left)
  const sealed = onLeft ?? resolve(scope, right)
  if (sealed === undefined) return mapChildren(node, (child) => walk(work, scope, child))
  const { label, index } = sealed.column
  if ((operator === 'is' || operator === 'is not') && onLeft !== undefined && asKind(right, 'ValueNode')?.['value'] === null) return node
  if (operator !== '=' && operator !== 'in') throw notHere(label, `${operator} is not possible; only = and in are, by its blind index`)
  if (onLeft === undefined && operator === 'in') throw notHere(label, 'it cannot stand in a list')
  const values = textsOf(onLeft === undefined ? left : right, operator)
  if (values === undefined) throw notHere(label, 'it is compared with something else than text')
  if (index === undefined) throw notHere(label, 'it has no blind index')
  if (sealed.source.table === undefined) throw notHere(label, 'compare it inside the sub-query that reads its table')
  if (index.bits < EXACT_BITS) {
    if (!checked)
      throw notHere(
        label,
        `an index of ${index.bits} bits has collisions that cannot be told apart here: use ${EXACT_BITS} bits, or find the rows by key first`,
      )
    work.checks.push({ reference: sealed, values })
  }
  const tenant = tenantIn(work, sealed, scope)
  const qualifier = readReference(onLeft === undefined ? right : left)?.table
  return {
    kind: 'BinaryOperationNode',
    leftOperand: reference(qualifier, index.column),
    operator: { kind: 'OperatorNode', operator: 'in' },
    rightOperand: { kind: 'PrimitiveValueListNode', values: [...new Set(values.flatMap((text) => index.allOf(text, tenant)))] },
  }
}

/** A condition whose comparisons with sealed columns are turned into comparisons with their indexes. */
export const walkCondition = (work: Work, scope: Scope, condition: Node, checked: boolean): Node => {
  const go = (node: Node): Node => {
    if (node.kind === 'ParensNode' || node.kind === 'AndNode') return mapChildren(node, go)
    return node.kind === 'BinaryOperationNode' ? compareSealed(work, scope, node, checked) : walk(work, scope, node)
  }
  return go(condition)
}

const inScope = (scope: Scope | undefined, test: (name: string) => boolean): string | undefined => {
  for (let at = scope; at !== undefined; at = at.parent)
    for (const source of at.sources) for (const [name, { column }] of source.outputs) if (test(name)) return column.label
  return undefined
}

/** Raw SQL inside a query: a sealed column of a table around it must not be named, by text or by parameter. */
const walkRaw = (work: Work, scope: Scope, node: Node): Node => {
  checkRawTables(work.model, node)
  const words = wordsOf((node['sqlFragments'] as readonly string[]).join(' '))
  const named = inScope(scope, (name) => words.has(name.toLowerCase()))
  if (named !== undefined) throw notHere(named, 'it is named in raw SQL')
  return mapChildren(node, (child) => {
    const id = nameOf(child)
    const hit = id === undefined ? undefined : inScope(scope, (name) => name === id)
    if (hit !== undefined) throw notHere(hit, 'it is named in raw SQL')
    return walk(work, scope, child)
  })
}

/** An expression in which no sealed column may stand. Throws PPT_SEALED_QUERY for one; sub-queries are read by their own rules. */
export const walk = (work: Work, scope: Scope, given: Node): Node => {
  const node = work.original(given)
  switch (node.kind) {
    case 'ReferenceNode':
    case 'ColumnNode': {
      const sealed = resolve(scope, node)
      if (sealed !== undefined) throw notHere(sealed.column.label, 'it cannot be used in an expression, an order or a group')
      const { table, column, star } = readReference(node) ?? {}
      const row =
        star === true && table !== undefined
          ? wholeRow(scope, table)
          : table === undefined && column !== undefined && wholeRow(scope, column)
      if (row) throw notHere(row.alias, 'its row as a whole holds sealed columns')
      return node
    }
    case 'TableNode': {
      const row = wholeRow(scope, tableName(node)?.name ?? '')
      if (row !== undefined) throw notHere(row.alias, 'its row as a whole holds sealed columns')
      return node
    }
    case 'SelectQueryNode':
      return work.read(work, node, scope, 'expression').node
    case 'UnaryOperationNode': {
      const operand = node['operand'] as Node
      const inner = work.original(operand.kind === 'ParensNode' ? (operand['node'] as Node) : operand)
      const exists = /exists$/i.test(operatorOf(node))
      return exists && inner.kind === 'SelectQueryNode'
        ? { ...node, operand: work.read(work, inner, scope, 'exists').node }
        : mapChildren(node, (child) => walk(work, scope, child))
    }
    case 'AggregateFunctionNode':
      return countsRows(node) ? node : mapChildren(node, (child) => walk(work, scope, child))
    case 'BinaryOperationNode':
      return compareSealed(work, scope, node, false)
    case 'RawNode':
      return walkRaw(work, scope, node)
    default:
      if (QUERIES.has(node.kind)) throw notHere(node.kind, 'a statement that writes stands in an expression')
      return LEAVES.has(node.kind) ? node : mapChildren(node, (child) => walk(work, scope, child))
  }
}

/** `count(users.*)` and `count(*)` look at no value. */
const countsRows = (node: Node): boolean =>
  node['func'] === 'count' &&
  node['filter'] === undefined &&
  node['over'] === undefined &&
  nodesOf(node['aggregated']).every((item) => readReference(asKind(item, 'SelectionNode')?.['selection'] ?? item)?.star === true)

/** True when the rows of a select are not those of its tables: a hidden column would change what it means. */
export const isAggregated = (node: Node): boolean =>
  ['groupBy', 'having', 'setOperations', 'distinctOn'].some((part) => node[part] !== undefined) ||
  nodesOf(node['frontModifiers']).length > 0 ||
  nodesOf(node['selections']).some((selection) =>
    someNode(selection, (one) => one.kind === 'AggregateFunctionNode' || one.kind === 'RawNode' || one.kind === 'FunctionNode'),
  )

/** Conjuncts of a query's WHERE clause. */
export const conditionsOf = (node: Node): readonly Node[] => conjunctsOf(asKind(node['where'], 'WhereNode')?.['where'] as Node | undefined)

/** The bare name that an ORDER BY or GROUP BY item may use for an output of the select. */
export const outputName = (node: Node): string | undefined => {
  const found = readReference(node)
  return found?.table === undefined ? (found?.column ?? columnName(node)) : undefined
}
