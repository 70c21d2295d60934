import { quote, RuleFault } from './problem.js'
import type { YamlEntry, YamlMap, YamlNode, YamlScalar } from './yaml-tree.js'

/** The entry of a mapping with this key. */
export const entryOf = (map: YamlMap, key: string): YamlEntry | undefined => map.entries.find((entry) => entry.key === key)

/** The node as a mapping; otherwise a fault that names it. */
export const asMap = (node: YamlNode, what: string): YamlMap => {
  if (node.kind !== 'map') throw new RuleFault(node.line, `${what} must be a mapping`)
  return node
}

/** The node as a single value; otherwise a fault that names it. */
export const asScalar = (node: YamlNode, what: string): YamlScalar => {
  if (node.kind !== 'scalar') throw new RuleFault(node.line, `${what} must be a single value`)
  return node
}

/** The node as text, as written in the file (so that `1.10` stays `1.10`). */
export const asText = (node: YamlNode, what: string): string => {
  const scalar = asScalar(node, what)
  if (scalar.value === null) throw new RuleFault(node.line, `${what} is empty`)
  return typeof scalar.value === 'string' ? scalar.value : scalar.source
}

/** The text under a key, or `undefined` when the key is not there. */
export const textOf = (map: YamlMap, key: string): string | undefined => {
  const entry = entryOf(map, key)
  return entry === undefined ? undefined : asText(entry.value, key)
}

/** One text or a list of texts under a key; an empty list when the key is not there. */
export const textsOf = (map: YamlMap, key: string): string[] => {
  const node = entryOf(map, key)?.value
  if (node === undefined) return []
  return node.kind === 'list' ? node.items.map((item) => asText(item, `an item of ${key}`)) : [asText(node, key)]
}

/** Fails on a key that the format does not have: a rule that means something we do not do must not run as something else. */
export const onlyKeys = (map: YamlMap, allowed: readonly string[], what: string): void => {
  for (const entry of map.entries) {
    if (!allowed.includes(entry.key))
      throw new RuleFault(entry.line, `${what} has no field ${quote(entry.key)}; it takes ${allowed.join(', ')}`)
  }
}
