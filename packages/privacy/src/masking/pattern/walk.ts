import type { CharSet } from './char-set.js'
import type { PatternNode } from './parse-pattern.js'

/** A place inside a pattern: what is still to be matched, the next piece first. `undefined` is its end. */
export type Place =
  | { readonly node: PatternNode; readonly least: number; readonly most: number; readonly next: Place; readonly key: string }
  | undefined

/** A step that leads on from a place: the characters that take it, and where it ends. */
export type Step = { readonly set: CharSet; readonly to: Place }

/** Walks through patterns on paper, character set by character set: what can stand where, before any text is seen. */
export type Walker = {
  readonly start: (tree: PatternNode) => readonly Place[]
  /** all steps from these places */
  readonly steps: (places: readonly Place[]) => readonly Step[]
  /** the places after one character of which `takes` approves, each once */
  readonly after: (places: readonly Place[], takes: (set: CharSet) => boolean) => readonly Place[]
  /** where steps lead, each place once */
  readonly distinct: (steps: readonly Step[]) => readonly Place[]
  readonly canEnd: (places: readonly Place[]) => boolean
}

/** A new {@link Walker}. */
export const createWalker = (): Walker => {
  const ids = new Map<PatternNode, number>()
  const idOf = (node: PatternNode): number => {
    const known = ids.get(node)
    if (known !== undefined) return known
    ids.set(node, ids.size)
    return ids.size - 1
  }
  const place = (node: PatternNode, least: number, most: number, next: Place): Place => ({
    node,
    least,
    most,
    next,
    key: `${idOf(node)}.${least}.${most}/${next?.key ?? ''}`,
  })
  const push = (node: PatternNode, next: Place): Place =>
    node.kind === 'repeat' ? place(node, node.least, node.most, next) : place(node, 1, 1, next)

  const collect = (at: Place, into: Step[]): boolean => {
    if (at === undefined) return true
    const { node, least, most, next } = at
    switch (node.kind) {
      case 'set':
        into.push({ set: node.set, to: next })
        return false
      case 'secret':
        return collect(push(node.item, next), into)
      case 'sequence': {
        let rest = next
        for (const item of node.items.toReversed()) rest = push(item, rest)
        return collect(rest, into)
      }
      case 'choice': {
        let ends = false
        for (const option of node.options) ends = collect(push(option, next), into) || ends
        return ends
      }
      case 'repeat':
        break
    }
    const ends = least === 0 && collect(next, into)
    if (most > 0) collect(push(node.item, place(node, Math.max(0, least - 1), most - 1, next)), into)
    return ends
  }
  const steps = (places: readonly Place[]): readonly Step[] => {
    const found: Step[] = []
    for (const at of places) collect(at, found)
    return found
  }
  const distinct = (taken: readonly Step[]): readonly Place[] => {
    const seen = new Map<string, Place>()
    for (const { to } of taken) seen.set(to?.key ?? '', to)
    return [...seen.values()]
  }
  return {
    start: (tree) => [push(tree, undefined)],
    steps,
    after: (places, takes) => distinct(steps(places).filter(({ set }) => takes(set))),
    distinct,
    canEnd: (places) => places.some((at) => collect(at, [])),
  }
}
