import { quote, RuleFault } from './problem.js'
import { asText, entryOf } from './read-node.js'
import type { YamlEntry, YamlMap, YamlNode } from './yaml-tree.js'

/** One rule of a file: its document, and which document of the file it stands in. */
export type CollectedRule = { readonly node: YamlNode; readonly number: number }

/** What {@link readCollection} found. */
export type Collection = { readonly rules: readonly CollectedRule[]; readonly faults: readonly RuleFault[] }

/** Values that one file may repeat into its rules: a part that many documents take over is read anew in each of them. */
const REPEATED = 200_000

const sizeOf = (node: YamlNode): number => {
  if (node.kind === 'scalar') return 1
  let size = 1
  if (node.kind === 'list') for (const item of node.items) size += sizeOf(item)
  else for (const entry of node.entries) size += sizeOf(entry.value)
  return size
}

/** The second mapping laid over the first: mappings are joined key by key, anything else is replaced. */
const overlay = (under: YamlMap, over: YamlMap): YamlMap => {
  const entries = new Map<string, YamlEntry>(under.entries.map((entry) => [entry.key, entry]))
  for (const entry of over.entries) {
    const before = entries.get(entry.key)
    const value = before?.value.kind === 'map' && entry.value.kind === 'map' ? overlay(before.value, entry.value) : entry.value
    entries.set(entry.key, { ...entry, value })
  }
  return { kind: 'map', line: over.line, entries: [...entries.values()] }
}

const withoutAction = (map: YamlMap): YamlMap => ({ ...map, entries: map.entries.filter((entry) => entry.key !== 'action') })

/**
 * Joins the documents of one file: `action: global` is laid under every rule after it, `action: reset` ends that, `action: repeat`
 * is the rule before it with what the document changes. Source: Sigma rule collections.
 */
export const readCollection = (documents: readonly YamlNode[]): Collection => {
  const rules: CollectedRule[] = []
  const faults: RuleFault[] = []
  let shared: YamlMap | undefined
  let previous: YamlMap | undefined
  let repeated = 0
  const joined = (under: YamlMap, over: YamlMap): YamlMap => {
    repeated += sizeOf(under)
    if (repeated > REPEATED) throw new RuleFault(over.line, `this collection repeats more than ${REPEATED} values`)
    return overlay(under, over)
  }
  for (const [number, node] of documents.entries()) {
    const action = node.kind === 'map' ? entryOf(node, 'action') : undefined
    if (node.kind !== 'map') {
      rules.push({ node, number })
      continue
    }
    try {
      const what = action === undefined ? '' : asText(action.value, 'action')
      const own = action === undefined ? node : withoutAction(node)
      if (what === 'global') shared = shared === undefined ? own : joined(shared, own)
      else if (what === 'reset') shared = undefined
      else if (what === 'repeat' && previous === undefined) throw new RuleFault(node.line, 'action repeat needs a rule before it')
      else if (what === '' || what === 'repeat') {
        const under = what === 'repeat' ? previous : shared
        previous = under === undefined ? own : joined(under, own)
        rules.push({ node: previous, number })
      } else throw new RuleFault(action?.line ?? node.line, `action is ${quote(what)}; it takes global, reset or repeat`)
    } catch (error) {
      if (!(error instanceof RuleFault)) throw error
      faults.push(error)
    }
  }
  return { rules, faults }
}
