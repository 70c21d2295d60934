/** Numbers of one window: exact while few, then a histogram whose bins widen with the numbers. Plain JSON, so that it is saved as it is. */
export type Statistic = {
  count: number
  sum: number
  /** every number while there are at most {@link EXACT}; not kept where nobody asks for percentiles */
  exact?: number[]
  /** counts by bin, once there are more: `p12`, `n-3`, `z` for what is nearly zero */
  bins?: Record<string, number>
}

/** How many numbers are kept one by one. */
export const EXACT = 256
/** The most by which a percentile of more numbers is off, as a share of it, between 1e-6 and 1e12 either side of zero. */
export const STATISTIC_ERROR = 0.01

const LOG_GAMMA = Math.log((1 + STATISTIC_ERROR) / (1 - STATISTIC_ERROR))
const [LEAST, MOST] = [1e-6, 1e12]

/** Starts a window. */
export const createStatistic = (percentiles: boolean): Statistic => (percentiles ? { count: 0, sum: 0, exact: [] } : { count: 0, sum: 0 })

const binOf = (value: number): string => {
  const size = Math.min(Math.abs(value), MOST)
  if (size < LEAST) return 'z'
  return `${value < 0 ? 'n' : 'p'}${Math.ceil(Math.log(size) / LOG_GAMMA)}`
}

/** The number that stands for a bin: nowhere in it is one further away than the stated error. Source: Masson et al., "DDSketch", 2019. */
const middleOf = (bin: string): number => {
  if (bin === 'z') return 0
  const upper = Math.exp(Number(bin.slice(1)) * LOG_GAMMA)
  const middle = (2 * upper) / (1 + Math.exp(LOG_GAMMA))
  return bin.startsWith('n') ? -middle : middle
}

const addToBin = (bins: Record<string, number>, value: number): void => {
  const bin = binOf(value)
  bins[bin] = (bins[bin] ?? 0) + 1
}

/** Adds a number. */
export const addNumber = (statistic: Statistic, value: number): void => {
  statistic.count++
  statistic.sum += value
  if (statistic.bins !== undefined) addToBin(statistic.bins, value)
  if (statistic.exact === undefined) return
  statistic.exact.push(value)
  if (statistic.exact.length <= EXACT) return
  const bins: Record<string, number> = {}
  for (const known of statistic.exact) addToBin(bins, known)
  statistic.bins = bins
  delete statistic.exact
}

/** The mean; 0 of nothing. */
export const mean = ({ count, sum }: Statistic): number => (count === 0 ? 0 : sum / count)

/** The percentile by nearest rank: the smallest number that so many percent of all are not above; 0 of nothing. */
export const percentileOf = ({ count, exact, bins }: Statistic, percentile: number): number => {
  if (count === 0) return 0
  const rank = Math.max(1, Math.ceil((percentile / 100) * count))
  if (exact !== undefined) return exact.toSorted((a, b) => a - b)[rank - 1] ?? 0
  const sorted = Object.entries(bins ?? {})
    .map(([bin, amount]) => ({ value: middleOf(bin), amount }))
    .toSorted((a, b) => a.value - b.value)
  let seen = 0
  for (const { value, amount } of sorted) {
    seen += amount
    if (seen >= rank) return value
  }
  return sorted.at(-1)?.value ?? 0
}

/** About how many bytes it takes. */
export const statisticBytes = ({ exact, bins }: Statistic): number =>
  64 + (exact?.length ?? 0) * 8 + (bins === undefined ? 0 : Object.keys(bins).length * 40)

/** The sum over a sliding window: number by number while there are few, then by sixtieths of the timespan. Plain JSON. */
export type SlidingSum = {
  /** time and number, oldest first; empty once buckets took over */
  list: [number, number][]
  /** number of the bucket, time of its first event, sum */
  buckets: [number, number, number][]
}

const PARTS = 60
const LISTED = 128

/** An empty window. */
export const createSlidingSum = (): SlidingSum => ({ list: [], buckets: [] })

const addToBucket = (window: SlidingSum, time: number, value: number, span: number): void => {
  const index = Math.floor((time * PARTS) / span)
  let at = window.buckets.length - 1
  while (at >= 0 && (window.buckets[at]?.[0] ?? 0) > index) at--
  const bucket = window.buckets[at]
  if (bucket?.[0] === index) bucket[2] += value
  else window.buckets.splice(at + 1, 0, [index, time, value])
}

/** Adds a number in order of time and forgets what is out of the window that ends at `now`. */
export const addToSum = (window: SlidingSum, time: number, value: number, now: number, span: number): void => {
  if (window.buckets.length > 0) addToBucket(window, time, value, span)
  else {
    let at = window.list.length
    while (at > 0 && (window.list[at - 1]?.[0] ?? 0) > time) at--
    window.list.splice(at, 0, [time, value])
  }
  window.list = window.list.filter(([at]) => at > now - span)
  window.buckets = window.buckets.filter(([index]) => ((index + 1) * span) / PARTS > now - span)
  if (window.list.length <= LISTED) return
  for (const [at, known] of window.list) addToBucket(window, at, known, span)
  window.list = []
}

/** The sum, and when the first number of it came. Sums of buckets count the oldest whole: up to a sixtieth of the timespan more. */
export const sumOf = ({ list, buckets }: SlidingSum): { readonly sum: number; readonly first: number | undefined } => {
  let sum = 0
  for (const [, value] of list) sum += value
  for (const [, , value] of buckets) sum += value
  return { sum, first: list[0]?.[0] ?? buckets[0]?.[1] }
}

/** About how many bytes it takes. */
export const slidingSumBytes = ({ list, buckets }: SlidingSum): number => 64 + list.length * 48 + buckets.length * 56
