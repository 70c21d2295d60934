import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { TemporalTerm } from '../sigma/rule.js'
import { findWindow, latestStarts, MATCHES, noteMatch, type Match, type Steps } from './temporal-windows.js'

const SPAN = 100
const matchesOf = (...list: [number, number][]): Match[] => list.map(([time, place], i) => [time, place, i + 1])
const found = (list: Match[], terms: TemporalTerm[], ordered = false, start = list[0]?.[0] ?? 0): number | undefined =>
  findWindow(list, start, SPAN, terms, undefined, ordered)

describe('a timespan of matches', () => {
  const both: TemporalTerm[] = [{ wants: [0, 1], lacks: [] }]
  const without: TemporalTerm[] = [{ wants: [0, 1], lacks: [2] }]

  it.each<[string, [number, number][], TemporalTerm[], boolean, number | undefined]>([
    [
      'holds what is wanted',
      [
        [0, 0],
        [50, 1],
      ],
      both,
      false,
      2,
    ],
    [
      'ends before its end',
      [
        [0, 0],
        [100, 1],
      ],
      both,
      false,
      undefined,
    ],
    [
      'does not hold what must be missing',
      [
        [0, 0],
        [50, 1],
        [60, 2],
      ],
      without,
      false,
      undefined,
    ],
    [
      'is true of what comes after it',
      [
        [0, 0],
        [50, 1],
        [100, 2],
      ],
      without,
      false,
      2,
    ],
    [
      'in the other order',
      [
        [0, 1],
        [50, 0],
      ],
      both,
      true,
      undefined,
    ],
    [
      'in order',
      [
        [0, 0],
        [50, 1],
      ],
      both,
      true,
      2,
    ],
    [
      'has alternatives',
      [[0, 2]],
      [
        { wants: [0, 1], lacks: [] },
        { wants: [2], lacks: [] },
      ],
      false,
      1,
    ],
    ['may want nothing but that something is missing', [[0, 0]], [{ wants: [], lacks: [2] }], false, 1],
  ])('%s', (_, list, terms, ordered, expected) => {
    expect(found(matchesOf(...list), terms, ordered)).toBe(expected)
  })

  it('does not hold when what must be missing came in the timespan before', () => {
    const list = matchesOf([0, 2], [50, 0], [60, 1])
    expect(found(list, without, false, 50)).toBeUndefined()
    expect(found(list.slice(1), without, false, 50)).toBe(2)
  })

  it('takes no event for two steps', () => {
    // one event matches both rules: the later step is told first
    const one: Match[] = [
      [0, 1, 1],
      [0, 0, 1],
    ]
    expect(found(one, both, true)).toBeUndefined()
    expect(found([...one, [10, 1, 2], [10, 0, 2]], both, true)).toBe(4)
  })

  it('counts different rules where the condition is a number', () => {
    const list = matchesOf([0, 0], [10, 0], [20, 2])
    expect(findWindow(list, 0, SPAN, [], (rules) => rules === 2, false)).toBe(3)
    expect(findWindow(list, 0, SPAN, [], (rules) => rules === 3, false)).toBeUndefined()
    expect(findWindow([], 0, SPAN, [], () => true, false)).toBeUndefined()
  })

  it('keeps matches in order of time, and no more than it may', () => {
    const list: Match[] = []
    noteMatch(list, [5, 0, 'b'])
    noteMatch(list, [3, 1, 'a'])
    noteMatch(list, [5, 2, 'c'])
    expect(list.map(([, , ref]) => ref)).toEqual(['a', 'b', 'c'])
    for (let i = 0; i < MATCHES * 2; i++) noteMatch(list, [10 + i, 0, i])
    expect(list).toHaveLength(MATCHES)
    expect(list[0]?.[2]).toBe(MATCHES)
  })
})

describe('a condition without not', () => {
  const terms: TemporalTerm[] = [
    { wants: [0, 1], lacks: [] },
    { wants: [1, 2], lacks: [] },
  ]
  const createSteps = (): Steps => ({ latest: [null, null, null], chains: terms.map((term) => term.wants.map(() => null)) })
  const events = fc.array(fc.tuple(fc.integer({ min: 0, max: 60 }), fc.integer({ min: 0, max: 2 })), { maxLength: 40 })

  it('holds exactly when some alternative matched within a timespan that ends now', () => {
    fc.assert(
      fc.property(events, (list) => {
        const steps = createSteps()
        const seen: [number, number][] = []
        let now = 0
        for (const [step, place] of list) {
          now += step
          seen.push([now, place])
          const start = latestStarts(steps, terms, place, now, SPAN, false, undefined)
          const holds = terms.some(
            ({ wants }) => wants.includes(place) && wants.every((one) => seen.some(([time, other]) => other === one && time > now - SPAN)),
          )
          expect(start !== undefined).toBe(holds)
        }
      }),
      { seed: 6 },
    )
  })

  it('in order, holds exactly when the first step came before the second within a timespan', () => {
    fc.assert(
      fc.property(events, (list) => {
        const steps = createSteps()
        const seen: [number, number][] = []
        let now = 0
        for (const [step, place] of list) {
          now += step
          const start = latestStarts(steps, terms, place, now, SPAN, true, undefined)
          const holds = terms.some(
            ({ wants: [first, second] }) => second === place && seen.some(([time, other]) => other === first && now - time < SPAN),
          )
          expect(start !== undefined).toBe(holds)
          seen.push([now, place])
        }
      }),
      { seed: 6 },
    )
  })

  it('counts different rules in the newest timespan', () => {
    const steps = createSteps()
    expect(latestStarts(steps, [], 0, 0, SPAN, false, 2)).toBeUndefined()
    expect(latestStarts(steps, [], 0, 10, SPAN, false, 2)).toBeUndefined()
    expect(latestStarts(steps, [], 2, 50, SPAN, false, 2)).toBe(10)
    expect(latestStarts(steps, [], 1, 155, SPAN, false, 2)).toBeUndefined()
  })
})
