import { nearest } from '@parapet/core'
import type { DetectionTree } from './detection-tree.js'
import { EVENT_FIELDS, OPEN_FIELDS } from './event-fields.js'
import { remark, type Remark } from './lint-finding.js'
import type { LogSource } from './log-source.js'
import { oneEditApart } from './near-miss.js'
import { eventField, fieldNamesOf } from './pipelines/log-source-fields.js'
import { quote } from './problem.js'
import { requiredLiterals } from './regex.js'
import type { YamlEntry, YamlMap, YamlNode } from './yaml-tree.js'

const KNOWN: ReadonlySet<string> = new Set(EVENT_FIELDS)
const squash = (name: string): string => name.toLowerCase().replaceAll(/[^a-z0-9]/g, '')

/** Remarks on a name that is no field of our events; `name` as written, `field` what it stands for. */
export const lintField = (name: string, field: string, line: number): Remark[] => {
  if (KNOWN.has(field) || OPEN_FIELDS.some((start) => field.startsWith(start))) return []
  const near = nearest(field, EVENT_FIELDS)
  if (near !== undefined && ((/[._-]/.test(field) && squash(near) === squash(field)) || oneEditApart(near, field)))
    return [remark('warning', 'unknown-field', line, `no event has the field ${quote(name)}`, `write ${near}`)]
  return [remark('info', 'field-nobody-makes', line, `no parser makes the field ${quote(name)}: only logs that bring it themselves match`)]
}

const scalarsOf = (node: YamlNode): { text: string; line: number }[] =>
  (node.kind === 'list' ? node.items : [node]).flatMap((item) =>
    item.kind === 'scalar' && typeof item.value === 'string' ? [{ text: item.value, line: item.line }] : [],
  )

const PLAIN = /^[^*?]+$/

/** A value whose wildcards are a modifier written the long way. */
const lintWildcards = (field: string, modifiers: readonly string[], node: YamlNode): Remark[] => {
  if (modifiers.some((modifier) => !['all', 'cased', 'neq', 'windash'].includes(modifier))) return []
  const found = scalarsOf(node).flatMap(({ text, line }) => {
    if (text.includes('\\*') || text.includes('\\?')) return []
    const [start, end] = [text.startsWith('*'), text.endsWith('*') && text.length > 1]
    const inner = text.slice(start ? 1 : 0, end ? -1 : undefined)
    return (start || end) && PLAIN.test(inner)
      ? [{ modifier: start && end ? 'contains' : start ? 'endswith' : 'startswith', inner, line }]
      : []
  })
  const [first] = found
  if (first === undefined) return []
  return [
    remark(
      'info',
      'wildcard-for-modifier',
      first.line,
      `a value of ${quote(field)} has wildcards where there is a modifier`,
      `write ${field}|${first.modifier}: ${quote(first.inner)}`,
    ),
  ]
}

const lintItem = ({ key, value, line }: YamlEntry, source: LogSource): Remark[] => {
  const [field = '', ...modifiers] = key.split('|')
  const found: Remark[] = []
  if (field === '') return lintKeywords(value, modifiers, line, source)
  found.push(...lintField(field, eventField(fieldNamesOf(source), field, 'contains'), line), ...lintWildcards(field, modifiers, value))
  if (modifiers.includes('all') && (value.kind !== 'list' || value.items.length < 2))
    found.push(remark('warning', 'all-of-one', line, `${quote(key)} has the modifier all and a single value`, 'leave all out'))
  if (modifiers.includes('re'))
    for (const { text, line: at } of scalarsOf(value))
      if (requiredLiterals(text).length === 0)
        found.push(
          remark(
            'info',
            'slow-regex',
            at,
            'this expression holds no text of three characters that must occur: it runs on every value',
            'add a selection that few events match',
          ),
        )
  return found
}

const lintKeywords = (value: YamlNode, modifiers: readonly string[], line: number, source: LogSource): Remark[] => {
  const short = scalarsOf(value).find(({ text }) => text.replaceAll(/[*?]/g, '').length < 4)
  if (short !== undefined && !modifiers.includes('re'))
    return [
      remark(
        'warning',
        'slow-keywords',
        short.line,
        `keyword ${quote(short.text)} is so short that most lines hold it`,
        'search a field, or a longer text',
      ),
    ]
  return source.service === undefined && source.product === undefined
    ? [
        remark(
          'info',
          'slow-keywords',
          line,
          'keywords search whole lines, and the log source names neither product nor service',
          'name the product or the service',
        ),
      ]
    : []
}

