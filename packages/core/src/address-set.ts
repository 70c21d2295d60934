import { type Address, type AddressRange, parseAddress, parseRange } from './address.js'
import { ParapetError } from './errors.js'

/** Membership of addresses in many ranges: sorted intervals and binary search. */
export type AddressSet = {
  readonly size: number
  has: (address: Address | string) => boolean
}

type Words = readonly [number, number, number, number]
type Interval6 = { first: Words; last: Words }

const hostBits = (prefix: number): number => (prefix >= 32 ? 0 : prefix <= 0 ? 0xffffffff : 0xffffffff >>> prefix)

const lastOf6 = ([a, b, c, d]: Words, prefix: number): Words => [
  (a | hostBits(prefix)) >>> 0,
  (b | hostBits(prefix - 32)) >>> 0,
  (c | hostBits(prefix - 64)) >>> 0,
  (d | hostBits(prefix - 96)) >>> 0,
]

const compare6 = (a: Words, b: Words): number => a[0] - b[0] || a[1] - b[1] || a[2] - b[2] || a[3] - b[3]

const buildV4 = (ranges: readonly AddressRange[]): { starts: Uint32Array; ends: Uint32Array } => {
  const intervals = ranges
    .flatMap(({ address, prefix }) =>
      address.family === 4 ? [{ first: address.word, last: (address.word | hostBits(prefix)) >>> 0 }] : [],
    )
    .toSorted((a, b) => a.first - b.first)
  const starts: number[] = []
  const ends: number[] = []
  for (const { first, last } of intervals) {
    const top = ends.length - 1
    if (top >= 0 && first <= (ends[top] ?? 0) + 1) ends[top] = Math.max(ends[top] ?? 0, last)
    else {
      starts.push(first)
      ends.push(last)
    }
  }
  return { starts: Uint32Array.from(starts), ends: Uint32Array.from(ends) }
}

const buildV6 = (ranges: readonly AddressRange[]): Interval6[] => {
  const intervals = ranges
    .flatMap(({ address, prefix }) => (address.family === 6 ? [{ first: address.words, last: lastOf6(address.words, prefix) }] : []))
    .toSorted((a, b) => compare6(a.first, b.first))
  const merged: Interval6[] = []
  for (const interval of intervals) {
    const top = merged.at(-1)
    if (top !== undefined && compare6(interval.first, top.last) <= 0) {
      if (compare6(interval.last, top.last) > 0) top.last = interval.last
    } else merged.push({ ...interval })
  }
  return merged
}

const hasV4 = (starts: Uint32Array, ends: Uint32Array, word: number): boolean => {
  let low = 0
  let high = starts.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if ((starts[middle] ?? 0) <= word) low = middle + 1
    else high = middle
  }
  return low > 0 && word <= (ends[low - 1] ?? 0)
}

const hasV6 = (intervals: readonly Interval6[], words: Words): boolean => {
  let low = 0
  let high = intervals.length
  while (low < high) {
    const middle = (low + high) >>> 1
    const interval = intervals[middle]
    if (interval !== undefined && compare6(interval.first, words) <= 0) low = middle + 1
    else high = middle
  }
  const interval = intervals[low - 1]
  return interval !== undefined && compare6(words, interval.last) <= 0
}

/** Builds a set from ranges or their text. Throws `PPT_ADDRESS_INVALID` naming the text that is none. */
export const createAddressSet = (items: readonly (string | AddressRange)[]): AddressSet => {
  const ranges = items.map((item) => {
    const range = typeof item === 'string' ? parseRange(item) : item
    if (range === undefined)
      throw new ParapetError('PPT_ADDRESS_INVALID', typeof item === 'string' ? JSON.stringify(item.slice(0, 64)) : 'range')
    return range
  })
  const v4 = buildV4(ranges)
  const v6 = buildV6(ranges)
  return {
    size: ranges.length,
    has: (input) => {
      const address = typeof input === 'string' ? parseAddress(input) : input
      if (address === undefined) return false
      return address.family === 4 ? hasV4(v4.starts, v4.ends, address.word) : hasV6(v6, address.words)
    },
  }
}

/** Addresses of this machine itself: nobody outside can have them. Source: RFC 1122 3.2.1.3, RFC 4291 2.5.3. */
export const LOOPBACK: AddressSet = createAddressSet(['127.0.0.0/8', '::1'])
