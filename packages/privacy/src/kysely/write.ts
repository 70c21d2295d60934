import { ParapetError } from '@parapet/core'
import type { RowKey } from '../sealed/codec.js'
import { rowPart, type SealedColumn, type SealedTable, tenantText } from '../sealed/model.js'
import { conditionsOf, conjunctsOf, equalTo, walk, walkCondition } from './expressions.js'
import { asKind, change, column, columnName, mapChildren, type Node, nodesOf, readReference, reference, tableName, value } from './nodes.js'
import { notHere, offersOf, type Outputs, type ReadQuery, type Scope, type Source, type Work } from './scope.js'
import { readJoins, readSelections, readSource, readSources, readWith } from './select.js'

/** The error for a row that is not named. */
const noRow = (table: SealedTable, why: string): ParapetError =>
  new ParapetError('PPT_SEALED_CONTEXT', `${table.name} (${table.primaryKey.join(', ')}): ${why}`)

/** The value that a node stands for, or `undefined` when the database is to compute it. */
const plainOf = (node: unknown): { readonly content: unknown } | undefined => {
  const found = asKind(node, 'ValueNode')
  return found === undefined ? undefined : { content: found['value'] }
}

/** Seals one value for a row; a value that is sealed already went through this plugin twice. */
const sealCell = (work: Work, cell: SealedColumn, content: unknown, row: () => RowKey, tenant: () => string): unknown => {
  if (content === null) return null
  if (work.model.isOurs(content))
    throw notHere(cell.label, 'the value is sealed already: list sealedColumns as the last plugin, and give it plain values')
  return cell.codec.seal(content, row(), tenant())
}

/** The rows of VALUES, each as nodes; `undefined` for anything else. */
const rowsOfValues = (node: unknown): readonly (readonly Node[])[] | undefined => {
  const values = asKind(node, 'ValuesNode')
  return values === undefined
    ? undefined
    : nodesOf(values['values']).map((row) =>
        row.kind === 'PrimitiveValueListNode' ? (row['values'] as readonly unknown[]).map(value) : nodesOf(row['values']),
      )
}

type InsertedRow = { readonly row: RowKey; readonly tenant: string }

/** What names a row that is inserted: asked for only when something is to be sealed. */
const rowOfInsert = (table: SealedTable, names: readonly string[], cells: readonly Node[]): (() => InsertedRow) => {
  const at = (name: string): { readonly content: unknown } | undefined => plainOf(cells[names.indexOf(name)])
  return () => {
    const row = table.primaryKey.map((name) => {
      const given = at(name)
      if (given === undefined) throw noRow(table, `${name} must be given with the values, the database cannot make it up afterwards`)
      return rowPart(given.content, table, name)
    })
    if (table.tenantOf !== undefined) return { row, tenant: table.tenantOf() }
    if (table.tenantColumn === undefined) return { row, tenant: '' }
    const given = at(table.tenantColumn)
    if (given === undefined) throw noRow(table, `the tenant ${table.tenantColumn} must be given with the values`)
    return { row, tenant: tenantText(given.content, table) }
  }
}

/** Seals the values of an insert and adds the index columns. */
const sealInsert = (work: Work, table: SealedTable, node: Node, scope: Scope): Node => {
  const names = nodesOf(node['columns']).map((one) => columnName(one) ?? '')
  if (node['defaultValues'] === true) return node
  const own = names.find((name) => table.indexColumns.has(name))
  if (own !== undefined) throw notHere(`${table.name}.${own}`, 'it is written together with the value it belongs to')
  const sealed = names.flatMap((name) => table.columns.get(name) ?? [])
  const rows = rowsOfValues(node['values'])
  if (rows === undefined || names.length === 0) {
    if (names.length > 0 && sealed.length === 0)
      return { ...node, ...(node['values'] === undefined ? {} : { values: readInsertSource(work, node['values'] as Node, scope) }) }
    throw notHere(
      sealed[0]?.label ?? table.name,
      'rows from a query or raw SQL cannot be sealed on their way: read them, then insert values',
    )
  }
  const indexed = sealed.filter((cell) => cell.index !== undefined)
  const done = rows.map((cells) => {
    const key = rowOfInsert(table, names, cells)
    const next = cells.map((cell, i) => {
      const target = table.columns.get(names[i] ?? '')
      if (target === undefined) return walk(work, scope, cell)
      if (cell.kind === 'DefaultInsertValueNode') return cell
      const plain = plainOf(cell)
      if (plain === undefined) throw notHere(target.label, 'it takes a value, nothing that the database computes')
      return value(
        sealCell(
          work,
          target,
          plain.content,
          () => key().row,
          () => key().tenant,
        ),
      )
    })
    const indexes = indexed.map((cell) => {
      const plain = plainOf(cells[names.indexOf(cell.name)])
      if (plain === undefined || plain.content === null) return value(null)
      return value(cell.index?.of(plain.content, key().tenant) ?? null)
    })
    return { kind: 'ValueListNode', values: [...next, ...indexes] }
  })
  return {
    ...node,
    columns: [...nodesOf(node['columns']), ...indexed.map((cell) => column(cell.index?.column ?? ''))],
    values: { kind: 'ValuesNode', values: done },
  }
}

