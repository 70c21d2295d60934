import { describe, expect, it } from 'vitest'
import { seededRandom } from './index.js'

const PARAPET_BYTES: readonly number[] = [93, 28, 108, 169, 154, 123, 112, 63]

const draws = (seed: string | number, count = 10_000): number[] => {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => random.next())
}

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

describe('seeded randomness', () => {
  it('repeats itself, here and on every machine', () => {
    expect(draws('ssh-42')).toEqual(draws('ssh-42'))
    expect(seededRandom('fixed').integer(0, 1_000_000)).toBe(seededRandom('fixed').integer(0, 1_000_000))
    // written down: a change here changes every generated log and every test that counts in one
    expect(Array.from(seededRandom('parapet').bytes(8))).toEqual(PARAPET_BYTES)
  })

  it('differs for near seeds', () => {
    const streams = [1, 2, 3, '1 ', '01'].map((seed) => draws(seed, 4).join())
    expect(new Set(streams).size).toBe(5)
  })

  it('is spread evenly', () => {
    const values = draws(7)
    expect(mean(values)).toBeCloseTo(0.5, 1)
    for (let tenth = 0; tenth < 10; tenth++) {
      const share = values.filter((value) => Math.floor(value * 10) === tenth).length / values.length
      expect(share).toBeGreaterThan(0.08)
      expect(share).toBeLessThan(0.12)
    }
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0)
    expect(Math.max(...values)).toBeLessThan(1)
  })

  it('gives whole numbers from the first to below the last', () => {
    const random = seededRandom(1)
    expect(new Set(Array.from({ length: 500 }, () => random.integer(3, 7)))).toEqual(new Set([3, 4, 5, 6]))
  })

  it('gives waiting times with the mean asked for', () => {
    const random = seededRandom(2)
    const times = Array.from({ length: 20_000 }, () => random.exponential(900))
    expect(mean(times) / 900).toBeCloseTo(1, 1)
    expect(Math.min(...times)).toBeGreaterThanOrEqual(0)
  })

  it('gives numbers between two', () => {
    const random = seededRandom(3)
    const values = Array.from({ length: 1000 }, () => random.uniform(5, 6))
    expect(values.every((value) => value >= 5 && value < 6)).toBe(true)
  })

  it('samples without repeating, and all when asked for more', () => {
    const random = seededRandom(4)
    const items = ['a', 'b', 'c', 'd']
    expect(new Set(random.sample(items, 3)).size).toBe(3)
    expect(random.sample(items, 9).toSorted()).toEqual(items)
    expect(items).toEqual(['a', 'b', 'c', 'd'])
  })

  it('refuses to pick from nothing', () => {
    expect(() => seededRandom(5).pick([])).toThrow(RangeError)
  })

  it('fills bytes', () => {
    const bytes = seededRandom(6).bytes(4000)
    expect(bytes).toHaveLength(4000)
    expect(new Set(bytes).size).toBe(256)
  })
})
