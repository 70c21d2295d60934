import type { DetectionTree, Leaf } from '../sigma/detection-tree.js'
import type { FieldTable } from './event-view.js'
import { searchable } from './predicates.js'

/** Something that an event must have for a rule to match. */
export type Witness = { readonly kind: 'value'; readonly slot: number; readonly value: string } | { readonly kind: 'literal'; readonly slot: number; readonly literal: number }

/** Witnesses of which an event must have at least one; `rarity` says how few events do. */
export type WitnessSet = { readonly rarity: number; readonly witnesses: readonly Witness[] }

/** Fields with few distinct values tell little. */
const COMMON: Readonly<Record<string, number>> = {
  'event.category': 1,
  'event.dataset': 1,
  'event.action': 2,
  'event.outcome': 2,
  'http.request.method': 3,
  'event.reason': 4,
  'http.response.status_code': 5,
  'url.extension': 5,
}

const leafWitness = ({ field, test }: Leaf, table: FieldTable): WitnessSet | undefined => {
  const slot = table.slot(field)
  const byValue = (values: readonly string[]): WitnessSet => ({ rarity: COMMON[field] ?? 30, witnesses: values.map((value) => ({ kind: 'value', slot, value })) })
  const byLiteral = (texts: readonly string[]): WitnessSet => ({
    rarity: 6 + Math.min(20, ...texts.map((text) => text.length)),
    witnesses: texts.map((text) => ({ kind: 'literal', slot, literal: table.literal(slot, text) })),
  })
  if (test.kind === 'oneOf') return byValue([...test.values])
  if (test.kind === 'regex') return test.regex.literals.length === 0 ? undefined : byLiteral(test.regex.literals)
  if (test.kind !== 'pattern') return undefined
  // an empty value and a cased one are equal to things that the index does not look up
  if (test.pattern.kind === 'exact') return test.pattern.text === '' ? undefined : byValue([test.pattern.text.toLowerCase()])
  const literal = searchable(test.pattern.text)
  return literal === undefined || literal.length < 3 ? undefined : byLiteral([literal])
}

/** The rarest witnesses of a tree; `undefined` when an event may match without any. */
export const witnessesOf = (tree: DetectionTree, table: FieldTable): WitnessSet | undefined => {
  if (tree.op === 'not') return undefined
  if (tree.op === 'leaf') return leafWitness(tree, table)
  const sets = tree.parts.map((part) => witnessesOf(part, table))
  if (tree.op === 'and') {
    let best: WitnessSet | undefined
    for (const set of sets) if (set !== undefined && (best === undefined || set.rarity > best.rarity)) best = set
    return best
  }
  const all: WitnessSet[] = []
  for (const set of sets) {
    if (set === undefined) return undefined
    all.push(set)
  }
  return { rarity: Math.min(...all.map((set) => set.rarity)), witnesses: all.flatMap((set) => set.witnesses) }
}
