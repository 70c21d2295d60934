import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { advanceChain } from './chain.js'
import { addToBuckets, countBuckets, createBuckets } from './count-buckets.js'
import { addDistinct, countDistinct, createDistinctWindow, loadDistinct, removeDistinct, saveDistinct } from './distinct-window.js'
import { createGroupState } from './group-state.js'
import { addToSketch, createSketch, createUnion, estimateUnion } from './hyperloglog.js'
import { addRecent, dropBefore, firstAfter } from './recent.js'
import { createThreshold } from './threshold.js'

const times = fc.array(fc.integer({ min: 0, max: 10_000 }), { minLength: 1, maxLength: 200 })

describe('count buckets', () => {
  it('never count less than there is, and at most one sixtieth of the span more', () => {
    fc.assert(
      fc.property(times, (list) => {
        const sorted = list.toSorted((a, b) => a - b)
        const span = 3_000
        const buckets = createBuckets()
        for (const [i, time] of sorted.entries()) {
          addToBuckets(buckets, time, i, span)
          const seen = sorted.slice(0, i + 1)
          const count = countBuckets(buckets, time, span)
          expect(count).toBeGreaterThanOrEqual(seen.filter((at) => at > time - span).length)
          expect(count).toBeLessThanOrEqual(seen.filter((at) => at > time - span - span / 60).length)
        }
      }),
    )
  })

  it('put a late event into its own bucket', () => {
    const buckets = createBuckets()
    for (const time of [0, 6_000, 1_000]) addToBuckets(buckets, time, time, 60_000)
    expect(buckets.list.map((item) => item.first)).toEqual([0, 1_000, 6_000])
    expect(countBuckets(buckets, 61_500, 60_000)).toBe(2)
  })

  it('hold at most about sixty buckets', () => {
    const buckets = createBuckets()
    for (let time = 0; time < 100_000; time += 3) {
      addToBuckets(buckets, time, time, 1_000)
      countBuckets(buckets, time, 1_000)
    }
    expect(buckets.list.length).toBeLessThanOrEqual(61)
  })
})

describe('distinct values', () => {
  it('are exact below the cap', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 300 })), { maxLength: 100 }), (steps) => {
        const window = createDistinctWindow()
        const last = new Map<number, number>()
        let now = 0
        for (const [value, gap] of steps) {
          now += gap
          addDistinct(window, String(value), now, 1_000, 64)
          last.set(value, now)
          expect(countDistinct(window, now, 1_000)).toBe([...last.values()].filter((at) => at > now - 1_000).length)
        }
      }),
    )
  })

  it('are estimated within a tenth above the cap, and exact again once they are gone', () => {
    const window = createDistinctWindow()
    for (let i = 0; i < 20_000; i++) addDistinct(window, `user${i}`, 1_000 + (i % 100), 10_000, 256)
    const count = countDistinct(window, 1_100, 10_000)
    expect(window.exact).toBeUndefined()
    expect(Math.abs(count - 20_000)).toBeLessThan(2_000)
    expect(countDistinct(window, 60_000, 10_000)).toBe(0)
    expect(window.exact).toBeDefined()
  })

  it('survive being written and read, exact or estimated', () => {
    for (const amount of [10, 1_000]) {
      const window = createDistinctWindow()
      for (let i = 0; i < amount; i++) addDistinct(window, `v${i}`, i, 100_000, 128)
      const again = loadDistinct(JSON.parse(JSON.stringify(saveDistinct(window))) as Parameters<typeof loadDistinct>[0])
      expect(countDistinct(again, amount, 100_000)).toBe(countDistinct(window, amount, 100_000))
      expect(saveDistinct(again)).toEqual(saveDistinct(window))
    }
  })

  it('can be taken out while exact', () => {
    const window = createDistinctWindow()
    addDistinct(window, 'a', 1, 100, 10)
    addDistinct(window, 'b', 2, 100, 10)
    removeDistinct(window, 'a')
    expect(countDistinct(window, 3, 100)).toBe(1)
  })
})

describe('sketches', () => {
  it.each([0, 1, 10, 100, 1_000, 10_000, 100_000])('estimate %i values within a tenth', (amount) => {
    const sketch = createSketch()
    for (let i = 0; i < amount; i++) addToSketch(sketch, `value-${i}`)
    expect(Math.abs(estimateUnion(createUnion([sketch])) - amount)).toBeLessThanOrEqual(amount / 10 + 1)
  })

  it('count a value that stands in several once', () => {
    const [a, b] = [createSketch(), createSketch()]
    for (let i = 0; i < 500; i++) for (const sketch of [a, b]) addToSketch(sketch, `value-${i}`)
    expect(estimateUnion(createUnion([a, b]))).toBe(estimateUnion(createUnion([a])))
  })
})