const readInsertSource = (work: Work, values: Node, scope: Scope): Node => {
  const source = work.original(values)
  return source.kind === 'SelectQueryNode'
    ? work.read(work, source, { ...scope, sources: [] }, 'expression').node
    : walk(work, scope, source)
}

/** What a SET list needs to know of the row that it changes. */
type SetRow = { readonly row: () => RowKey; readonly tenant: () => string; readonly fromExcluded: boolean }

/** Seals a SET list. `set` of the key or the tenant is refused: the sealed values of the row would not open any more. */
const sealUpdates = (work: Work, table: SealedTable, updates: readonly Node[], scope: Scope, key: SetRow): readonly Node[] =>
  updates.flatMap((update): readonly Node[] => {
    const name = columnName(update['column']) ?? readReference(update['column'])?.column
    if (name === undefined) throw notHere(table.name, 'a SET names its column in a way that is not known')
    if (table.primaryKey.includes(name) || table.tenantColumn === name) {
      const same = readReference(update['value'])
      if (key.fromExcluded && same?.table === 'excluded' && same.column === name) return [update]
      throw noRow(table, `${name} cannot change: the sealed values of the row belong to it`)
    }
    if (table.indexColumns.has(name)) throw notHere(`${table.name}.${name}`, 'it is written together with the value it belongs to')
    const cell = table.columns.get(name)
    const given = work.original(update['value'] as Node)
    if (cell === undefined) return [{ ...update, value: walk(work, scope, given) }]
    const setIndex = (content: Node): readonly Node[] =>
      cell.index === undefined ? [] : [{ kind: 'ColumnUpdateNode', column: column(cell.index.column), value: content }]
    const plain = plainOf(given)
    if (plain !== undefined) {
      const content = sealCell(work, cell, plain.content, key.row, key.tenant)
      const index = plain.content === null ? null : (cell.index?.of(plain.content, key.tenant()) ?? null)
      return [{ ...update, value: value(content) }, ...setIndex(value(index))]
    }
    const from = readReference(given)
    if (key.fromExcluded && from?.table === 'excluded' && from.column === name)
      return [update, ...setIndex(reference('excluded', cell.index?.column ?? ''))]
    throw notHere(cell.label, 'it takes a value, nothing that the database computes')
  })

const sourceOf = (alias: string, table: SealedTable): Source => ({ alias, table, outputs: offersOf(table) })

/** ON CONFLICT: the row that is there has the key of the inserted one only when the key is what collided. */
const sealConflict = (work: Work, table: SealedTable, insert: Node, given: Node, scope: Scope): Node => {
  const inner: Scope = { ...scope, sources: [...scope.sources, sourceOf('excluded', table)] }
  const target = nodesOf(given['columns']).map((one) => columnName(one) ?? '')
  const byKey = target.length === table.primaryKey.length && table.primaryKey.every((name) => target.includes(name))
  const tenantFixed = table.tenantColumn === undefined || table.primaryKey.includes(table.tenantColumn)
  const why = !byKey
    ? 'ON CONFLICT must name exactly the primary key, or it is not known which row is changed'
    : 'the tenant is not part of the key, so the row that is there may belong to another one'
  const names = nodesOf(insert['columns']).map((one) => columnName(one) ?? '')
  const rows = rowsOfValues(insert['values']) ?? []
  const known = (): InsertedRow => {
    if (!byKey || !tenantFixed) throw noRow(table, why)
    if (rows.length !== 1) throw noRow(table, 'one value for several rows cannot be sealed: use the excluded one')
    return rowOfInsert(table, names, rows[0] ?? [])()
  }
  const updates = nodesOf(given['updates'])
  const touched = updates.some(
    (update) => table.columns.has(columnName(update['column']) ?? '') && plainOf(update['value'])?.content !== null,
  )
  if (touched && (!byKey || !tenantFixed)) throw noRow(table, why)
  const condition = (name: string): Record<string, unknown> => {
    const where = asKind(given[name], 'WhereNode')
    return where === undefined ? {} : { [name]: { ...where, where: walkCondition(work, inner, where['where'] as Node, false) } }
  }
  return {
    ...given,
    ...(updates.length === 0
      ? {}
      : {
          updates: sealUpdates(work, table, updates, inner, { row: () => known().row, tenant: () => known().tenant, fromExcluded: true }),
        }),
    ...condition('indexWhere'),
    ...condition('updateWhere'),
    ...(asKind(given['indexExpression'], 'RawNode') === undefined
      ? {}
      : { indexExpression: walk(work, inner, given['indexExpression'] as Node) }),
  }
}

