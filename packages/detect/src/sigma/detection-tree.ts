import type { AddressSet } from '@parapet/core'
import type { Pattern } from './pattern.js'
import type { LinearRegex } from './regex.js'

/** Parts of a timestamp that a modifier can take, in UTC. */
export type TimePart = 'minute' | 'hour' | 'day' | 'week' | 'month' | 'year'

/** One comparison of one field. */
export type Leaf = { readonly op: 'leaf'; readonly field: string; readonly test: LeafTest }

/** What a field is compared with. */
export type LeafTest =
  | { readonly kind: 'pattern'; readonly pattern: Pattern }
  | { readonly kind: 'oneOf'; readonly values: ReadonlySet<string> }
  | { readonly kind: 'number'; readonly value: number }
  | { readonly kind: 'boolean'; readonly value: boolean }
  | { readonly kind: 'null' }
  | { readonly kind: 'exists'; readonly value: boolean }
  | { readonly kind: 'regex'; readonly regex: LinearRegex }
  | { readonly kind: 'cidr'; readonly set: AddressSet; readonly text: string }
  | { readonly kind: 'compare'; readonly op: 'lt' | 'lte' | 'gt' | 'gte'; readonly value: number }
  | {
      readonly kind: 'fieldref'
      readonly other: string
      readonly mode: 'whole' | 'contains' | 'startswith' | 'endswith'
      readonly cased: boolean
    }
  | { readonly kind: 'time'; readonly part: TimePart; readonly value: number }

/** The detection of a rule with its condition worked in. */
export type DetectionTree =
  | { readonly op: 'and' | 'or'; readonly parts: readonly DetectionTree[] }
  | { readonly op: 'not'; readonly part: DetectionTree }
  | Leaf

/** Joins parts, without a level where there is one part. */
export const join = (op: 'and' | 'or', parts: readonly DetectionTree[]): DetectionTree => {
  const only = parts.length === 1 ? parts[0] : undefined
  return only ?? { op, parts }
}

/** How many comparisons a tree holds. */
export const leafCount = (tree: DetectionTree): number => {
  if (tree.op === 'leaf') return 1
  if (tree.op === 'not') return leafCount(tree.part)
  return tree.parts.reduce((sum, part) => sum + leafCount(part), 0)
}

/** Takes levels out that say nothing, and turns alternatives of plain equal values on one field into one look-up. */
export const simplify = (tree: DetectionTree): DetectionTree => {
  if (tree.op === 'leaf') return tree
  if (tree.op === 'not') return { op: 'not', part: simplify(tree.part) }
  // and of and, or of or: one level
  const parts = tree.parts.map(simplify).flatMap((part) => (part.op === tree.op ? part.parts : [part]))
  if (tree.op === 'and') return join('and', parts)
  const byField = new Map<string, string[]>()
  const rest: DetectionTree[] = []
  for (const part of parts) {
    const exact =
      part.op === 'leaf' && part.test.kind === 'pattern' && part.test.pattern.kind === 'exact' && !part.test.pattern.cased
        ? part.test.pattern.text
        : undefined
    if (part.op !== 'leaf' || exact === undefined || exact === '') rest.push(part)
    else {
      const values = byField.get(part.field)
      if (values === undefined) byField.set(part.field, [exact])
      else values.push(exact)
    }
  }
  for (const [field, values] of byField) rest.push({ op: 'leaf', field, test: { kind: 'oneOf', values: new Set(values) } })
  return join('or', rest)
}