describe('a union of sketches', () => {
  it('that is kept up to date is exactly the one that is made anew, whatever is added', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 5_000 })), { maxLength: 400 }), (list) => {
        const sketches = [createSketch(), createSketch(), createSketch()]
        const union = createUnion(sketches)
        for (const [which, value] of list) addToSketch(sketches[which] as Uint8Array, `v${value}`, union)
        expect(union).toEqual(createUnion(sketches))
      }),
    )
  })
})

describe('the newest events of a group', () => {
  it('stay in order and at most a hundred, whatever the order of arrival', () => {
    fc.assert(
      fc.property(times, (list) => {
        const state = createGroupState('k', [])
        for (const [i, time] of list.entries()) addRecent(state, time, i, `a${i}`)
        expect(state.times).toEqual(state.times.toSorted((a, b) => a - b))
        expect(state.times.length).toBe(Math.min(100, list.length))
        for (const [i, ref] of state.refs.entries()) {
          expect(list[Number(ref)]).toBe(state.times[i])
          expect(state.addresses[i]).toBe(`a${String(ref)}`)
        }
      }),
    )
  })

  it('are dropped and found by time', () => {
    const state = createGroupState('k', [])
    for (const time of [1, 5, 5, 9]) addRecent(state, time, time, undefined)
    expect(firstAfter(state, 0)).toBe(0)
    expect(firstAfter(state, 5)).toBe(3)
    expect(firstAfter(state, 9)).toBe(4)
    dropBefore(state, 5)
    expect(state.times).toEqual([9])
  })
})

describe('sequences', () => {
  /** Some choice of events, one a stage, in order and within the span. */
  const exists = (events: readonly (readonly [number, number])[], stages: number, span: number): boolean => {
    const search = (stage: number, from: number, start: number): boolean => {
      if (stage === stages) return true
      for (let i = from; i < events.length; i++) {
        const [place, time] = events[i] as readonly [number, number]
        if (place !== stage) continue
        const first = stage === 0 ? time : start
        if (time - first < span && search(stage + 1, i + 1, first)) return true
      }
      return false
    }
    return search(0, 0, 0)
  }

  it('are found exactly when some choice of events makes one', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), fc.integer({ min: 0, max: 40 })), { maxLength: 14 })
    fc.assert(
      fc.property(steps, (list) => {
        let now = 0
        const events = list.map(([place, gap]): [number, number] => [place, (now += gap)])
        const state = createGroupState('k', [])
        let found = false
        for (const [place, time] of events) if (advanceChain(state, place, 3, time, 60, true) !== undefined) found = true
        expect(found).toBe(exists(events, 3, 60))
      }),
      { numRuns: 1_000 },
    )
  })

  it('in any order need all within the span', () => {
    const state = createGroupState('k', [])
    expect(advanceChain(state, 1, 2, 100, 50, false)).toBeUndefined()
    expect(advanceChain(state, 0, 2, 160, 50, false)).toBeUndefined()
    expect(advanceChain(state, 1, 2, 170, 50, false)).toBe(160)
  })
})

describe('thresholds', () => {
  it.each([
    [[{ op: 'gte', value: 5 }], 5],
    [[{ op: 'gt', value: 5 }], 6],
    [[{ op: 'gte', value: 0 }], 1],
    [
      [
        { op: 'gt', value: 5 },
        { op: 'gte', value: 9 },
      ],
      9,
    ],
    [[{ op: 'lt', value: 5 }], undefined],
    [[{ op: 'eq', value: 5 }], undefined],
    [
      [
        { op: 'gte', value: 5 },
        { op: 'lte', value: 9 },
      ],
      undefined,
    ],
  ] as const)('%j fires at once at %j', (bounds, least) => {
    expect(createThreshold(bounds).least).toBe(least)
  })

  it('hold when all bounds do', () => {
    const { holds } = createThreshold([
      { op: 'gte', value: 2 },
      { op: 'neq', value: 3 },
      { op: 'lt', value: 5 },
    ])
    expect([1, 2, 3, 4, 5].map(holds)).toEqual([false, true, false, true, false])
    expect(createThreshold([{ op: 'lte', value: 2 }]).holds(2)).toBe(true)
    expect(createThreshold([{ op: 'eq', value: 2 }]).holds(3)).toBe(false)
  })
})
