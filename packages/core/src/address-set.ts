import { type Address, type AddressRange, parseAddress, parseRange } from './address.js'
import { ParapetError } from './errors.js'

/** Membership of addresses in many ranges: sorted intervals and binary search. */
export type AddressSet = {
  readonly size: number
  has: (address: Address | string) => boolean
}

type Interval6 = { readonly first: readonly number[]; readonly last: readonly number[] }

const hostBits = (prefix: number): number => (prefix >= 32 ? 0 : prefix <= 0 ? 0xffffffff : 0xffffffff >>> prefix)

const lastOf6 = (words: readonly number[], prefix: number): number[] => words.map((word, i) => (word | hostBits(prefix - i * 32)) >>> 0)

const compare6 = (a: readonly number[], b: readonly number[]): number => {
  for (let i = 0; i < 4; i++) {
    const difference = (a[i] ?? 0) - (b[i] ?? 0)
    if (difference !== 0) return difference
  }
  return 0
}

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
  const merged: { first: readonly number[]; last: readonly number[] }[] = []
  for (const interval of intervals) {
    const top = merged.at(-1)
    if (top !== undefined && compare6(interval.first, top.last) <= 0) {
      if (compare6(interval.last, top.last) > 0) top.last = interval.last
    } else merged.push({ ...interval })
  }
  return merged
}

/** Index of the last element for which `before` holds, in a list where it holds for a front part; -1 for none. */
const lastBefore = (length: number, before: (index: number) => boolean): number => {
  let low = 0
  let high = length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (before(middle)) low = middle + 1
    else high = middle
  }
  return low - 1
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
      if (address.family === 4) {
        const at = lastBefore(v4.starts.length, (i) => (v4.starts[i] ?? 0) <= address.word)
        return at >= 0 && address.word <= (v4.ends[at] ?? 0)
      }
      const at = lastBefore(v6.length, (i) => compare6(v6[i]?.first ?? [], address.words) <= 0)
      const interval = v6[at]
      return interval !== undefined && compare6(address.words, interval.last) <= 0
    },
  }
}
