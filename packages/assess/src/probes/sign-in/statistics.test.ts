import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareTimes, trimmed } from './statistics.js'

describe('comparing times', () => {
  it('leaves out the smallest and the largest values, so that one slow answer does not speak for all', () => {
    expect(trimmed([5, 1, 9_000, 4, 3, 2, 6], 0.15)).toEqual([2, 3, 4, 5, 6])
    expect(trimmed([], 0.15)).toEqual([])
    expect(trimmed([3], 0.15)).toEqual([3])
  })

  it('finds Welch’s t of an example worked by hand', () => {
    // means 2.5 and 5, variances 5/3 and 20/3, so that the error is the root of 25/12 and t minus the root of 3
    const found = compareTimes([1, 2, 3, 4], [2, 4, 6, 8])
    expect(found?.difference).toBe(-2.5)
    expect(found?.error).toBeCloseTo(Math.sqrt(25 / 12), 12)
    expect(found?.t).toBeCloseTo(-Math.sqrt(3), 12)
  })

  it('says nothing of fewer than two values a side', () => {
    expect(compareTimes([1], [1, 2, 3])).toBeUndefined()
    expect(compareTimes([], [])).toBeUndefined()
  })

  it('does not take equal lists for different, nor lists without spread for equal', () => {
    expect(compareTimes([5, 5, 5], [5, 5, 5])?.t).toBe(0)
    expect(compareTimes([9, 9, 9], [5, 5, 5])?.t).toBeGreaterThan(1_000)
    expect(compareTimes([5, 5, 5], [9, 9, 9])?.t).toBeLessThan(-1_000)
  })

  it('turns its sign with its sides, and never gives anything but numbers', () => {
    const list = fc.array(fc.double({ min: 0, max: 10_000, noNaN: true }), { minLength: 2, maxLength: 40 })
    fc.assert(
      fc.property(list, list, (a, b) => {
        const [there, back] = [compareTimes(a, b), compareTimes(b, a)]
        if (there === undefined || back === undefined) return
        expect(there.t).toBe(-back.t === 0 ? 0 : -back.t)
        expect(Number.isFinite(there.difference) && Number.isFinite(there.error)).toBe(true)
      }),
      { seed: 5, numRuns: 300 },
    )
  })
})