const readReturning = (work: Work, node: Node, scope: Scope): ReadQuery => {
  const returning = asKind(node['returning'], 'ReturningNode')
  if (returning === undefined) return { node, outputs: new Map(), checks: [] }
  const { nodes, outputs } = readSelections(work, nodesOf(returning['selections']), scope)
  return { node: { ...node, returning: { ...returning, selections: nodes } }, outputs, checks: [] }
}

const readInsert = (work: Work, node: Node, scope: Scope): ReadQuery => {
  const named = tableName(node['into'])
  const table = named === undefined ? undefined : work.model.find(named.name, named.schema)
  const target: Source = { alias: named?.name ?? '', table, outputs: table === undefined ? new Map() : offersOf(table) }
  const inner: Scope = { ...scope, sources: [target] }
  if (table === undefined) {
    const values = node['values'] as Node | undefined
    const read = values === undefined ? node : { ...node, values: readInsertSource(work, values, { ...scope, sources: [] }) }
    return readReturning(work, read, inner)
  }
  if (node['onDuplicateKey'] !== undefined || node['replace'] === true || node['orAction'] !== undefined)
    throw notHere(table.name, 'only ON CONFLICT of PostgreSQL is known')
  const conflict = asKind(node['onConflict'], 'OnConflictNode')
  const sealed = sealInsert(work, table, node, { ...scope, sources: [] })
  return readReturning(
    work,
    conflict === undefined ? sealed : { ...sealed, onConflict: sealConflict(work, table, node, conflict, inner) },
    inner,
  )
}

/** The row that an UPDATE changes, from the comparisons of its WHERE. */
const rowOfUpdate = (table: SealedTable, alias: string, conjuncts: readonly Node[], alone: boolean): SetRow => ({
  fromExcluded: false,
  row: () =>
    table.primaryKey.map((name) => {
      const found = equalTo(conjuncts, alias, name, alone)
      if (found === undefined) throw noRow(table, `WHERE must compare ${name} with a value, one row at a time`)
      return rowPart(found.value, table, name)
    }),
  tenant: () => {
    if (table.tenantOf !== undefined) return table.tenantOf()
    if (table.tenantColumn === undefined) return ''
    const found = equalTo(conjuncts, alias, table.tenantColumn, alone)
    if (found === undefined) throw noRow(table, `WHERE must compare the tenant ${table.tenantColumn} with a value`)
    return tenantText(found.value, table)
  },
})

const walkWhere = (work: Work, node: Node, scope: Scope): Record<string, unknown> => {
  const where = asKind(node['where'], 'WhereNode')
  return where === undefined ? {} : { where: { ...where, where: walkCondition(work, scope, where['where'] as Node, false) } }
}

const walkRest = (work: Work, node: Node, scope: Scope): Record<string, unknown> => {
  const rest: Record<string, unknown> = {}
  for (const name of ['orderBy', 'limit', 'top'] as const) if (node[name] !== undefined) rest[name] = walk(work, scope, node[name] as Node)
  return rest
}

