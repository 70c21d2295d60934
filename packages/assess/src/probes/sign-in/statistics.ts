/** What two lists of times say of each other. `difference` is mean of `a` less mean of `b`, ms; `error` its standard error, ms. */
export type Comparison = {
  readonly difference: number
  readonly error: number
  readonly t: number
  readonly meanA: number
  readonly meanB: number
}

/** The middle of a list: without the `share` smallest and the `share` largest values, so that one slow answer does not speak for all. */
export const trimmed = (values: readonly number[], share = 0.15): readonly number[] => {
  const sorted = values.toSorted((a, b) => a - b)
  const cut = Math.floor(sorted.length * share)
  return sorted.slice(cut, sorted.length - cut)
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

const variance = (values: readonly number[]): number => {
  const middle = mean(values)
  return values.reduce((sum, value) => sum + (value - middle) ** 2, 0) / (values.length - 1)
}

/** Welch's t of two lists of at least two values each, after trimming; undefined for less. Source: B. L. Welch, Biometrika 34 (1947). */
export const compareTimes = (a: readonly number[], b: readonly number[]): Comparison | undefined => {
  const [first, second] = [trimmed(a), trimmed(b)]
  if (first.length < 2 || second.length < 2) return undefined
  const [meanA, meanB] = [mean(first), mean(second)]
  const error = Math.sqrt(variance(first) / first.length + variance(second) / second.length)
  const difference = meanA - meanB
  // two lists without any spread: a difference is certain, none is none
  const t = error === 0 ? (difference === 0 ? 0 : Math.sign(difference) * Number.MAX_VALUE) : difference / error
  return { difference, error, t, meanA, meanB }
}
