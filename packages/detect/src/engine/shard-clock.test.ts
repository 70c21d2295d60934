import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createShardClock, STRIDE, type SavedClock } from './shard-clock.js'
import { createShardClocks } from './shard-clocks.js'

const SECOND = 1_000
const MINUTE = 60_000
const HOUR = 3_600_000
const DAY = 24 * HOUR
const YEAR = 365 * DAY
const SKEW = 26 * HOUR
const T = Date.UTC(2026, 0, 5, 9)
const clockAt = (time: number): ReturnType<typeof createShardClock> => {
  const clock = createShardClock(SKEW)
  clock.see(time)
  return clock
}

describe('the watermark', () => {
  it('follows events in steps, and never goes back for a late one', () => {
    const clock = clockAt(T)
    expect(clock.see(T + 4 * SECOND)).toBe('still')
    expect(clock.see(T + 5 * SECOND)).toBe('on')
    expect(clock.see(T - 50 * SECOND)).toBe('still')
    expect(clock.at()).toBe(T + 5 * SECOND)
  })

  it.each([
    ['a year ahead', YEAR],
    ['years back', -3 * YEAR],
    ['half a day ahead, as a log without a zone may be', 12 * HOUR],
  ])('is not moved by a source that is %s while others speak', (_, off) => {
    const clock = clockAt(T)
    for (let i = 1; i <= 1_000; i++) {
      // two of three events are of the source with the wrong clock
      clock.see(i % 3 === 0 ? T + i * SECOND : T + off + i * SECOND)
      expect(Math.abs(clock.at() - (T + i * SECOND))).toBeLessThan(20 * SECOND)
    }
  })

  it('holds against bursts of fifteen events once it was seen that sources contradict each other', () => {
    const clock = clockAt(T)
    for (const time of [T + YEAR, T + SECOND]) clock.see(time)
    for (let i = 1; i <= 1_000; i++) {
      clock.see(i % 16 === 0 ? T + i * SECOND : T + YEAR + i * SECOND)
      expect(Math.abs(clock.at() - (T + i * SECOND))).toBeLessThan(60 * SECOND)
    }
  })

  it('moves by at most an hour for one event, and further only to the nearest of three in a row on one side', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -2 * YEAR, max: 2 * YEAR }), { maxLength: 60 }), (offsets) => {
        const clock = clockAt(T)
        const times = [T]
        for (const offset of offsets) {
          const before = clock.at()
          times.push(T + offset)
          clock.see(T + offset)
          if (Math.abs(clock.at() - before) <= HOUR) continue
          const row = times.slice(-3)
          const ahead = clock.at() > before
          expect(row.every((time) => time > before === ahead)).toBe(true)
          expect(Math.abs(clock.at() - before)).toBeLessThanOrEqual(Math.min(...row.map((time) => Math.abs(time - before))))
        }
      }),
      { numRuns: 300 },
    )
  })

  it('crosses a gap in the log with the third event behind it, on and back', () => {
    const clock = clockAt(T)
    expect([0, 1, 2].map((i) => clock.see(T + 3 * DAY + i * SECOND))).toEqual(['still', 'still', 'on'])
    expect(clock.at()).toBe(T + 3 * DAY)
    expect([0, 1, 2].map((i) => clock.see(T + i * SECOND))).toEqual(['still', 'still', 'back'])
    expect(clock.at()).toBe(T + 2 * SECOND)
  })

  it('follows a log with one event a fortnight, all on one line', () => {
    const clock = clockAt(T)
    for (let i = 1; i < 50; i++) {
      clock.see(T + i * 14 * DAY)
      expect(clock.line(T + i * 14 * DAY)).toBe(0)
      expect(clock.at()).toBeGreaterThanOrEqual(T + (i - 4) * 14 * DAY)
    }
  })

  it('keeps what is days away on a line of its own while sources contradict each other, also when the watermark changes over', () => {
    const clock = clockAt(T)
    expect(clock.line(T + YEAR)).toBe(0)
    for (const time of [T + YEAR, T + SECOND]) clock.see(time)
    expect(clock.line(T + HOUR)).toBe(0)
    expect(clock.line(T - 14 * HOUR)).toBe(0)
    for (let i = 0; i < 40; i++) {
      expect(clock.line(T + YEAR + i)).toBe(1)
      expect(clock.line(T + 2 * SECOND)).toBe(0)
      clock.see(T + YEAR + i)
    }
    expect(clock.at()).toBe(T + YEAR)
  })

  it('forgets the contradiction a day later', () => {
    const clock = clockAt(T)
    for (const time of [T + YEAR, T + SECOND]) clock.see(time)
    expect(clock.line(T + YEAR)).toBe(1)
    for (let i = 0; i <= 50; i++) clock.see(T + SECOND + (i * HOUR) / 2)
    expect(clock.line(T + YEAR)).toBe(0)
  })

  it('knows a group that was led astray from one that is merely ahead of a late event', () => {
    const clock = clockAt(T)
    expect(clock.isAstray(T + YEAR, T + SECOND)).toBe(true)
    expect(clock.isAstray(T + HOUR, T + SECOND)).toBe(false)
    expect(clock.isAstray(T + YEAR, T + YEAR - HOUR)).toBe(false)
  })

  it('goes on from what was stored as if nothing had been, wherever it is cut', () => {
    const offsets = fc.array(fc.oneof(fc.integer({ min: 0, max: 20_000 }), fc.integer({ min: YEAR, max: YEAR + 5_000 })), { maxLength: 80 })
    fc.assert(
      fc.property(offsets, fc.nat(80), (list, cut) => {
        const whole = createShardClock(SKEW)
        let cutUp = createShardClock(SKEW)
        let stored: SavedClock | undefined
        for (const [i, offset] of list.entries()) {
          whole.see(T + offset)
          cutUp.see(T + offset)
          stored = cutUp.changed() ?? stored
          if (i === cut) cutUp = createShardClock(SKEW, JSON.parse(JSON.stringify(stored)) as SavedClock)
          expect(cutUp.at()).toBe(whole.at())
          expect(cutUp.elapsed()).toBe(whole.elapsed())
          expect(cutUp.line(T + offset)).toBe(whole.line(T + offset))
        }
      }),
    )
  })

  it('counts what has elapsed with the events of a steady source, to the second', () => {
    const clock = clockAt(T)
    for (let i = 1; i <= 1_000; i++) clock.see(T + i * 10 * SECOND)
    expect(clock.elapsed()).toBe(T + 10_000 * SECOND)
  })

  it('counts no time for one clock that is wrong, nor for one that becomes right, nor for logs of two zones after one another', () => {
    const clock = clockAt(T)
    for (const off of [0, 12, 0, -11, 12, 14].map((hours) => hours * HOUR)) for (let i = 0; i < 20; i++) clock.see(T + off + i * SECOND)
    expect(clock.at()).toBeGreaterThan(T + 12 * HOUR)
    expect(clock.elapsed()).toBeLessThan(T + 10 * MINUTE)
  })

  it('lets what has elapsed never go back, and no event move it by more than a stride', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -2 * YEAR, max: 2 * YEAR }), { maxLength: 60 }), (offsets) => {
        const clock = clockAt(T)
        for (const offset of offsets) {
          const before = clock.elapsed()
          clock.see(T + offset)
          expect(clock.elapsed()).toBeGreaterThanOrEqual(before)
          expect(clock.elapsed() - before).toBeLessThanOrEqual(STRIDE)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('goes on from a store that kept no such time', () => {
    const clock = createShardClock(SKEW, { at: T, line: 0, away: 0, nearest: 0, disputed: 0 })
    clock.see(T + MINUTE)
    expect(clock.elapsed()).toBe(T + MINUTE)
  })

  it('is stored only when it changed', () => {
    const clock = createShardClock(SKEW)
    expect(clock.saved()).toBeUndefined()
    expect(clock.changed()).toBeUndefined()
    clock.see(T)
    expect(clock.changed()).toEqual({ at: T, elapsed: T, line: 0, away: 0, nearest: 0, disputed: 0 })
    clock.see(T + SECOND)
    expect(clock.changed()).toBeUndefined()
    expect(clock.saved()).toBeDefined()
  })
})

