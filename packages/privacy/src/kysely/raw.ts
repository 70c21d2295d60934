import type { SealedModel, SealedTable } from '../sealed/model.js'
import { asKind, nameOf, type Node, someNode } from './nodes.js'
import { notHere } from './scope.js'

const isWord = (code: number): boolean =>
  (code >= 48 && code <= 57) || (code >= 65 && code <= 90) || code === 95 || (code >= 97 && code <= 122) || code > 127

/** The words of SQL text in lower case: identifiers, quoted or not, and everything else that looks like one. */
export const wordsOf = (text: string): ReadonlySet<string> => {
  const words = new Set<string>()
  let start = -1
  for (let i = 0; i <= text.length; i++) {
    const inside = i < text.length && isWord(text.charCodeAt(i))
    if (inside && start === -1) start = i
    if (!inside && start !== -1) {
      words.add(text.slice(start, i).toLowerCase())
      start = -1
    }
  }
  return words
}

/** Every word of the raw SQL in a tree, and every name in it. */
const rawWords = (node: Node): ReadonlySet<string> => {
  const texts: string[] = []
  someNode(node, (one) => {
    if (one.kind === 'RawNode') texts.push(...(one['sqlFragments'] as readonly string[]))
    const name = nameOf(asKind(one, 'IdentifierNode'))
    if (name !== undefined) texts.push(name)
    return false
  })
  return wordsOf(texts.join(' '))
}

const named = (model: SealedModel, words: ReadonlySet<string>): readonly SealedTable[] =>
  model.tables.filter((table) => words.has(table.name.toLowerCase()))

/** Refuses raw SQL that names a sealed table together with one of its sealed columns. Throws PPT_SEALED_QUERY. */
export const checkRawTables = (model: SealedModel, node: Node): void => {
  const words = rawWords(node)
  for (const table of named(model, words)) {
    const column = [...table.columns.values()].find((one) => words.has(one.name.toLowerCase()))
    if (column !== undefined)
      throw notHere(column.label, 'it is named in raw SQL: use sealed() for its values, on a database without this plugin')
  }
}

/** Refuses a source of raw SQL that is or holds a sealed table: its columns could not be told. Throws PPT_SEALED_QUERY. */
export const checkRawSource = (model: SealedModel, node: Node): void => {
  if (!someNode(node, (one) => one.kind === 'RawNode')) return
  const [table] = named(model, rawWords(node))
  if (table !== undefined) throw notHere(table.name, 'a table with sealed columns stands in raw SQL: name it outside')
}

const WRITES: readonly string[] = ['insert', 'update', 'merge', 'copy']

/** Refuses a raw statement that names a sealed column or writes its table: nothing could be sealed on its way. Throws PPT_SEALED_QUERY. */
export const checkRawStatement = (model: SealedModel, node: Node): void => {
  checkRawTables(model, node)
  const words = rawWords(node)
  const [table] = named(model, words)
  if (table !== undefined && WRITES.some((word) => words.has(word))) throw notHere(table.name, 'raw SQL writes a table with sealed columns')
}
