import { type Address, type AddressRange, prefixOf } from '@parapet/core'
import { WIDEST_RANGE } from '../targets.js'

/** A range, and until when it is meant, ms UTC. */
export type RangeUntil = { readonly range: AddressRange; readonly until: number }

type Found = { readonly until: number; readonly pieces: readonly RangeUntil[] }

const bitAt = (address: Address, bit: number): number =>
  address.family === 4 ? (address.word >>> (31 - bit)) & 1 : ((address.words[bit >>> 5] ?? 0) >>> (31 - (bit & 31))) & 1

/** What the ranges inside one prefix of `bits` come to: until when they fill it (0: they do not), and the fewest pieces. */
const within = (ranges: readonly RangeUntil[], bits: number, widest: number): Found => {
  const [first] = ranges
  if (first === undefined) return { until: 0, pieces: [] }
  if (ranges.length === 1) return { until: first.range.prefix === bits ? first.until : 0, pieces: ranges }
  let own = 0
  const halves: [RangeUntil[], RangeUntil[]] = [[], []]
  for (const one of ranges) {
    if (one.range.prefix === bits) own = Math.max(own, one.until)
    else halves[bitAt(one.range.address, bits) === 0 ? 0 : 1].push(one)
  }
  const [left, right] = halves.map((half) => within(half, bits + 1, widest)) as [Found, Found]
  const until = Math.max(own, bits < widest ? 0 : Math.min(left.until, right.until))
  if (until === 0) return { until, pieces: [...left.pieces, ...right.pieces] }
  return { until, pieces: [{ range: prefixOf(first.range.address, bits), until }] }
}

/**
 * The fewest ranges that together hold the same addresses, none in another. A range that lies in one which ends sooner is left out for now:
 * asked again after that end, it is there. Neighbours become one, never wider than what may be denied, until the first of them ends.
 */
export const minimalRanges = (ranges: readonly RangeUntil[]): readonly RangeUntil[] => [
  ...within(
    ranges.filter(({ range }) => range.address.family === 4),
    0,
    WIDEST_RANGE[4],
  ).pieces,
  ...within(
    ranges.filter(({ range }) => range.address.family === 6),
    0,
    WIDEST_RANGE[6],
  ).pieces,
]
