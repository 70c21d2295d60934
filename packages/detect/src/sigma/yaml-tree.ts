import { createRequire } from 'node:module'
import type * as Yaml from 'yaml'
import type { Document } from 'yaml'
import { quote, RuleFault } from './problem.js'
import { readQuickly } from './quick-yaml.js'

/** A mapping: keys in the order of the file, each with its line. */
export type YamlMap = { readonly kind: 'map'; readonly line: number; readonly entries: readonly YamlEntry[] }
/** One key of a mapping. */
export type YamlEntry = { readonly key: string; readonly line: number; readonly value: YamlNode }
/** A sequence. */
export type YamlList = { readonly kind: 'list'; readonly line: number; readonly items: readonly YamlNode[] }
/** A single value; `source` is its text as written. */
export type YamlScalar = {
  readonly kind: 'scalar'
  readonly line: number
  readonly value: string | number | boolean | null
  readonly source: string
}
/** YAML with line numbers and nothing else: aliases are resolved, tags dropped. */
export type YamlNode = YamlMap | YamlList | YamlScalar

/** Bounds of one rule file: UTF-16 units, documents, nesting, values; per document values and aliases followed (alias bombs). */
export const YAML_LIMITS: {
  readonly text: number
  readonly slowText: number
  readonly documents: number
  readonly depth: number
  readonly nodes: number
  readonly fileNodes: number
  readonly aliases: number
} = {
  text: 1_048_576,
  slowText: 262_144,
  documents: 1_000,
  depth: 24,
  nodes: 100_000,
  fileNodes: 300_000,
  aliases: 200,
}

/** What {@link readYaml} found; a document that cannot be read is a fault, the others are there. */
export type YamlFile = { readonly documents: readonly YamlNode[]; readonly faults: readonly { line: number; reason: string }[] }

let loaded: typeof Yaml | undefined

/** The library, loaded when the first text is read: a start with built-in rules alone does without its seventy files. */
const yaml = (): typeof Yaml => (loaded ??= createRequire(import.meta.url)('yaml') as typeof Yaml)

const nestsTooDeep = (text: string): boolean => {
  let depth = 0
  let spaces = 0
  let fresh = true
  for (let i = 0; i < text.length; i++) {
    const c = text.charCodeAt(i)
    if (c === 10) {
      spaces = 0
      fresh = true
      continue
    }
    if (fresh && (c === 32 || c === 45 || c === 63)) {
      spaces++
      if (spaces > 512) return true
      continue
    }
    fresh = false
    if (c === 91 || c === 123) depth++
    else if (c === 93 || c === 125) depth = Math.max(0, depth - 1)
    // a bracket inside quoted text counts too: no rule needs hundreds of unclosed ones
    if (depth > 512) return true
  }
  return false
}

/** Reads a file of one or more YAML documents within {@link YAML_LIMITS}. Never throws. */
export const readYaml = (text: string): YamlFile => {
  if (text.length > YAML_LIMITS.text) return { documents: [], faults: [{ line: 1, reason: `file over ${YAML_LIMITS.text} characters` }] }
  const documents = readQuickly(text)
  return documents === undefined ? readSlowly(text) : { documents, faults: [] }
}

