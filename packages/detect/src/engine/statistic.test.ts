import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  addNumber,
  addToSum,
  createSlidingSum,
  createStatistic,
  EXACT,
  mean,
  percentileOf,
  slidingSumBytes,
  statisticBytes,
  STATISTIC_ERROR,
  sumOf,
  type Statistic,
} from './statistic.js'

const filled = (numbers: readonly number[]): Statistic => {
  const statistic = createStatistic(true)
  for (const number of numbers) addNumber(statistic, number)
  return statistic
}
const nearestRank = (numbers: readonly number[], percentile: number): number =>
  numbers.toSorted((a, b) => a - b)[Math.max(1, Math.ceil((percentile / 100) * numbers.length)) - 1] ?? 0

describe('numbers of one window', () => {
  it('have a mean and exact percentiles while they are few', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { minLength: 1, maxLength: EXACT }),
        fc.integer({ min: 0, max: 100 }),
        (numbers, percentile) => {
          const statistic = filled(numbers)
          expect(percentileOf(statistic, percentile)).toBe(nearestRank(numbers, percentile))
          expect(mean(statistic)).toBeCloseTo(numbers.reduce((sum, number) => sum + number, 0) / numbers.length, 3)
        },
      ),
      { seed: 6 },
    )
  })

  it('have percentiles within the stated error when they are many', () => {
    fc.assert(
      fc.property(
        fc.array(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: EXACT + 1, maxLength: EXACT * 4 }),
        fc.integer({ min: 0, max: 100 }),
        (numbers, percentile) => {
          const statistic = filled(numbers)
          expect(statistic.exact).toBeUndefined()
          const wanted = nearestRank(numbers, percentile)
          expect(Math.abs(percentileOf(statistic, percentile) - wanted)).toBeLessThanOrEqual(
            Math.abs(wanted) * STATISTIC_ERROR * 1.000001 + 1e-6,
          )
        },
      ),
      { seed: 6, numRuns: 60 },
    )
  })

  it('take bounded memory, whatever an attacker writes', () => {
    const statistic = createStatistic(true)
    for (let i = 0; i < 60_000; i++) addNumber(statistic, (i % 2 === 0 ? 1 : -1) * 10 ** ((i % 600) - 300))
    expect(Object.keys(statistic.bins ?? {}).length).toBeLessThan(4_400)
    expect(statisticBytes(statistic)).toBeLessThan(200_000)
  })

  it('go on as they were after they were written as JSON', () => {
    const half = filled(Array.from({ length: 300 }, (_, i) => i))
    const back = JSON.parse(JSON.stringify(half)) as Statistic
    for (const statistic of [half, back]) addNumber(statistic, 1_000)
    expect(back).toEqual(half)
  })

  it('keep no numbers where nobody asks for percentiles', () => {
    const statistic = createStatistic(false)
    for (let i = 0; i < 1_000; i++) addNumber(statistic, 2)
    expect(statistic).toEqual({ count: 1_000, sum: 2_000 })
    expect(mean(createStatistic(false))).toBe(0)
    expect(percentileOf(createStatistic(true), 50)).toBe(0)
  })
})

describe('a sum over a sliding window', () => {
  const SPAN = 60_000

  it('is that of a plain list while there are few numbers', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 5_000 }), fc.integer({ min: -1_000, max: 1_000 })), { maxLength: 100 }),
        (steps) => {
          const window = createSlidingSum()
          const all: [number, number][] = []
          let now = 0
          for (const [step, value] of steps) {
            now += step
            all.push([now, value])
            addToSum(window, now, value, now, SPAN)
            const within = all.filter(([time]) => time > now - SPAN)
            expect(sumOf(window)).toEqual({ sum: within.reduce((sum, [, one]) => sum + one, 0), first: within[0]?.[0] })
          }
        },
      ),
      { seed: 6 },
    )
  })

  it('counts at most a sixtieth of the timespan too much when there are many', () => {
    const window = createSlidingSum()
    for (let i = 0; i < 5_000; i++) {
      const now = i * 100
      addToSum(window, now, 1, now, SPAN)
      const exact = Math.min(i + 1, SPAN / 100)
      const { sum } = sumOf(window)
      expect(sum).toBeGreaterThanOrEqual(exact)
      expect(sum).toBeLessThanOrEqual(exact + SPAN / 60 / 100)
    }
    expect(slidingSumBytes(window)).toBeLessThan(5_000)
  })

  it('takes a number that comes a little late where it belongs', () => {
    const window = createSlidingSum()
    addToSum(window, 10_000, 1, 10_000, SPAN)
    addToSum(window, 5_000, 2, 10_000, SPAN)
    expect(window.list).toEqual([
      [5_000, 2],
      [10_000, 1],
    ])
    addToSum(window, 66_000, 4, 66_000, SPAN)
    expect(sumOf(window)).toEqual({ sum: 5, first: 10_000 })
  })
})
