import { giveUp, NotQuick, plainScalar, readFlow, readQuoted, resolvePlain, startsPlain, type Cursor } from './quick-yaml-scalar.js'
import type { YamlEntry, YamlNode } from './yaml-tree.js'

const LIMIT = { depth: 16, nodes: 100_000, documents: 1_000 }

/** One line with something on it: its number from 1, how far it is indented, its text. */
type Line = { readonly number: number; readonly indent: number; readonly text: string }

const BEGINS = /^---(?: +#.*| *)$/
const UNUSUAL = /[\t\r\uFEFF\u0085\u2028\u2029]|^(?:%|\.\.\.)/m

/**
 * Reads the plain kind of YAML that nearly all rules are written in: block mappings and lists, values on one line, `|` texts, flow
 * collections on one line. Several times faster than the library, and linear. `undefined` for anything else, and for every mistake: then
 * the library decides. What it does give is what the library gives.
 */
export const readQuickly = (text: string): readonly YamlNode[] | undefined => {
  if (UNUSUAL.test(text)) return undefined
  try {
    return createReader(text.split('\n'))()
  } catch (error) {
    if (error instanceof NotQuick) return undefined
    throw error
  }
}

const createReader = (lines: readonly string[]): (() => readonly YamlNode[]) => {
  let at = 0
  let left = LIMIT.nodes
  let ahead: Line | undefined
  let aheadAt = -1

  const count = (): void => {
    if (--left < 0) giveUp()
  }
  const indentOf = (text: string): number => {
    let indent = 0
    while (text.charCodeAt(indent) === 32) indent++
    return indent
  }
  /** the next line with something on it, of this document */
  const peek = (): Line | undefined => {
    if (aheadAt === at) return ahead
    for (; at < lines.length; at++) {
      const text = lines[at] as string
      const indent = indentOf(text)
      if (indent === text.length || text.charCodeAt(indent) === 35) continue
      ahead = indent === 0 && text.startsWith('---') ? (BEGINS.test(text) ? undefined : giveUp()) : { number: at + 1, indent, text }
      aheadAt = at
      return ahead
    }
    ahead = undefined
    aheadAt = at
    return undefined
  }
  const next = (): void => {
    at++
  }
  /** nothing but a comment may follow a value */
  const endLine = ({ text, at: from }: Cursor): void => {
    const rest = text.slice(from)
    if (rest.trim() !== '' && !/^ +#/.test(rest)) giveUp()
  }
  /** a value that goes on in further lines */
  const noMore = (indent: number): void => {
    if ((peek()?.indent ?? -1) > indent) giveUp()
  }

  const readLiteral = (header: string, line: number, indent: number): YamlNode => {
    if (header !== '|' && header !== '|-') giveUp()
    const kept: string[] = []
    let inner = -1
    for (; at < lines.length; at++) {
      const text = lines[at] as string
      const own = indentOf(text)
      if (own === text.length) {
        if (inner < 0 ? own > 0 : own > inner) giveUp()
        kept.push('')
        continue
      }
      if (inner < 0) inner = own
      if (own < inner) break
      kept.push(text.slice(inner))
    }
    if (inner <= indent) giveUp()
    while (kept.at(-1) === '') kept.pop()
    // less indented, and yet inside of what holds the text
    if (at < lines.length && (lines[at] as string).trim() !== '' && indentOf(lines[at] as string) > indent) giveUp()
    const value = kept.join('\n') + (header === '|' ? '\n' : '')
    return { kind: 'scalar', line, value, source: value }
  }

  /** the value that begins on this line behind a key or a dash; `indent` is that of what holds it */
  const readInline = (line: Line, from: number, indent: number): YamlNode => {
    const { text, number } = line
    const c = text.charAt(from)
    count()
    next()
    if (c === '|') return readLiteral(text.slice(from).trimEnd(), number, indent)
    const cursor: Cursor = { text, line: number, at: from, left }
    if (c === '[' || c === '{') {
      const node = readFlow(cursor, 0)
      left = cursor.left
      endLine(cursor)
      noMore(indent)
      return node
    }
    if (c === "'" || c === '"') {
      const value = readQuoted(cursor)
      endLine(cursor)
      noMore(indent)
      return { kind: 'scalar', line: number, value, source: value }
    }
    if (!startsPlain(text, from)) giveUp()
    const comment = text.indexOf(' #', from)
    const plain = text.slice(from, comment < 0 ? text.length : comment).trimEnd()
    if (plain.includes(': ') || plain.endsWith(':')) giveUp()
    noMore(indent)
    return plainScalar(number, plain)
  }

  /** what stands in the lines below a key or a dash with nothing behind it */
  const readBelow = (line: Line, indent: number, depth: number, sameList: boolean): YamlNode => {
    next()
    const below = peek()
    if (below !== undefined && below.indent > indent) return readBlock(below, depth + 1)
    if (sameList && below?.indent === indent && isDash(below.text, indent)) return readList(indent, depth + 1)
    count()
    return { kind: 'scalar', line: line.number, value: null, source: '' }
  }

  const isDash = (text: string, from: number): boolean =>
    text.charCodeAt(from) === 45 && (text.length === from + 1 || text.charCodeAt(from + 1) === 32)

  /** where the value of a key begins, and the key; `undefined` when no key stands here */
  const readKey = (text: string, from: number): { key: string; value: number } | undefined => {
    const c = text.charAt(from)
    let end: number
    let key: string
    if (c === "'" || c === '"') {
      const cursor: Cursor = { text, line: 0, at: from, left: 0 }
      key = readQuoted(cursor)
      end = cursor.at
      if (text.charCodeAt(end) !== 58) return undefined
    } else {
      if (!startsPlain(text, from)) return undefined
      end = text.indexOf(': ', from)
      if (end < 0) end = text.trimEnd().endsWith(':') ? text.trimEnd().length - 1 : -1
      if (end < 0) return undefined
      const written = text.slice(from, end)
      if (written.endsWith(' ') || written.includes(' #') || written.endsWith(':')) giveUp()
      key = String(resolvePlain(written))
    }
    if (end + 1 < text.length && text.charCodeAt(end + 1) !== 32) giveUp()
    let value = end + 1
    while (text.charCodeAt(value) === 32) value++
    return { key, value }
  }

  const readMap = (first: Line, column: number, depth: number): YamlNode => {
    const entries: YamlEntry[] = []
    const known = new Set<string>()
    count()
    if (depth > LIMIT.depth) giveUp()
    let line: Line | undefined = first
    let from = column
    while (line !== undefined && (entries.length === 0 || line.indent === column)) {
      const found: { key: string; value: number } = readKey(line.text, from) ?? giveUp()
      const { key, value } = found
      if (known.has(key) || key === '<<') giveUp()
      known.add(key)
      const isEmpty = value >= line.text.length || line.text.charCodeAt(value) === 35
      const node: YamlNode = isEmpty ? readBelow(line, column, depth, true) : readInline(line, value, column)
      entries.push({ key, line: line.number, value: node })
      line = peek()
      if (line !== undefined && line.indent > column) giveUp()
      from = column
    }
    return { kind: 'map', line: entries[0]?.line ?? first.number, entries }
  }

  const readList = (indent: number, depth: number): YamlNode => {
    const items: YamlNode[] = []
    const number = peek()?.number ?? 0
    count()
    if (depth > LIMIT.depth) giveUp()
    for (let line = peek(); line !== undefined && line.indent === indent && isDash(line.text, indent); line = peek()) {
      const { text } = line
      let from = indent + 1
      while (text.charCodeAt(from) === 32) from++
      if (from >= text.length || text.charCodeAt(from) === 35) items.push(readBelow(line, indent, depth, false))
      else if (isDash(text, from)) giveUp()
      else {
        const isFlow = text.charAt(from) === '[' || text.charAt(from) === '{'
        items.push(!isFlow && readKey(text, from) !== undefined ? readMap(line, from, depth + 1) : readInline(line, from, indent))
      }
      const after = peek()
      if (after !== undefined && after.indent > indent) giveUp()
    }
    return { kind: 'list', line: number, items }
  }

  const readBlock = (line: Line, depth: number): YamlNode =>
    isDash(line.text, line.indent) ? readList(line.indent, depth) : readMap(line, line.indent, depth)

  return () => {
    const documents: YamlNode[] = []
    while (at < lines.length) {
      const first = peek()
      if (first !== undefined) {
        if (first.indent > 0) giveUp()
        left = LIMIT.nodes
        documents.push(readBlock(first, 0))
        if (peek() !== undefined || documents.length > LIMIT.documents) giveUp()
      }
      // the line that begins the next document
      if (at < lines.length) next()
    }
    return documents
  }
}
