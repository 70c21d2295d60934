import { BACKSLASH, KIND, KINDS, NEWLINE, QUOTE, RETURN } from './units.js'

/** Follows the quotes of a text, so that it is known whether a place is inside of a JSON string. A raw end of line is never inside. */
export type QuoteTracker = {
  readonly reset: () => void
  /** true when `at` is inside a string; places must be asked for in rising order */
  readonly isInside: (units: Uint8Array, at: number) => boolean
  /** the first `count` units leave the window */
  readonly shift: (units: Uint8Array, count: number) => void
}

/** Starts outside of any string. */
export const createQuoteTracker = (): QuoteTracker => {
  let known = 0
  let inside = false
  let escaped = false

  const advance = (units: Uint8Array, to: number): void => {
    if (to <= known) return
    const line = units.lastIndexOf(NEWLINE, to - 1) + 1
    let at = known
    if (line > known) {
      at = line
      inside = escaped = false
    }
    for (; at < to; at++) {
      const unit = units[at]
      if (escaped) escaped = false
      else if (unit === BACKSLASH) escaped = true
      else if (unit === QUOTE) inside = !inside
    }
    known = to
  }
  return {
    reset: () => {
      known = 0
      inside = escaped = false
    },
    isInside: (units, at) => {
      advance(units, at)
      return inside
    },
    shift: (units, count) => {
      advance(units, count)
      known -= count
    },
  }
}

const isGap = (unit: number | undefined): boolean => unit !== undefined && ((KINDS[unit] ?? 0) & KIND.space) !== 0
const isLineEnd = (unit: number | undefined): boolean => unit === NEWLINE || unit === RETURN

const MOST_GAP = 256

/** A JSON number or one of its words: the only values that can stand there without quotes. */
const isScalar = (units: Uint8Array, start: number, end: number): boolean => {
  const first = units[start] ?? 0
  if (first === 45 || ((KINDS[first] ?? 0) & KIND.digit) !== 0) {
    for (let at = start + 1; at < end; at++) {
      const unit = units[at] ?? 0
      if (((KINDS[unit] ?? 0) & KIND.digit) === 0 && unit !== 46 && unit !== 43 && unit !== 45 && (unit | 32) !== 101) return false
    }
    return true
  }
  const word = end - start <= 5 ? String.fromCharCode(...units.subarray(start, end)) : ''
  return word === 'true' || word === 'false' || word === 'null'
}

/**
 * The quotes that a replacement of `start` to `end` needs to stay JSON: none, `"`, or `\"` where JSON stands inside a JSON string. `isOpen`: the
 * end is not known yet. `isValue`: the whole text is the content of a string, so standing alone it is no JSON.
 */
export const quotesFor = (
  units: Uint8Array,
  length: number,
  start: number,
  end: number,
  { tracker, isValue, isOpen }: { readonly tracker: QuoteTracker; readonly isValue: boolean; readonly isOpen: boolean },
): '' | '"' | '\\"' => {
  if (!isOpen && !isScalar(units, start, end)) return ''
  let left = start - 1
  const least = Math.max(-1, left - MOST_GAP)
  while (left > least && (isGap(units[left]) || isLineEnd(units[left]))) left--
  let right = end
  const most = Math.min(length, right + MOST_GAP)
  while (right < most && isGap(units[right])) right++
  const before = left < 0 ? undefined : units[left]
  const after = isOpen || right >= length ? undefined : units[right]
  const isAfter = isOpen || after === undefined || isLineEnd(after) || after === 44 || after === 93 || after === 125
  // a whole line that is one number
  const isAlone = !isOpen && (start === 0 || isLineEnd(units[start - 1])) && (end >= length || isLineEnd(units[end]))
  if (isAlone && !(isValue && start === 0 && end >= length)) return tracker.isInside(units, start) ? '' : '"'
  if (!isAfter || (before !== 58 && before !== 44 && before !== 91)) return ''
  let isNested = false
  if (before === 58) {
    let quote = left - 1
    while (quote > least && (isGap(units[quote]) || isLineEnd(units[quote]))) quote--
    if (units[quote] !== QUOTE) return ''
    isNested = units[quote - 1] === BACKSLASH && units[quote - 2] !== BACKSLASH
  }
  if (!tracker.isInside(units, start)) return '"'
  return isNested ? '\\"' : ''
}
