/** A node of Kysely's tree by structure: frozen objects with a `kind`. */
export type Node = { readonly kind: string; readonly [property: string]: unknown }

/** True for a node; values of the application never pass here, see {@link LEAVES}. */
export const isNode = (value: unknown): value is Node =>
  typeof value === 'object' && value !== null && 'kind' in value && typeof value.kind === 'string'

/** The node of a kind, or `undefined`. */
export const asKind = (value: unknown, ...kinds: readonly string[]): Node | undefined =>
  isNode(value) && kinds.includes(value.kind) ? value : undefined

/** The nodes of a list property. */
export const nodesOf = (value: unknown): readonly Node[] => (Array.isArray(value) ? value.filter(isNode) : [])

/** Nodes that hold values or bare names. A value may look like a node: it is data of the application and is never walked. */
export const LEAVES: ReadonlySet<string> = new Set([
  'ValueNode',
  'PrimitiveValueListNode',
  'IdentifierNode',
  'OperatorNode',
  'DataTypeNode',
  'DefaultInsertValueNode',
  'SelectAllNode',
  'JSONPathLegNode',
])

/** A copy whose children went through `map`. */
export const mapChildren = (node: Node, map: (child: Node) => Node): Node => {
  if (LEAVES.has(node.kind)) return node
  const copy: Record<string, unknown> = {}
  for (const [name, value] of Object.entries(node)) {
    if (isNode(value)) copy[name] = map(value)
    else copy[name] = Array.isArray(value) ? value.map((item: unknown) => (isNode(item) ? map(item) : item)) : value
  }
  return copy as Node
}

/** True when the tree holds a node that `test` accepts. */
export const someNode = (node: Node, test: (node: Node) => boolean): boolean => {
  if (test(node)) return true
  if (LEAVES.has(node.kind)) return false
  return Object.values(node).some((value) =>
    isNode(value) ? someNode(value, test) : Array.isArray(value) && value.some((item: unknown) => isNode(item) && someNode(item, test)),
  )
}

/** A copy with other properties. */
export const change = (node: Node, properties: Readonly<Record<string, unknown>>): Node => ({ ...node, ...properties })

export const identifier = (name: string): Node => ({ kind: 'IdentifierNode', name })
export const column = (name: string): Node => ({ kind: 'ColumnNode', column: identifier(name) })
export const value = (content: unknown): Node => ({ kind: 'ValueNode', value: content })
const tableNode = (name: string): Node => ({ kind: 'TableNode', table: { kind: 'SchemableIdentifierNode', identifier: identifier(name) } })

/** `table.column`, or `column` alone. */
export const reference = (table: string | undefined, name: string): Node => ({
  kind: 'ReferenceNode',
  column: column(name),
  ...(table === undefined ? {} : { table: tableNode(table) }),
})

/** The name in an identifier node. */
export const nameOf = (node: unknown): string | undefined => {
  const name = asKind(node, 'IdentifierNode')?.['name']
  return typeof name === 'string' ? name : undefined
}

/** The column name in a column node. */
export const columnName = (node: unknown): string | undefined => nameOf(asKind(node, 'ColumnNode')?.['column'])

/** Schema and name of a table node. */
export const tableName = (node: unknown): { readonly name: string; readonly schema: string | undefined } | undefined => {
  const table = asKind(asKind(node, 'TableNode')?.['table'], 'SchemableIdentifierNode')
  const name = nameOf(table?.['identifier'])
  return name === undefined ? undefined : { name, schema: nameOf(table?.['schema']) }
}

/** What a reference names: `table` is missing where it was not qualified, `column` for `*`. */
export const readReference = (
  node: unknown,
): { readonly table: string | undefined; readonly column: string | undefined; readonly star: boolean } | undefined => {
  const bare = columnName(node)
  if (bare !== undefined) return { table: undefined, column: bare, star: false }
  if (asKind(node, 'SelectAllNode')) return { table: undefined, column: undefined, star: true }
  const found = asKind(node, 'ReferenceNode')
  if (found === undefined) return undefined
  const star = asKind(found['column'], 'SelectAllNode') !== undefined
  return { table: tableName(found['table'])?.name, column: columnName(found['column']), star }
}
