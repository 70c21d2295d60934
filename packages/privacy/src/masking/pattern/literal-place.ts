import { EMPTY, foldSet, setOf, type CharSet } from './char-set.js'
import { patternFault, type PatternNode } from './parse-pattern.js'
import { createWalker, type Place, type Step } from './walk.js'

/** Where a literal stands in the matches of a pattern: at a fixed offset, or after a run of at most `back` characters of `run`. */
export type LiteralPlace =
  | { readonly kind: 'fixed'; readonly offset: number }
  | { readonly kind: 'run'; readonly back: number; readonly run: CharSet }

const MOST_OFFSET = 64

/** The set holds this letter and, at most, its other case, or only its other case: the pattern spells it out. */
const spells = (set: CharSet, letter: CharSet): boolean => set !== EMPTY && (set & ~foldSet(letter)) === EMPTY

/** Finds the place of a literal in a pattern, without regard to case. Throws `PPT_MASK_RULE` when it has no certain one. */
export const placeLiteral = (tree: PatternNode, literal: string, lookback: number): LiteralPlace => {
  const walker = createWalker()
  const letters = Array.from(literal, setOf)
  const isSpelled = (from: readonly Place[], skipped = 0): boolean => {
    let places = from
    for (const letter of letters.slice(skipped)) {
      places = walker.after(places, (set) => spells(set, letter))
      if (places.length === 0) return false
    }
    return true
  }

  const offsets: number[] = []
  let run = EMPTY
  let before = EMPTY
  let places = walker.start(tree)
  for (let offset = 0; offset <= (lookback === 0 ? MOST_OFFSET : lookback) && places.length > 0; offset++) {
    if (isSpelled(places)) {
      offsets.push(offset)
      run |= before
    }
    // what stands before the literal is not the literal itself
    const first = letters[0] ?? EMPTY
    const isBefore = ({ set, to }: Step): boolean => lookback === 0 || !spells(set, first) || !isSpelled([to], 1)
    const steps = walker.steps(places).filter(isBefore)
    for (const { set } of steps) before |= set
    places = walker.distinct(steps)
  }
  const [offset] = offsets
  if (offset === undefined)
    throw patternFault(
      `the literal ${JSON.stringify(literal)} is not spelled out in the pattern within ${lookback === 0 ? MOST_OFFSET : lookback} characters`,
    )
  if (lookback > 0) return { kind: 'run', back: lookback, run }
  if (offsets.length > 1)
    throw patternFault(
      `the literal ${JSON.stringify(literal)} can stand at ${offsets.slice(0, 4).join(', ')} characters from the start: give a lookback`,
    )
  return { kind: 'fixed', offset }
}
