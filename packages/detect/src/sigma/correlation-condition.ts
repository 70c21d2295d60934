import { parseCondition, type Condition } from './condition.js'
import { RuleFault } from './problem.js'
import { asText, onlyKeys } from './read-node.js'
import type { Bound, TemporalTerm } from './rule.js'
import type { YamlEntry } from './yaml-tree.js'

/** A condition over the rules of a temporal correlation: alternatives of rules by their places, or how many of them must match. */
export type TemporalCondition = { readonly terms?: readonly TemporalTerm[]; readonly bounds: readonly Bound[] }

const OPERATORS = ['gt', 'gte', 'lt', 'lte', 'eq', 'neq'] as const
const TERMS = 64

const sorted = (places: readonly number[]): number[] => [...new Set(places)].toSorted((a, b) => a - b)

/** The alternatives of a condition, of which each says what must match and what must not; contradictions are left out. */
const termsOf = (condition: Condition, places: ReadonlyMap<string, number>, negated: boolean, line: number): TemporalTerm[] => {
  if (condition.op === 'not') return termsOf(condition.part, places, !negated, line)
  if (condition.op === 'ref') {
    const place = places.get(condition.name) ?? -1
    return [negated ? { wants: [], lacks: [place] } : { wants: [place], lacks: [] }]
  }
  const parts = condition.parts.map((part) => termsOf(part, places, negated, line))
  const isChoice = (condition.op === 'or') !== negated
  let terms: TemporalTerm[] = isChoice ? parts.flat() : [{ wants: [], lacks: [] }]
  if (!isChoice)
    for (const part of parts) {
      if (terms.length * part.length > TERMS * TERMS) throw new RuleFault(line, `condition has more than ${TERMS} alternatives`)
      terms = terms.flatMap((a) => part.map((b) => ({ wants: sorted([...a.wants, ...b.wants]), lacks: sorted([...a.lacks, ...b.lacks]) })))
    }
  const seen = new Set<string>()
  const kept = terms.filter((term) => {
    const key = JSON.stringify(term)
    if (seen.has(key) || term.wants.some((place) => term.lacks.includes(place))) return false
    seen.add(key)
    return true
  })
  if (kept.length > TERMS) throw new RuleFault(line, `condition has more than ${TERMS} alternatives`)
  return kept
}

/**
 * Reads the condition of a temporal correlation: names of its rules with `and`, `or`, `not` and parentheses, or (unordered only) bounds
 * of how many different rules match. Source: Sigma correlation rules specification 2.1.
 */
export const readTemporalCondition = (entry: YamlEntry, rules: readonly string[], ordered: boolean): TemporalCondition => {
  if (entry.value.kind === 'map') {
    const map = entry.value
    if (ordered) throw new RuleFault(entry.line, 'a condition of temporal_ordered is made of the names of its rules')
    onlyKeys(map, OPERATORS, 'condition')
    const bounds = map.entries.map(({ key, value, line }): Bound => {
      const amount = value.kind === 'scalar' && typeof value.value === 'number' ? value.value : Number.NaN
      if (!Number.isInteger(amount) || amount < 0 || amount > rules.length)
        throw new RuleFault(line, `condition ${key} takes a whole number of rules, at most ${rules.length}`)
      return { op: OPERATORS.find((name) => name === key) ?? 'gte', value: amount }
    })
    if (bounds.length === 0) throw new RuleFault(entry.line, `condition needs one of ${OPERATORS.join(', ')}, or names of rules`)
    return { bounds }
  }
  const text = asText(entry.value, 'condition')
  const names = [...new Set(rules)]
  const terms = termsOf(
    parseCondition(text, names, entry.line),
    new Map(names.map((name) => [name, rules.indexOf(name)])),
    false,
    entry.line,
  )
  if (terms.length === 0) throw new RuleFault(entry.line, 'condition can never hold')
  return { terms, bounds: [] }
}
