import { parseCondition, type Condition } from './condition.js'
import { join, leafCount, simplify, type DetectionTree } from './detection-tree.js'
import { quote, RuleFault } from './problem.js'
import { entryOf, asMap, asText } from './read-node.js'
import { readField } from './read-field.js'
import type { YamlEntry, YamlMap, YamlNode } from './yaml-tree.js'

const LIMIT = { identifiers: 128, leaves: 20_000 }
/** The field of keyword searches: the raw line, or the message. */
const KEYWORDS = 'event.text'

const readSelectionMap = (map: YamlMap): DetectionTree => {
  if (map.entries.length === 0) throw new RuleFault(map.line, 'an empty selection matches nothing')
  return join(
    'and',
    map.entries.map((entry) => readEntry(entry)),
  )
}

const readEntry = (entry: YamlEntry): DetectionTree => {
  const bar = entry.key.indexOf('|')
  const name = bar < 0 ? entry.key : entry.key.slice(0, bar)
  const modifiers = bar < 0 ? [] : entry.key.slice(bar + 1).split('|')
  if (name !== '') return readField(name, modifiers, entry.value, entry.line)
  return readField(KEYWORDS, ['contains', ...modifiers.filter((modifier) => modifier !== 'contains')], entry.value, entry.line)
}

const readSelection = (node: YamlNode): DetectionTree => {
  if (node.kind === 'map') return readSelectionMap(node)
  if (node.kind === 'scalar') return readField(KEYWORDS, ['contains'], node, node.line)
  if (node.items.length === 0) throw new RuleFault(node.line, 'an empty selection matches nothing')
  return join(
    'or',
    node.items.map((item) => (item.kind === 'map' ? readSelectionMap(item) : readField(KEYWORDS, ['contains'], item, item.line))),
  )
}

/**
 * Reads `detection` into one tree. Faults name the line of the modifier, value or condition that cannot run.
 * Source: Sigma rules specification 2.1.
 */
export const readDetection = (node: YamlNode): DetectionTree => {
  const map = asMap(node, 'detection')
  const condition = entryOf(map, 'condition')
  if (condition === undefined) throw new RuleFault(map.line, 'detection has no condition')
  const searches = map.entries.filter((entry) => entry.key !== 'condition')
  const old = searches.find((entry) => entry.key === 'timeframe')
  if (old !== undefined) throw new RuleFault(old.line, 'timeframe is not part of Sigma 2; write a correlation')
  if (searches.length > LIMIT.identifiers) throw new RuleFault(map.line, `more than ${LIMIT.identifiers} search identifiers`)
  const names = searches.map((entry) => entry.key)
  const texts =
    condition.value.kind === 'list'
      ? condition.value.items.map((item) => ({ text: asText(item, 'condition'), line: item.line }))
      : [{ text: asText(condition.value, 'condition'), line: condition.line }]
  if (texts.length === 0) throw new RuleFault(condition.line, 'condition is empty')

  const trees = new Map<string, DetectionTree>()
  for (const search of searches) trees.set(search.key, readSelection(search.value))
  const resolve = (part: Condition): DetectionTree => {
    if (part.op === 'not') return { op: 'not', part: resolve(part.part) }
    if (part.op !== 'ref') return join(part.op, part.parts.map(resolve))
    const tree = trees.get(part.name)
    if (tree === undefined) throw new RuleFault(condition.line, `condition names ${quote(part.name)}`)
    return tree
  }
  const tree = join(
    'or',
    texts.map(({ text, line }) => resolve(parseCondition(text, names, line))),
  )
  if (leafCount(tree) > LIMIT.leaves) throw new RuleFault(map.line, `more than ${LIMIT.leaves} comparisons`)
  return simplify(tree)
}
