/** How two series of answers differ, one for a name that exists and one for a name that does not. */
type Likeness =
  | { readonly kind: 'alike'; readonly answers: number }
  /** from the answer `from` on (0 is the first) every known one was `known` and every unknown one `unknown` */
  | { readonly kind: 'different'; readonly from: number; readonly known: string; readonly unknown: string }
  /** the answers change by themselves, so that a difference says nothing */
  | { readonly kind: 'unsteady'; readonly at: number }
  | { readonly kind: 'too-few' }

/** A difference counts when it is seen twice running. */
const TWICE = 2
/** Answers by which a side that never changes is told from one that has not changed yet. */
const OFTEN = 4

/**
 * Compares two series place by place. A difference is one that holds from some place to the end, at least twice, with both sides steady;
 * so a lock that only accounts which exist run into is found as well as a text that differs from the start.
 */
export const compareSeries = (known: readonly string[], unknown: readonly string[]): Likeness => {
  const length = Math.min(known.length, unknown.length)
  if (length < TWICE) return { kind: 'too-few' }
  let last = length
  while (last > 0 && known[last - 1] !== unknown[last - 1]) last--
  // steady from here on
  let from = length - 1
  while (from > last && known[from - 1] === known[length - 1] && unknown[from - 1] === unknown[length - 1]) from--
  const differs = known[length - 1] !== unknown[length - 1]
  if (differs && length - from >= TWICE) {
    return { kind: 'different', from, known: known[length - 1] ?? '', unknown: unknown[length - 1] ?? '' }
  }
  // a difference in the middle that held twice and ended: a window that closed for one of them only
  for (let i = 0; i + 1 < length; i++) {
    if (known[i] !== unknown[i] && known[i] === known[i + 1] && unknown[i] === unknown[i + 1]) {
      return { kind: 'different', from: i, known: known[i] ?? '', unknown: unknown[i] ?? '' }
    }
  }
  // one side counts down while the other never changes: no answer of the one is like any of the other
  const steady = [known, unknown].some((side) => side.slice(0, length).every((value) => value === side[0]))
  if (length >= OFTEN && steady && !known.slice(0, length).some((value) => unknown.slice(0, length).includes(value))) {
    return { kind: 'different', from: 0, known: known[0] ?? '', unknown: unknown[0] ?? '' }
  }
  const at = known.slice(0, length).findIndex((value, i) => value !== unknown[i])
  return at < 0 ? { kind: 'alike', answers: length } : { kind: 'unsteady', at }
}
