import {
  BEFORE,
  CAN_END,
  DANGLES,
  LEAST_AFTER_CLOCK,
  LOWER_FOLLOWS,
  MOST_FIRST,
  MOST_SECOND,
  UPPER_FOLLOWS,
} from '../pattern/digit-shapes.js'
import type { CompiledRule } from './compile-rules.js'

/** A rule to try, and how many characters before the first run of digits its match begins. */
export type DigitEntry = { readonly rule: CompiledRule; readonly lead: number }

/** Rules of one shape; bit d of `mask` is set when one of them can begin with the digit d. */
export type DigitList = { readonly entries: readonly DigitEntry[]; readonly mask: number }

/** A shape that was completed: the rules to try, `back` characters before the unit that completed it. */
export type ShapeHit = { readonly list: DigitList; readonly back: number }

/**
 * Reads runs of digits as an automaton reads literals: one table, one step a unit, and a hit only where a shape is complete that some rule begins with. A
 * negative cell is the complement of an index into `hits`; its `to` is the state to go on with.
 */
export type ShapeAutomaton = {
  /** the first state is 0 */
  readonly cells: Int32Array
  readonly hits: readonly { readonly to: number; readonly found: readonly ShapeHit[] }[]
}

/** The kinds of units that the automaton tells apart; its table has this many columns. */
export const SHAPE_KINDS = 15
/** The kind of what is nothing special, the end of a text too. */
export const OTHER = 0
const [DIGIT, LOWER, UPPER, PLUS, PAREN, BACKSLASH, ESCAPE, ZERO, COLON] = [6, 7, 8, 9, 10, 11, 12, 13, 14] as const
/** Place of `)` among the joints. */
const CLOSE = 5

/** What the end of a text leads to, which is like any other character: negative where a number is complete. */
export const atEnd = ({ cells }: ShapeAutomaton, state: number): number => cells[state + OTHER] as number

/** The kind of a unit: joints have their own numbers from 1 to 5. */
export const shapeKind = (code: number): number => {
  if (code === 48) return ZERO
  if (code >= 49 && code <= 57) return DIGIT
  if (code === 110 || code === 114 || code === 116) return ESCAPE
  if (code >= 97 && code <= 122) return LOWER
  if (code >= 65 && code <= 90) return UPPER
  const special = [32, 45, 46, 47, 41, 43, 40, 92, 58].indexOf(code)
  return special < 0 ? OTHER : ([1, 2, 3, 4, CLOSE, PLUS, PAREN, BACKSLASH, COLON][special] ?? OTHER)
}

/** Where the reading is: between numbers, after a backslash, in a first run, behind its joint, in the second run. */
type State =
  | { readonly kind: 'idle'; readonly before: number }
  | { readonly kind: 'escape' }
  | { readonly kind: 'first'; readonly zero: boolean; readonly before: number; readonly first: number }
  | {
      readonly kind: 'joint'
      readonly zero: boolean
      readonly before: number
      readonly first: number
      readonly joint: number
      readonly extra: number
    }
  | {
      readonly kind: 'second'
      readonly zero: boolean
      readonly before: number
      readonly first: number
      readonly joint: number
      readonly extra: number
      /** the second run begins with a zero */
      readonly zeroes: boolean
      readonly second: number
    }

type Step = { readonly to: State; readonly found: readonly ShapeHit[] }

/** Builds the automaton from the rules of each shape. */
export type ShapeBuilder = {
  readonly add: (shape: { before: number; first: number; joint: number; second: number }, entry: DigitEntry, mask: number) => void
  readonly build: () => ShapeAutomaton
}

const RUNS = 2 * (BEFORE.clock + 1) * (MOST_FIRST + 2)
const runOf = (zero: boolean, before: number, first: number): number =>
  (Number(zero) * (BEFORE.clock + 1) + before) * (MOST_FIRST + 2) + first

/** A number for each state. */
const numberOf = (state: State): number => {
  if (state.kind === 'idle') return state.before
  if (state.kind === 'escape') return BEFORE.clock + 1
  const run = runOf(state.zero, state.before, state.first)
  if (state.kind === 'first') return RUNS + run
  const joint = (run * (CLOSE + 1) + state.joint) * 2 + state.extra
  if (state.kind === 'joint') return 2 * RUNS + joint
  return RUNS * (2 + 2 * (CLOSE + 1)) + (joint * 2 + Number(state.zeroes)) * (MOST_SECOND + 1) + state.second
}

const keyOf = (before: number, first: number, joint: number, second: number): number =>
  ((before * (MOST_FIRST + 1) + first) * (DANGLES + 1) + joint) * (MOST_SECOND + 1) + second

