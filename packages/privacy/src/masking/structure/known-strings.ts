import type { KeyGroup } from './key-groups.js'
import { type Codes, isSameRun, type TextUnits, viewOf } from './units.js'

/** What is remembered of a string in which nothing is found. */
export type Known = {
  /** as a key: the value that it had last, and how often it had another one */
  last?: string
  changes?: number
  readonly text: string
  /** what a value is when this string is its key */
  readonly group: KeyGroup | undefined
  /** 1: the string is `name`, `key`, `header` or `field`; 2: `value`; 3: `time`; 0: another */
  readonly role: number
}

/**
 * Remembers strings by what they look like inside a longer text, so that the same keys and values of the next line cost neither a
 * copy nor a scan. Of fixed size: a new string takes the place of an old one, and only when it comes twice in a short while, so a
 * flood of different ones throws little out. Holds clean strings only, and none of over 128 characters.
 */
export type KnownStrings = {
  /** the string that stands at `from` up to `to`, compared character by character */
  readonly find: (units: TextUnits, from: number, to: number) => Known | undefined
  /** offers a clean string: `make` is asked when it came before and is kept from now on */
  readonly offer: (units: TextUnits, from: number, to: number, make: () => Known) => void
}

/** A longer string is not remembered. */
export const MOST_UNITS = 128
/** Strings that share a place in the table: one more takes the place of the oldest. */
const WAYS = 4
/** Characters at either end of a string that say where it is remembered. */
const SAMPLED = 8

/** `sets` is a power of two: so many times four strings are remembered, at 130 bytes each, or 260 where `isWide`. All texts are of that width. */
export const createKnownStrings = (sets: number, isWide: boolean): KnownStrings => {
  const pool = new (isWide ? Uint16Array : Uint8Array)(sets * WAYS * MOST_UNITS)
  const shift = isWide ? 1 : 0
  const view = viewOf(pool)
  const known: (Known | undefined)[] = Array.from({ length: sets * WAYS }, () => undefined)
  const seen = new Int32Array(sets * WAYS)
  const oldest = new Uint8Array(sets)

  /** Spreads by the length, the beginning and the end, where strings of one kind differ; the comparison that follows decides. */
  const setOf = (units: Codes, from: number, to: number): number => {
    let hash = to - from
    const beginning = Math.min(to, from + SAMPLED)
    for (let i = Math.max(beginning, to - SAMPLED); i < to; i++) hash = Math.imul(hash, 31) + (units[i] as number)
    for (let i = from; i < beginning; i++) hash = Math.imul(hash, 31) + (units[i] as number)
    hash = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b)
    return (hash ^ (hash >>> 13)) & (sets - 1)
  }

  return {
    find: (units, from, to) => {
      const length = to - from
      if (length > MOST_UNITS || length === 0) return undefined
      const first = setOf(units.codes, from, to) * WAYS
      for (let place = first; place < first + WAYS; place++) {
        const found = known[place]
        if (found?.text.length !== length) continue
        if (isSameRun(view, (place * MOST_UNITS) << shift, units.view, from << shift, length << shift)) return found
      }
      return undefined
    },
    offer: ({ codes }, from, to, make) => {
      if (to - from > MOST_UNITS || to === from) return
      let hash = to - from
      for (let i = from; i < to; i++) hash = (Math.imul(hash, 31) + (codes[i] as number)) | 0
      const set = setOf(codes, from, to)
      const first = set * WAYS
      const way = oldest[set] as number
      oldest[set] = (way + 1) % WAYS
      for (let place = first; place < first + WAYS; place++) {
        if (seen[place] !== hash) continue
        pool.set(codes.subarray(from, to), place * MOST_UNITS)
        known[place] = make()
        return
      }
      seen[first + way] = hash
    },
  }
}
