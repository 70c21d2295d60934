import { DIGITS, has, intersects, LOWER, setOf, UPPER, type CharSet } from './char-set.js'
import { patternFault, type PatternNode } from './parse-pattern.js'
import { createWalker, type Place, type Walker } from './walk.js'

/** What stands right before a run of digits: anything else, a small letter, a capital, `+`, `(`, or a colon after a digit (a time of day). */
export const BEFORE = { other: 0, lower: 1, upper: 2, plus: 3, paren: 4, clock: 5 } as const

/** A run of fewer digits after a colon and a digit is a part of a time of day. */
export const LEAST_AFTER_CLOCK = 13

/** What stands between two runs of digits. `)` may be followed by one of the others. Index 0: nothing that joins. */
export const JOINTS = ['', ' ', '-', '.', '/', ')'] as const

/** What can stand for a joint: a letter follows, the match can end, or a joint follows that joins no digits. */
export const LOWER_FOLLOWS = 6
export const UPPER_FOLLOWS = 7
export const CAN_END = 8
export const DANGLES = 9

/** Longer runs are nobody's. */
export const MOST_FIRST = 40
export const MOST_SECOND = 20

/**
 * How the digits of a rule can begin: `lead` characters before the first run, what kind the last of them is, the run's
 * length, and the joint and length of the next run; without one, 0 or what stands for a joint.
 */
export type DigitShape = {
  readonly lead: number
  readonly before: number
  readonly first: number
  readonly joint: number
  readonly second: number
}

const MOST_LEAD = 6

const OTHERS = ~DIGITS
const takesDigit = (set: CharSet): boolean => intersects(set, DIGITS)
const takesOther = (set: CharSet): boolean => intersects(set, OTHERS)
const JOINING: readonly string[] = JOINTS.slice(1)
const AFTER_PAREN = setOf(' -./')
const UNJOINED = OTHERS & ~setOf(JOINING.join('')) & ~LOWER & ~UPPER

const kindsBefore = (walker: Walker, places: readonly Place[]): ReadonlySet<number> => {
  const kinds = new Set<number>()
  for (const { set } of walker.steps(places)) {
    if (intersects(set, LOWER)) kinds.add(BEFORE.lower)
    if (intersects(set, UPPER)) kinds.add(BEFORE.upper)
    if (has(set, 43)) kinds.add(BEFORE.plus)
    if (has(set, 40)) kinds.add(BEFORE.paren)
    if (intersects(set, OTHERS & ~LOWER & ~UPPER & ~setOf('+('))) kinds.add(BEFORE.other)
  }
  return kinds
}

/** True when a joint can follow that joins no digits: `12345678-Z`, `1 (212`. */
const dangles = (walker: Walker, places: readonly Place[]): boolean =>
  JOINING.some((character) => {
    let joined = walker.after(places, (set) => intersects(set, setOf(character)))
    if (character === ')') {
      if (walker.steps(joined).some(({ set }) => intersects(set, OTHERS & ~AFTER_PAREN))) return true
      joined = walker.after(joined, (set) => intersects(set, AFTER_PAREN))
    }
    return walker.canEnd(joined) || walker.steps(joined).some(({ set }) => takesOther(set))
  })

const secondRuns = (walker: Walker, from: readonly Place[], add: (second: number) => void): void => {
  let places = from
  for (let second = 1; second <= MOST_SECOND; second++) {
    places = walker.after(places, takesDigit)
    if (places.length === 0) return
    if (walker.canEnd(places) || walker.steps(places).some(({ set }) => takesOther(set))) add(second)
  }
}

/** All shapes in which the digits of a pattern can begin, so that the scan tries it at these only. Throws `PPT_MASK_RULE` when there are none. */
export const digitShapes = (tree: PatternNode): readonly DigitShape[] => {
  const walker = createWalker()
  const shapes = new Map<string, DigitShape>()
  const add = (shape: DigitShape): void => {
    shapes.set(Object.values(shape).join(), shape)
  }

  const firstRuns = (lead: number, before: number, from: readonly Place[]): void => {
    let places = from
    for (let first = 1; first <= MOST_FIRST; first++) {
      places = walker.after(places, takesDigit)
      if (places.length === 0) return
      const canFollow = (wanted: CharSet): boolean => walker.steps(places).some(({ set }) => intersects(set, wanted))
      if (walker.canEnd(places)) add({ lead, before, first, joint: CAN_END, second: 0 })
      if (canFollow(LOWER)) add({ lead, before, first, joint: LOWER_FOLLOWS, second: 0 })
      if (canFollow(UPPER)) add({ lead, before, first, joint: UPPER_FOLLOWS, second: 0 })
      if (canFollow(UNJOINED)) add({ lead, before, first, joint: 0, second: 0 })
      if (dangles(walker, places)) add({ lead, before, first, joint: DANGLES, second: 0 })
      for (const [joint, character] of JOINTS.entries()) {
        if (joint === 0) continue
        let joined = walker.after(places, (set) => has(set, character.charCodeAt(0)))
        if (character === ')') joined = [...joined, ...walker.after(joined, (set) => intersects(set, AFTER_PAREN))]
        secondRuns(walker, joined, (second) => add({ lead, before, first, joint, second }))
      }
    }
  }

  let places = walker.start(tree)
  let kinds: ReadonlySet<number> = new Set([BEFORE.other, BEFORE.paren])
  for (let lead = 0; lead <= MOST_LEAD && places.length > 0; lead++) {
    for (const before of kinds) firstRuns(lead, before, places)
    kinds = kindsBefore(walker, places)
    places = walker.after(places, takesOther)
  }
  if (shapes.size === 0) throw patternFault(`a digits trigger needs a pattern with digits among its first ${MOST_LEAD} characters`)
  return [...shapes.values()]
}