const lintSelection = (node: YamlNode, source: LogSource): Remark[] => {
  if (node.kind === 'map') return node.entries.flatMap((entry) => lintItem(entry, source))
  if (node.kind === 'scalar') return lintKeywords(node, [], node.line, source)
  const words = node.items.filter((item) => item.kind === 'scalar')
  return [
    ...node.items.flatMap((item) => (item.kind === 'map' ? lintSelection(item, source) : [])),
    ...(words.length > 0 ? lintKeywords({ ...node, items: words }, [], node.line, source) : []),
  ]
}

const matchesName = (pattern: string, name: string): boolean => {
  if (pattern === 'them') return !name.startsWith('_')
  const [start = '', ...rest] = pattern.split('*')
  return rest.length === 0 ? name === pattern : name.startsWith(start) && name.endsWith(rest.at(-1) ?? '')
}

/** Remarks on the selections and the condition of a rule or a filter. `others` are keys that are neither. */
export const lintDetection = (map: YamlMap, source: LogSource, others: readonly string[] = []): Remark[] => {
  const found: Remark[] = []
  const condition = map.entries.find((entry) => entry.key === 'condition')
  const texts = condition === undefined ? [] : scalarsOf(condition.value).map(({ text }) => text)
  const words = texts.flatMap((text) => text.split(/[\s()]+/))
  for (const { key, value, line } of map.entries) {
    if (key === 'condition' || others.includes(key)) continue
    found.push(...lintSelection(value, source))
    if (!words.some((word) => matchesName(word, key)))
      found.push(remark('warning', 'unused-selection', line, `the condition does not use ${quote(key)}`, 'use it, or take it out'))
  }
  if (condition !== undefined && texts.some((text) => /\ball\s+of\s+them\b/i.test(text)))
    found.push(
      remark('info', 'all-of-them', condition.line, 'with "all of them" nobody can add a filter to this rule', 'write all of selection*'),
    )
  return found
}

const exactValues = (tree: DetectionTree): { field: string; values: readonly string[] } | undefined => {
  if (tree.op !== 'leaf') return undefined
  const { field, test } = tree
  if (test.kind === 'oneOf') return { field, values: [...test.values] }
  if (test.kind === 'number') return { field, values: [String(test.value)] }
  return test.kind === 'pattern' && test.pattern.kind === 'exact' ? { field, values: [test.pattern.text.toLowerCase()] } : undefined
}

/** The same for trees that mean the same. */
const meaning = (tree: DetectionTree): string =>
  JSON.stringify(tree, (_, value: unknown) =>
    value instanceof Set ? [...(value as Set<unknown>)] : typeof value === 'function' ? undefined : value,
  )

/** True when no event with one value a field can be what the tree wants. */
const isImpossible = (tree: DetectionTree): boolean => {
  if (tree.op === 'leaf') return false
  if (tree.op === 'not') return false
  if (tree.op === 'or') return tree.parts.every(isImpossible)
  const flat = tree.parts.flatMap((part) => (part.op === 'and' ? part.parts : [part]))
  if (flat.some(isImpossible)) return true
  const wanted = new Map<string, ReadonlySet<string>>()
  for (const part of flat) {
    const exact = exactValues(part)
    if (exact === undefined) continue
    const before = wanted.get(exact.field)
    const now = new Set(exact.values.filter((value) => before?.has(value) !== false))
    if (now.size === 0) return true
    wanted.set(exact.field, now)
  }
  const refused = flat.flatMap((part) => (part.op === 'not' ? [meaning(part.part)] : []))
  return refused.length > 0 && flat.some((part) => refused.includes(meaning(part)))
}

/** Parts of a rule that can never be true, as remarks. */
export const lintReach = (tree: DetectionTree, line: number): Remark[] => {
  if (isImpossible(tree)) return [remark('warning', 'never-matches', line, 'the condition wants what cannot be at once: no event matches')]
  const dead = tree.op === 'or' ? tree.parts.filter(isImpossible).length : 0
  return dead === 0 ? [] : [remark('warning', 'unreachable-selection', line, `${dead} of the alternatives want what cannot be at once`)]
}
