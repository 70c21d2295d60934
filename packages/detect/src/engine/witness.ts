import type { DetectionTree, Leaf } from '../sigma/detection-tree.js'
import type { FieldTable } from './event-view.js'
import { FEW_VALUED } from './few-valued.js'
import { searchable } from './predicates.js'

/** Something that an event must have for a rule to match. */
export type Witness =
  | { readonly kind: 'value'; readonly slot: number; readonly value: string }
  | { readonly kind: 'literal'; readonly slot: number; readonly literal: number }

/** Witnesses of which an event must have at least one; `rarity` says how few events do. */
export type WitnessSet = { readonly rarity: number; readonly witnesses: readonly Witness[] }

/** Values that most events have, of fields with few. */
const FREQUENT: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    'http.request.method': ['get'],
    'http.response.status_code': ['200', '301', '302', '304'],
    'url.extension': ['js', 'css', 'png', 'jpg', 'webp', 'svg', 'ico', 'html'],
  }),
)
/** Fields whose text is searched anyway; a literal in another field costs a pass of its own. */
const SEARCHED: ReadonlySet<string> = new Set(['url.decoded', 'user_agent.original', 'event.text'])
const OWN_PASS = 8

const leafWitness = ({ field, test }: Leaf, table: FieldTable): WitnessSet | undefined => {
  const slot = table.slot(field)
  const byValue = (values: readonly string[]): WitnessSet => {
    const frequent = FREQUENT.get(field)?.some((value) => values.includes(value)) === true
    return { rarity: frequent ? 1 : (FEW_VALUED.get(field) ?? 30), witnesses: values.map((value) => ({ kind: 'value', slot, value })) }
  }
  const byLiteral = (texts: readonly string[]): WitnessSet => ({
    rarity: 6 + Math.min(20, ...texts.map((text) => text.length)) - (SEARCHED.has(field) ? 0 : OWN_PASS),
    witnesses: texts.map((text) => ({ kind: 'literal', slot, literal: table.literal(slot, text) })),
  })
  if (test.kind === 'oneOf') return byValue([...test.values])
  // a status is a number in every parser; the same number written in another way is no status
  if (test.kind === 'number') return field === 'http.response.status_code' ? byValue([String(test.value)]) : undefined
  if (test.kind === 'regex') return test.regex.literals.length === 0 ? undefined : byLiteral(test.regex.literals)
  if (test.kind !== 'pattern') return undefined
  // an empty value is equal to things that the index does not look up
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
