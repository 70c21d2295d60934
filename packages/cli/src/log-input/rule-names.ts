import { loadRules } from './rule-files.js'

/** Short names of the rules that come with Parapet, such as `path-traversal`: what people read and type in place of ids. */
export type RuleNames = {
  /** the name of a rule; of one that did not come with Parapet, what else it is called */
  readonly nameOf: (id: string, otherwise: string) => string
  /** the id that a name stands for; anything else as it is */
  readonly idOf: (name: string) => string
}

/** Reads the names. */
export const readRuleNames = async (): Promise<RuleNames> => {
  const { rules } = await loadRules({ builtin: true, places: [] })
  const names = new Map(rules.rules.flatMap(({ id, name }) => (name === undefined ? [] : [[id, name] as const])))
  const ids = new Map([...names].map(([id, name]) => [name, id]))
  return { nameOf: (id, otherwise) => names.get(id) ?? otherwise, idOf: (name) => ids.get(name) ?? name }
}