/** The same by the library: all of YAML, and the reasons of what is none. */
export const readSlowly = (text: string): YamlFile => {
  const faults: { line: number; reason: string }[] = []
  if (text.length > YAML_LIMITS.slowText)
    return {
      documents: [],
      faults: [{ line: 1, reason: `over ${YAML_LIMITS.slowText} characters of YAML with anchors, long texts or mistakes` }],
    }
  if (nestsTooDeep(text)) return { documents: [], faults: [{ line: 1, reason: 'nesting is too deep' }] }
  const { isScalar, LineCounter, parseAllDocuments } = yaml()
  const lines = new LineCounter()
  const lineAt = (offset: number | undefined): number => (offset === undefined ? 1 : Math.max(1, lines.linePos(offset).line))
  let parsed: readonly Document[]
  try {
    const result = parseAllDocuments(text, { lineCounter: lines, uniqueKeys: false, logLevel: 'silent', prettyErrors: false })
    parsed = Array.isArray(result) ? result : []
  } catch (error) {
    return {
      documents: [],
      faults: [{ line: 1, reason: `not YAML: ${error instanceof Error ? error.message.slice(0, 120) : 'unreadable'}` }],
    }
  }
  if (parsed.length > YAML_LIMITS.documents)
    faults.push({ line: 1, reason: `more than ${YAML_LIMITS.documents} documents; the rest is left out` })
  const documents: YamlNode[] = []
  const count = { nodes: 0 }
  for (const document of parsed.slice(0, YAML_LIMITS.documents)) {
    const broken = document.errors[0]
    if (broken !== undefined) {
      faults.push({ line: lineAt(broken.pos[0]), reason: `not YAML: ${broken.message.split('\n')[0]?.slice(0, 120) ?? ''}` })
      continue
    }
    if (document.contents === null || (isScalar(document.contents) && document.contents.value === null)) continue
    try {
      documents.push(toTree(document, lineAt, count))
    } catch (error) {
      if (!(error instanceof RuleFault)) throw error
      faults.push({ line: error.line, reason: error.message })
    }
  }
  return { documents, faults }
}

const toTree = (document: Document, lineAt: (offset: number | undefined) => number, file: { nodes: number }): YamlNode => {
  const { isAlias, isMap, isScalar, isSeq } = yaml()
  let nodes = 0
  let aliases = 0
  const convert = (node: unknown, depth: number, above: number): YamlNode => {
    const range = (node as { range?: [number, number, number] | null } | null)?.range
    const line = range === undefined || range === null ? above : lineAt(range[0])
    if (++nodes > YAML_LIMITS.nodes) throw new RuleFault(line, `more than ${YAML_LIMITS.nodes} values once aliases are resolved`)
    if (++file.nodes > YAML_LIMITS.fileNodes) throw new RuleFault(line, `more than ${YAML_LIMITS.fileNodes} values in one file`)
    if (depth > YAML_LIMITS.depth) throw new RuleFault(line, `nested deeper than ${YAML_LIMITS.depth} levels`)
    if (isAlias(node)) {
      if (++aliases > YAML_LIMITS.aliases) throw new RuleFault(line, `more than ${YAML_LIMITS.aliases} aliases once they are followed`)
      const target = node.resolve(document)
      if (target === undefined) throw new RuleFault(line, `alias ${quote(node.source)} has no anchor`)
      return convert(target, depth + 1, line)
    }
    if (isMap(node)) {
      // the library compares every key with every other: with many keys that takes hours
      const known = new Set<string>()
      const entries = node.items.map((pair): YamlEntry => {
        const key: unknown = pair.key
        const keyLine = isScalar(key) && key.range ? lineAt(key.range[0]) : line
        if (!isScalar(key)) throw new RuleFault(keyLine, 'a key must be plain text')
        const name = String(key.value)
        if (known.has(name)) throw new RuleFault(keyLine, `key ${quote(name)} stands twice in one mapping`)
        known.add(name)
        return { key: name, line: keyLine, value: convert(pair.value, depth + 1, keyLine) }
      })
      return { kind: 'map', line: entries[0]?.line ?? line, entries }
    }
    if (isSeq(node)) return { kind: 'list', line, items: node.items.map((item) => convert(item, depth + 1, line)) }
    const value: unknown = isScalar(node) ? node.value : null
    const source = isScalar(node) && typeof node.source === 'string' ? node.source : ''
    if (value === null || value === undefined) return { kind: 'scalar', line, value: null, source }
    if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') return { kind: 'scalar', line, value, source }
    if (typeof value === 'bigint') return { kind: 'scalar', line, value: Number(value), source }
    throw new RuleFault(line, 'a value of this YAML type is not supported')
  }
  return convert(document.contents, 0, 1)
}