describe('the clocks of an engine', () => {
  it('are one clock for parts that have seen the same, and apart for those that have not', () => {
    const clocks = createShardClocks(new Set([1, 2, 3]), SKEW)
    clocks.see(T, () => {})
    const saved = clocks.saved()
    expect(saved.map(({ shard }) => shard)).toEqual([1, 2, 3])
    const later = createShardClocks(new Set([1, 2, 3]), SKEW)
    later.restore([
      ...saved.filter(({ shard }) => shard !== 2),
      { shard: 2, saved: { at: T - HOUR / 2, line: 0, away: 0, nearest: 0, disputed: 0 } },
    ])
    expect(later.of(1)).toBe(later.of(3))
    expect(later.of(2).at()).toBe(T - HOUR / 2)
    const moved: number[][] = []
    later.see(T + 2 * SECOND, (marks) => moved.push([marks.furthest, ...[1, 2, 3].map(marks.of)]))
    expect(moved).toEqual([[T + 2 * SECOND, T, T + 2 * SECOND, T]])
  })

  it('say that waiting is over in parts whose time went back', () => {
    const clocks = createShardClocks(new Set([4]), SKEW)
    clocks.see(T, () => {})
    const told: number[][] = []
    for (let i = 0; i < 3; i++) clocks.see(T - DAY + i, (marks) => told.push([marks.furthest, marks.of(4)]))
    expect(told).toEqual([[Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY]])
  })
})
