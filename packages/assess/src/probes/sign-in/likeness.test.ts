import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compareSeries } from './likeness.js'

describe('two series of answers', () => {
  const table: readonly (readonly [string, string, string, ReturnType<typeof compareSeries>])[] = [
    ['the same all along', 'aaaa', 'aaaa', { kind: 'alike', answers: 4 }],
    ['the same, with a lock on both sides', 'aabb', 'aabb', { kind: 'alike', answers: 4 }],
    ['different from the start', 'aaaa', 'bbbb', { kind: 'different', from: 0, known: 'a', unknown: 'b' }],
    ['a lock for the name that exists only', 'aaaaal', 'aaaaaa', { kind: 'unsteady', at: 5 }],
    ['that lock seen twice', 'aaaaall', 'aaaaaaa', { kind: 'different', from: 5, known: 'l', unknown: 'a' }],
    ['a difference that held twice and ended', 'aaccaa', 'aaaaaa', { kind: 'different', from: 2, known: 'c', unknown: 'a' }],
    ['a single odd answer', 'abaa', 'aaaa', { kind: 'unsteady', at: 1 }],
    ['answers that change each time', 'abcd', 'efgh', { kind: 'unsteady', at: 0 }],
    ['one side that counts down beside one that never changes', 'abcd', 'xxxx', { kind: 'different', from: 0, known: 'a', unknown: 'x' }],
    ['one side that changes, and is like the other at times', 'abxd', 'xxxx', { kind: 'unsteady', at: 0 }],
    ['three answers of such', 'abc', 'xxx', { kind: 'unsteady', at: 0 }],
    ['one answer', 'a', 'b', { kind: 'too-few' }],
    ['lists that are cut short', 'aaaa', 'aa', { kind: 'alike', answers: 2 }],
  ]
  it.each(table)('%s', (_what, known, unknown, expected) => {
    expect(compareSeries(known.split(''), unknown.split(''))).toEqual(expected)
  })

  it('never finds a difference between a series and itself, and finds the same one whichever side it stands on', () => {
    const series = fc.array(fc.constantFrom('a', 'b', 'c'), { maxLength: 9 })
    fc.assert(
      fc.property(series, series, (one, other) => {
        expect(['alike', 'too-few']).toContain(compareSeries(one, one).kind)
        expect(compareSeries(one, other).kind).toBe(compareSeries(other, one).kind)
      }),
      { seed: 5, numRuns: 500 },
    )
  })

  it('never says different of two that agree everywhere but once', () => {
    fc.assert(
      fc.property(fc.array(fc.constantFrom<string>('a', 'b'), { minLength: 2, maxLength: 9 }), fc.nat(8), (series, at) => {
        const other = series.with(at % series.length, 'z')
        expect(compareSeries(series, other).kind).toBe('unsteady')
      }),
      { seed: 5, numRuns: 300 },
    )
  })
})
