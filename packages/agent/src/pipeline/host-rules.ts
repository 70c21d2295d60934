import type { RuleSet } from '@parapet/detect'

type Rule = RuleSet['program'][number]

const isSingle = (rule: Rule): rule is Extract<Rule, { readonly kind: 'single' }> => rule.kind === 'single'

const COUNTING: ReadonlySet<string> = new Set(['event_count', 'value_count', 'temporal', 'temporal_ordered'])

/**
 * The rules of a set that one host's traffic decides, with those that they refer to: nothing that happened elsewhere could take their alerts back.
 * Single rules are, and counts and sequences that only rise. Baselines, sums and averages, upper bounds, negated conditions and rules with
 * exceptions by other events wait for the control plane, and so does what refers to them.
 */
export const hostRules = (set: RuleSet): RuleSet => {
  const judged = new Map<number, boolean>()
  const isDecidedHere = (index: number): boolean => {
    const known = judged.get(index)
    if (known !== undefined) return known
    const rule = set.program[index]
    const decided =
      rule !== undefined &&
      (isSingle(rule) ||
        (COUNTING.has(rule.kind) &&
          !rule.deferred &&
          rule.terms === undefined &&
          (rule.except === undefined || rule.groupBy.some(({ name }) => name === 'host.name')) &&
          rule.bounds.every(({ op }) => op === 'gt' || op === 'gte') &&
          rule.rules.every(isDecidedHere)))
    judged.set(index, decided)
    return decided
  }
  const wanted = new Set<number>()
  const want = (index: number): void => {
    const rule = set.program[index]
    if (rule === undefined || wanted.has(index)) return
    wanted.add(index)
    if (isSingle(rule)) return
    for (const next of rule.rules) want(next)
    if (rule.except !== undefined) want(rule.except.rule)
  }
  for (const [index, rule] of set.program.entries()) if (rule.alerts && isDecidedHere(index)) want(index)
  const kept = [...wanted].toSorted((a, b) => a - b)
  const place = new Map(kept.map((index, at) => [index, at]))
  const at = (index: number): number => place.get(index) ?? -1
  const program = kept.flatMap((index): Rule[] => {
    const rule = set.program[index]
    if (rule === undefined) return []
    if (isSingle(rule)) return [rule]
    const moved = { ...rule, rules: rule.rules.map(at) }
    return [rule.except === undefined ? moved : { ...moved, except: { ...rule.except, rule: at(rule.except.rule) } }]
  })
  return { program, rules: kept.flatMap((index) => set.rules[index] ?? []) }
}