const readUpdate = (around: Work, node: Node, scope: Scope): ReadQuery => {
  const work: Work = { ...around, conjuncts: conditionsOf(node) }
  if (asKind(node['table'], 'TableNode', 'AliasNode') === undefined) throw notHere('update', 'it names more than one table')
  const target = readSource(work, node['table'] as Node, scope)
  const from = asKind(node['from'], 'FromNode')
  const sources = readSources(work, nodesOf(from?.['froms']), { ...scope, sources: [target.source] })
  const { joins, scope: inner } = readJoins(work, nodesOf(node['joins']), sources.scope)
  const { table, alias } = target.source
  const updates = nodesOf(node['updates'])
  const key = table === undefined ? undefined : rowOfUpdate(table, alias, work.conjuncts, inner.sources.length === 1)
  const done: Node = {
    ...node,
    ...(from === undefined ? {} : { from: { ...from, froms: sources.nodes } }),
    ...(joins.length === 0 ? {} : { joins }),
    updates:
      table === undefined || key === undefined
        ? updates.map((update) => ({ ...update, value: walk(work, inner, update['value'] as Node) }))
        : sealUpdates(work, table, updates, inner, key),
    ...walkWhere(work, node, inner),
    ...walkRest(work, node, inner),
  }
  return readReturning(work, done, inner)
}

const readDelete = (around: Work, node: Node, scope: Scope): ReadQuery => {
  const work: Work = { ...around, conjuncts: conditionsOf(node) }
  const from = asKind(node['from'], 'FromNode')
  const using = asKind(node['using'], 'UsingNode')
  const targets = readSources(work, nodesOf(from?.['froms']), scope)
  const used = readSources(work, nodesOf(using?.['tables']), targets.scope)
  const { joins, scope: inner } = readJoins(work, nodesOf(node['joins']), used.scope)
  const done: Node = {
    ...node,
    from: { ...from, kind: 'FromNode', froms: targets.nodes },
    ...(using === undefined ? {} : { using: { ...using, tables: used.nodes } }),
    ...(joins.length === 0 ? {} : { joins }),
    ...walkWhere(work, node, inner),
    ...walkRest(work, node, inner),
  }
  return readReturning(work, done, inner)
}

/** MERGE: inserted values are sealed as in an insert; a matched row's key is not known, so only NULL can be set. */
const readMerge = (around: Work, node: Node, scope: Scope): ReadQuery => {
  const target = readSource(around, node['into'] as Node, scope)
  const using = node['using'] as Node | undefined
  const joined = readJoins(around, using === undefined ? [] : [using], { ...scope, sources: [target.source] })
  const condition = (using && asKind(using['on'], 'OnNode')?.['on']) as Node | undefined
  const work: Work = { ...around, conjuncts: conjunctsOf(condition) }
  const { table, alias } = target.source
  const result = (one: Node): Node => {
    if (one.kind === 'InsertQueryNode')
      return table === undefined ? mapChildren(one, (child) => walk(work, joined.scope, child)) : sealInsert(work, table, one, joined.scope)
    if (one.kind !== 'UpdateQueryNode' || table === undefined)
      return mapChildren(one, (child) =>
        child.kind === 'ColumnUpdateNode'
          ? { ...child, value: walk(work, joined.scope, child['value'] as Node) }
          : walk(work, joined.scope, child),
      )
    return { ...one, updates: sealUpdates(work, table, nodesOf(one['updates']), joined.scope, rowOfUpdate(table, alias, [], false)) }
  }
  const whens = nodesOf(node['whens']).map((when) =>
    change(when, {
      condition: walk(work, joined.scope, when['condition'] as Node),
      ...(when['result'] === undefined ? {} : { result: result(when['result'] as Node) }),
    }),
  )
  return readReturning(work, { ...node, ...(using === undefined ? {} : { using: joined.joins[0] }), whens }, joined.scope)
}

const READERS: Readonly<Record<string, (work: Work, node: Node, scope: Scope) => ReadQuery>> = {
  InsertQueryNode: readInsert,
  UpdateQueryNode: readUpdate,
  DeleteQueryNode: readDelete,
  MergeQueryNode: readMerge,
}

/** Reads a statement that writes: values are sealed, what it returns is noted. */
export const readWrite = (work: Work, given: Node, outer: Scope): ReadQuery => {
  const { node, scope } = readWith(work, given, { sources: [], parent: outer, ctes: outer.ctes })
  const reader = READERS[node.kind]
  if (reader === undefined) throw notHere(node.kind, 'this kind of statement is not known')
  const read = reader(work, node, scope)
  const outputs: Outputs = read.outputs
  return { ...read, outputs }
}
