import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backoffMs, retryAfterMs } from './backoff.js'

describe('backoffMs', () => {
  it('doubles from a quarter of a second to half a minute', () => {
    expect([1, 2, 3, 4, 100].map((n) => backoffMs(n, () => 1))).toEqual([250, 500, 1_000, 2_000, 30_000])
    expect([1, 5, 6, 100].map((n) => backoffMs(n, () => 1, 5_000))).toEqual([250, 4_000, 5_000, 5_000])
  })

  it('spreads by chance over the upper half, for any count', () => {
    fc.assert(
      fc.property(fc.integer({ min: -5, max: 10_000 }), fc.double({ min: 0, max: 0.999, noNaN: true }), (n, chance) => {
        const ms = backoffMs(n, () => chance)
        expect(ms).toBeGreaterThanOrEqual(backoffMs(n, () => 0))
        expect(ms).toBeLessThanOrEqual(30_000)
        expect(backoffMs(n, () => 0) * 2).toBe(backoffMs(n, () => 1))
      }),
    )
  })
})

describe('retryAfterMs', () => {
  it('reads seconds and dates', () => {
    expect(retryAfterMs('7', 0)).toBe(7_000)
    expect(retryAfterMs('Sat, 21 Nov 2026 20:00:10 GMT', Date.parse('2026-11-21T20:00:00Z'))).toBe(10_000)
    expect(retryAfterMs('Sat, 21 Nov 2020 20:00:10 GMT', Date.parse('2026-11-21T20:00:00Z'))).toBe(0)
  })

  it('takes five minutes at most: a wrong header must not silence a guard for a day', () => {
    expect(retryAfterMs('86400', 0)).toBe(300_000)
    expect(retryAfterMs('Sat, 21 Nov 2099 20:00:10 GMT', 0)).toBe(300_000)
  })

  it('ignores junk', () => {
    for (const junk of [null, '', 'soon', '-1x', '9'.repeat(100)]) expect(retryAfterMs(junk, 0)).toBeUndefined()
  })
})
