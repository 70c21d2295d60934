import { parseCondition, type Condition } from './condition.js'
import { join, leafCount, simplify, type DetectionTree } from './detection-tree.js'
import type { Item } from './pipelines/pipeline.js'
import type { Reading } from './pipelines/reading.js'
import { quote, RuleFault } from './problem.js'
import { readField } from './read-field.js'
import { asMap, asText, entryOf } from './read-node.js'
import type { YamlEntry, YamlMap, YamlNode } from './yaml-tree.js'

const LIMIT = { identifiers: 128, leaves: 20_000 }
/** The field of keyword searches: the raw line, or the message. */
const KEYWORDS = 'event.text'

type Items = Reading['items']

const itemOf = ({ key, value, line }: YamlEntry): Item => {
  const bar = key.indexOf('|')
  return bar < 0
    ? { field: key, modifiers: [], value, line }
    : { field: key.slice(0, bar), modifiers: key.slice(bar + 1).split('|'), value, line }
}

/** Alternatives that differ in their field alone are one comparison of several fields. */
const readItem = (item: Item, items: Items, reading: Reading): DetectionTree | undefined => {
  const found = items(item)
  const [first] = found
  if (first === undefined) return undefined
  const isOne = found.every((one) => one.value === first.value && one.modifiers === first.modifiers)
  const groups = isOne ? [{ item: first, names: found.map((one) => one.field) }] : found.map((one) => ({ item: one, names: [one.field] }))
  return join(
    'or',
    groups.map(({ item: { modifiers, value, line }, names }) =>
      names.includes('')
        ? readField([KEYWORDS], ['contains', ...modifiers.filter((modifier) => modifier !== 'contains')], value, line, reading)
        : readField(names, modifiers, value, line, reading),
    ),
  )
}

const readMap = (map: YamlMap, items: Items, reading: Reading): DetectionTree => {
  if (map.entries.length === 0) throw new RuleFault(map.line, 'an empty selection matches nothing')
  const parts = map.entries.flatMap((entry) => readItem(itemOf(entry), items, reading) ?? [])
  // what is left of an emptied selection would match everything, and a filter of it nothing
  if (parts.length === 0) throw new RuleFault(map.line, 'a pipeline drops all of this selection')
  return join('and', parts)
}

const readSelection = (node: YamlNode, items: Items, reading: Reading): DetectionTree => {
  if (node.kind === 'map') return readMap(node, items, reading)
  const keyword = (value: YamlNode): DetectionTree | undefined =>
    readItem({ field: '', modifiers: [], value, line: value.line }, items, reading)
  const list = node.kind === 'list' ? node.items : [node]
  if (list.length === 0) throw new RuleFault(node.line, 'an empty selection matches nothing')
  const parts = list.flatMap((item) => (item.kind === 'map' ? readMap(item, items, reading) : (keyword(item) ?? [])))
  if (parts.length === 0) throw new RuleFault(node.line, 'a pipeline drops all of this selection')
  return join('or', parts)
}

/** What is no search identifier: in a rule its condition, in a filter also the rules that it goes with. */
const readConditioned = (map: YamlMap, what: string, others: readonly string[], reading: Reading): DetectionTree => {
  const condition = entryOf(map, 'condition')
  if (condition === undefined) throw new RuleFault(map.line, `${what} has no condition`)
  const searches = map.entries.filter((entry) => entry.key !== 'condition' && !others.includes(entry.key))
  const old = searches.find((entry) => entry.key === 'timeframe')
  if (old !== undefined) throw new RuleFault(old.line, 'timeframe is not part of Sigma 2; write a correlation')
  if (searches.length > LIMIT.identifiers) throw new RuleFault(map.line, `more than ${LIMIT.identifiers} search identifiers`)
  const names = searches.map((entry) => entry.key)
  const texts =
    condition.value.kind === 'list'
      ? condition.value.items.map((item) => ({ text: asText(item, 'condition'), line: item.line }))
      : [{ text: asText(condition.value, 'condition'), line: condition.line }]
  if (texts.length === 0) throw new RuleFault(condition.line, 'condition is empty')

  const trees = new Map<string, { tree: DetectionTree; leaves: number }>()
  for (const search of searches) {
    const tree = readSelection(search.value, reading.items, reading)
    trees.set(search.key, { tree, leaves: leafCount(tree) })
  }
  let leaves = 0
  const resolve = (part: Condition): DetectionTree => {
    if (part.op === 'not') return { op: 'not', part: resolve(part.part) }
    if (part.op !== 'ref') return join(part.op, part.parts.map(resolve))
    const found = trees.get(part.name)
    if (found === undefined) throw new RuleFault(condition.line, `condition names ${quote(part.name)}`)
    leaves += found.leaves
    if (leaves > LIMIT.leaves) throw new RuleFault(map.line, `more than ${LIMIT.leaves} comparisons`)
    return found.tree
  }
  return join(
    'or',
    texts.map(({ text, line }) => resolve(parseCondition(text, names, line))),
  )
}

/**
 * Reads `detection` into one tree, with what pipelines add to its condition. Faults name the line of the modifier, value or condition
 * that cannot run. Source: Sigma rules specification 2.1.
 */
export const readDetection = (node: YamlNode, reading: Reading): DetectionTree => {
  const own = readConditioned(asMap(node, 'detection'), 'detection', [], reading)
  const added = reading.added.map(({ selection, negated, items }): DetectionTree => {
    const part = readMap(selection, items, reading)
    return negated ? { op: 'not', part } : part
  })
  return simplify(join('and', [own, ...added]))
}

/** Reads the selections and the condition of a `filter`; the tree is what an event must also be for the filtered rule. */
export const readFilterDetection = (filter: YamlMap, reading: Reading): DetectionTree =>
  simplify(readConditioned(filter, 'filter', ['rules'], reading))