/** A builder without shapes: its automaton never hits. */
export const createShapeBuilder = (): ShapeBuilder => {
  const lists = new Map<number, { entries: DigitEntry[]; mask: number }>()
  /** the longest second run of each first run and joint */
  const longest = new Map<number, number>()

  const find = (zero: boolean, before: number, first: number, joint: number, second: number, back: number): readonly ShapeHit[] => {
    const list = lists.get(keyOf(before, first, joint, second))
    return list === undefined || (list.mask & (zero ? 1 : 0x3fe)) === 0 ? [] : [{ list, back }]
  }
  const longestSecond = (before: number, first: number, joint: number): number => longest.get(keyOf(before, first, joint, 0)) ?? 0

  const idle = (kind: number): State => {
    if (kind === BACKSLASH) return { kind: 'escape' }
    if (kind === LOWER || kind === ESCAPE) return { kind: 'idle', before: BEFORE.lower }
    const before = kind === UPPER ? BEFORE.upper : kind === PLUS ? BEFORE.plus : kind === PAREN ? BEFORE.paren : BEFORE.other
    return { kind: 'idle', before }
  }
  const endOfFirst = (zero: boolean, before: number, first: number, kind: number): Step => {
    if (first > MOST_FIRST) return { to: idle(kind), found: [] }
    if (kind === LOWER || kind === ESCAPE) return { to: idle(kind), found: find(zero, before, first, LOWER_FOLLOWS, 0, first) }
    if (kind === UPPER) return { to: idle(kind), found: find(zero, before, first, UPPER_FOLLOWS, 0, first) }
    const ends = find(zero, before, first, CAN_END, 0, first)
    const found = kind < 1 || kind > CLOSE ? [...ends, ...find(zero, before, first, 0, 0, first)] : ends
    if (kind === COLON) return { to: { kind: 'idle', before: BEFORE.clock }, found }
    if (kind < 1 || kind > CLOSE) return { to: idle(kind), found }
    const isJoint = longestSecond(before, first, kind) > 0 || find(zero, before, first, DANGLES, 0, 0).length > 0
    return { to: isJoint ? { kind: 'joint', zero, before, first, joint: kind, extra: 0 } : idle(kind), found }
  }
  const isDigit = (kind: number): boolean => kind === DIGIT || kind === ZERO
  const firstRun = (before: number, kind: number): Step => ({ to: { kind: 'first', zero: kind === ZERO, before, first: 1 }, found: [] })
  const step = (state: State, kind: number): Step => {
    switch (state.kind) {
      case 'escape':
        if (kind === ESCAPE) return { to: { kind: 'idle', before: BEFORE.other }, found: [] }
        return isDigit(kind) ? firstRun(BEFORE.other, kind) : { to: idle(kind), found: [] }
      case 'idle':
        return isDigit(kind) ? firstRun(state.before, kind) : { to: idle(kind), found: [] }
      case 'first':
        return isDigit(kind)
          ? { to: { ...state, first: Math.min(state.first + 1, MOST_FIRST + 1) }, found: [] }
          : endOfFirst(state.zero, state.before, state.first, kind)
      case 'joint': {
        const { zero, before, first, joint, extra } = state
        if (isDigit(kind)) {
          const isPair = longestSecond(before, first, joint) > 0
          return isPair ? { to: { ...state, kind: 'second', zeroes: kind === ZERO, second: 1 }, found: [] } : firstRun(BEFORE.other, kind)
        }
        if (joint === CLOSE && extra === 0 && kind >= 1 && kind < CLOSE) return { to: { ...state, extra: 1 }, found: [] }
        return { to: idle(kind), found: find(zero, before, first, DANGLES, 0, first + 1 + extra) }
      }
      case 'second':
        break
    }
    const { zero, before, first, joint, extra, zeroes, second } = state
    if (isDigit(kind)) {
      const isPair = second < longestSecond(before, first, joint)
      const to: State = isPair ? { ...state, second: second + 1 } : { kind: 'first', zero: zeroes, before: BEFORE.other, first: second + 1 }
      return { to, found: [] }
    }
    const { to, found } = endOfFirst(zeroes, BEFORE.other, second, kind)
    return { to, found: [...find(zero, before, first, joint, second, first + 1 + extra + second), ...found] }
  }

  const put = (before: number, first: number, joint: number, second: number, entry: DigitEntry, mask: number): void => {
    const key = keyOf(before, first, joint, second)
    const list = lists.get(key) ?? { entries: [], mask: 0 }
    if (!list.entries.some(({ rule, lead }) => rule === entry.rule && lead === entry.lead)) list.entries.push(entry)
    list.mask |= mask
    lists.set(key, list)
    if (joint > 0 && joint <= CLOSE) {
      const pair = keyOf(before, first, joint, 0)
      longest.set(pair, Math.max(longest.get(pair) ?? 0, second))
    }
  }

  return {
    add: ({ before, first, joint, second }, entry, mask) => {
      if (before === BEFORE.other && first >= LEAST_AFTER_CLOCK) put(BEFORE.clock, first, joint, second, entry, mask)
      put(before, first, joint, second, entry, mask)
    },
    build: () => {
      const ids = new Map<number, number>()
      const states: State[] = []
      const idOf = (state: State): number => {
        const key = numberOf(state)
        const known = ids.get(key)
        if (known !== undefined) return known
        ids.set(key, states.length)
        return states.push(state) - 1
      }
      idOf({ kind: 'idle', before: BEFORE.other })
      const cells: number[] = []
      const hits: { to: number; found: readonly ShapeHit[] }[] = []
      for (let id = 0; id < states.length; id++) {
        for (let kind = 0; kind < SHAPE_KINDS; kind++) {
          const { to, found } = step(states[id] as State, kind)
          const target = idOf(to) * SHAPE_KINDS
          cells.push(found.length === 0 ? target : ~(hits.push({ to: target, found }) - 1))
        }
      }
      return { cells: Int32Array.from(cells), hits }
    },
  }
}
