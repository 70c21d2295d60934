import { formatRange, parseAddress, parseRange } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { rangeContains, rangesOverlap } from '../targets.js'
import { createAllowList } from './allow-list.js'
import { minimalRanges, type RangeUntil } from './minimal-ranges.js'

const range = (text: string) => parseRange(text)!
const of = (...given: readonly (readonly [string, number])[]): string[] =>
  minimalRanges(given.map(([text, until]) => ({ range: range(text), until }))).map((one) => `${formatRange(one.range)} ${one.until}`)

describe('minimalRanges', () => {
  it('joins neighbours until the first of them ends', () => {
    expect(of(['192.0.2.0/25', 5], ['192.0.2.128/25', 9])).toEqual(['192.0.2.0/24 5'])
    expect(of(['2001:db8::/33', 5], ['2001:db8:8000::/33', 5])).toEqual(['2001:db8::/32 5'])
    expect(of(['192.0.2.0/25', 5], ['192.0.3.0/25', 9])).toEqual(['192.0.2.0/25 5', '192.0.3.0/25 9'])
  })

  it('leaves out what lies in another, and keeps the later end of the same', () => {
    expect(of(['192.0.2.0/24', 5], ['192.0.2.7/32', 9], ['192.0.2.0/24', 6])).toEqual(['192.0.2.0/24 6'])
    expect(of(['192.0.2.0/24', 5], ['192.0.2.0/25', 9], ['192.0.2.128/25', 8])).toEqual(['192.0.2.0/24 8'])
  })

  it('never joins to more than may be denied', () => {
    expect(of(['10.0.0.0/16', 1], ['10.1.0.0/16', 1])).toEqual(['10.0.0.0/16 1', '10.1.0.0/16 1'])
  })

  it('holds the same addresses as what was given, none twice, at every time, and no two could be one', () => {
    const one = fc
      .tuple(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 24, max: 32 }), fc.integer({ min: 1, max: 4 }), fc.boolean())
      .map(([low, bits, until, six]): RangeUntil => ({
        range: range(six ? `2001:db8::${low.toString(16)}/${bits + 96}` : `192.0.2.${low}/${bits}`),
        until,
      }))
    fc.assert(
      fc.property(fc.array(one, { maxLength: 30 }), (given) => {
        for (let now = 0; now < 5; now++) {
          // asked again at each time, as the plan does
          const alive = given.filter(({ until }) => until > now)
          const pieces = minimalRanges(alive)
          for (const [i, piece] of pieces.entries()) {
            expect(piece.until).toBeGreaterThan(now)
            for (const other of pieces.slice(i + 1)) expect(rangesOverlap(piece.range, other.range)).toBe(false)
          }
          for (let low = 0; low < 256; low += 7)
            for (const text of [`192.0.2.${low}`, `2001:db8::${low.toString(16)}`]) {
              const single = range(text)
              const isIn = (list: readonly RangeUntil[]): boolean => list.some((held) => rangeContains(held.range, single))
              expect(isIn(pieces)).toBe(isIn(alive))
              // as long as a piece says, something that was given lasts there
              const piece = pieces.find((held) => rangeContains(held.range, single))
              const lasts = (until: number): boolean => alive.some((held) => held.until >= until && rangeContains(held.range, single))
              expect(piece === undefined || lasts(piece.until)).toBe(true)
            }
        }
      }),
      { seed: 11, numRuns: 40 },
    )
  })
})

describe('createAllowList', () => {
  const list = createAllowList([
    { reason: 'the gateway', ranges: [range('192.0.2.1')] },
    { reason: 'on the allow list', ranges: [range('203.0.113.0/25'), range('203.0.113.128/25'), range('2001:db8::/48')] },
  ])

  it('says why, and only for what lies in it wholly', () => {
    expect(list.reasonFor(range('192.0.2.1'))).toBe('192.0.2.1 is the gateway')
    expect(list.reasonFor(range('203.0.113.7'))).toBe('203.0.113.7 is on the allow list')
    expect(list.reasonFor(range('2001:db8:0:1::/64'))).toBe('2001:db8:0:1::/64 is on the allow list')
    expect(list.reasonFor(range('192.0.2.0/24'))).toBeUndefined()
    expect(list.reasonFor(range('198.51.100.1'))).toBeUndefined()
    expect(parseAddress('192.0.2.1')?.family).toBe(4)
  })

  it('is as short as it can be', () => {
    expect(list.ranges.map(formatRange)).toEqual(['192.0.2.1', '203.0.113.0/24', '2001:db8::/48'])
  })
})
