import { ParapetError } from '../errors.js'
import { compileAutomaton, type Automaton } from './automaton.js'

/** What a {@link Matcher} reads: text, or bytes that hold UTF-8. */
export type MatchInput = string | Uint8Array

/** Called for each place where a literal ends: its index and the offset after its last unit. Return true to stop the scan. */
export type MatchVisitor = (literal: number, end: number) => boolean | void

/**
 * Finds many literals in one pass. Time is linear in the input plus the matches reported; it never depends on how the
 * input was built. Offsets are UTF-16 code units for text and bytes for bytes.
 */
export type Matcher = {
  /** how many literals it looks for */
  readonly size: number
  /** true as soon as one literal is found */
  some: (input: MatchInput) => boolean
  /** indexes of the literals that occur, rising, each once; at most input length + `size` steps */
  find: (input: MatchInput) => readonly number[]
  /** every occurrence, overlapping ones too, in the order in which they end; longer before shorter at one end */
  visit: (input: MatchInput, visitor: MatchVisitor) => void
}

/** `caseInsensitive` folds ASCII letters only (`A-Z`): bytes of other alphabets compare exactly. */
export type MatcherOptions = { readonly caseInsensitive?: boolean }

/**
 * Compiles literals into a {@link Matcher}. Equal literals keep an index each. An empty literal, or a set beyond
 * `MATCHER_LIMITS`, throws PPT_INVALID. For bytes, literals are looked for as UTF-8 (tables built on first use).
 */
export const createMatcher = (literals: readonly string[], options: MatcherOptions = {}): Matcher => {
  const foldCase = options.caseInsensitive === true
  const wanted = literals.map((literal, index) => {
    if (literal.length === 0) throw new ParapetError('PPT_INVALID', `literal ${index} is empty: it would match everywhere`)
    return foldCase ? lowerAscii(literal) : literal
  })
  const text = compileAutomaton(wanted.map(codeUnits), 128, foldCase)
  let bytes: Automaton | undefined
  const forBytes = (): Automaton =>
    (bytes ??= compileAutomaton(
      wanted.map((literal) => new TextEncoder().encode(literal)),
      256,
      foldCase,
    ))

  const size = wanted.length
  const seen = createSeen(text.suffixHit.length)
  let seenBytes: Seen | undefined

  return {
    size,
    some: (input) => (size === 0 ? false : typeof input === 'string' ? someText(text, input) : someBytes(forBytes(), input)),
    find: (input) => {
      if (size === 0) return NONE
      if (typeof input === 'string') return findText(text, input, seen)
      const automaton = forBytes()
      return findBytes(automaton, input, (seenBytes ??= createSeen(automaton.suffixHit.length)))
    },
    visit: (input, visitor) => {
      if (size === 0) return
      if (typeof input === 'string') visitText(text, input, visitor)
      else visitBytes(forBytes(), input, visitor)
    },
  }
}

const codeUnits = (literal: string): Uint16Array => Uint16Array.from({ length: literal.length }, (_, i) => literal.charCodeAt(i))

const lowerAscii = (literal: string): string => literal.replaceAll(/[A-Z]+/g, (capitals) => capitals.toLowerCase())

const wideClass = (automaton: Automaton, symbol: number): number => automaton.wide?.get(symbol) ?? 0

const someText = (automaton: Automaton, text: string): boolean => {
  const { classes, next, firstHit } = automaton
  let state = automaton.start
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i)
    state = next[state + (symbol < 128 ? (classes[symbol] as number) : wideClass(automaton, symbol))] as number
    if (state >= firstHit) return true
  }
  return false
}

const someBytes = (automaton: Automaton, bytes: Uint8Array): boolean => {
  const { classes, next, firstHit } = automaton
  let state = automaton.start
  for (let i = 0; i < bytes.length; i++) {
    state = next[state + (classes[bytes[i] as number] as number)] as number
    if (state >= firstHit) return true
  }
  return false
}

/** Marks the hits reported in one scan; a rising stamp makes clearing free. The first `count` of `found` are of this scan: an emptied array loses its memory. */
type Seen = { stamp: number; readonly marks: Float64Array; readonly found: number[]; count: number }

const createSeen = (hits: number): Seen => ({ stamp: 0, marks: new Float64Array(hits), found: [], count: 0 })

/** Collects the literals of a hit and of its suffixes; what was collected before in this scan ends the walk, so all walks together are linear. */
const collect = (automaton: Automaton, state: number, seen: Seen): void => {
  const { ids, idsFrom, suffixHit } = automaton
  for (
    let hit = (state - automaton.firstHit) / automaton.stride;
    hit >= 0 && seen.marks[hit] !== seen.stamp;
    hit = suffixHit[hit] as number
  ) {
    seen.marks[hit] = seen.stamp
    for (let i = idsFrom[hit] as number; i < (idsFrom[hit + 1] as number); i++) seen.found[seen.count++] = ids[i] as number
  }
}

const NONE: readonly number[] = Object.freeze([])

/** What was found in this scan. Most texts hold no literal or one, and this runs for every value that is searched. */
const harvest = (seen: Seen): readonly number[] => {
  const { found, count } = seen
  seen.count = 0
  if (count === 0) return NONE
  return count === 1 ? [found[0] as number] : found.slice(0, count).toSorted((a, b) => a - b)
}

const findText = (automaton: Automaton, text: string, seen: Seen): readonly number[] => {
  const { classes, next, firstHit } = automaton
  seen.stamp++
  let state = automaton.start
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i)
    state = next[state + (symbol < 128 ? (classes[symbol] as number) : wideClass(automaton, symbol))] as number
    if (state >= firstHit) collect(automaton, state, seen)
  }
  return harvest(seen)
}

const findBytes = (automaton: Automaton, bytes: Uint8Array, seen: Seen): readonly number[] => {
  const { classes, next, firstHit } = automaton
  seen.stamp++
  let state = automaton.start
  for (let i = 0; i < bytes.length; i++) {
    state = next[state + (classes[bytes[i] as number] as number)] as number
    if (state >= firstHit) collect(automaton, state, seen)
  }
  return harvest(seen)
}

/** Tells the visitor of every literal that ends here. True when it asked to stop. */
const report = (automaton: Automaton, state: number, end: number, visitor: MatchVisitor): boolean => {
  const { ids, idsFrom, suffixHit } = automaton
  for (let hit = (state - automaton.firstHit) / automaton.stride; hit >= 0; hit = suffixHit[hit] as number) {
    for (let i = idsFrom[hit] as number; i < (idsFrom[hit + 1] as number); i++) if (visitor(ids[i] as number, end) === true) return true
  }
  return false
}

const visitText = (automaton: Automaton, text: string, visitor: MatchVisitor): void => {
  const { classes, next, firstHit } = automaton
  let state = automaton.start
  for (let i = 0; i < text.length; i++) {
    const symbol = text.charCodeAt(i)
    state = next[state + (symbol < 128 ? (classes[symbol] as number) : wideClass(automaton, symbol))] as number
    if (state >= firstHit && report(automaton, state, i + 1, visitor)) return
  }
}

const visitBytes = (automaton: Automaton, bytes: Uint8Array, visitor: MatchVisitor): void => {
  const { classes, next, firstHit } = automaton
  let state = automaton.start
  for (let i = 0; i < bytes.length; i++) {
    state = next[state + (classes[bytes[i] as number] as number)] as number
    if (state >= firstHit && report(automaton, state, i + 1, visitor)) return
  }
}
