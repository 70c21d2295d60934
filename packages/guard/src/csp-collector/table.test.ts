import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createViolationTable } from './table.js'
import type { CspReport } from './types.js'
import type { Violation } from './violation.js'

fc.configureGlobal({ seed: 20_261_122 })

const violation = (over: Partial<Violation> = {}): Violation => ({
  document: 'https://app.example/',
  directive: 'img-src',
  blocked: 'https://cdn.example/a.png',
  disposition: 'enforce',
  source: undefined,
  sample: undefined,
  suggestion: undefined,
  ...over,
})

const make = (
  over: { kinds?: number; perWindow?: number } = {},
): { table: ReturnType<typeof createViolationTable>; told: CspReport[][] } => {
  const told: CspReport[][] = []
  const table = createViolationTable({ kinds: 10, perWindow: 5, windowMs: 60_000, report: (reports) => told.push([...reports]), ...over })
  return { table, told }
}

describe('a kind of violation', () => {
  it('is told at once, then once a window with how often it came', () => {
    const { table, told } = make()
    table.add(violation(), 1_000)
    expect(told).toEqual([[{ ...violation(), count: 1, firstAt: 1_000, lastAt: 1_000 }]])
    for (let i = 1; i <= 500; i++) table.add(violation(), 1_000 + i)
    expect(told).toHaveLength(1)
    table.add(violation(), 61_000)
    expect(told[1]).toEqual([{ ...violation(), count: 500, firstAt: 1_000, lastAt: 1_500 }])
    table.tell(61_001, true)
    expect(told[2]).toEqual([{ ...violation(), count: 1, firstAt: 1_000, lastAt: 61_000 }])
  })

  it('is what was stopped, where and how; not the page nor the sample', () => {
    const { table } = make()
    table.add(violation(), 0)
    table.add(violation({ document: 'https://app.example/other', sample: 'x' }), 0)
    expect(table.size()).toBe(1)
    for (const other of [
      violation({ directive: 'script-src' }),
      violation({ blocked: 'https://cdn.example/b.png' }),
      violation({ disposition: 'report' }),
      violation({ source: 'https://app.example/app.js' }),
    ])
      table.add(other, 0)
    expect(table.size()).toBe(5)
  })

  it('cannot be made to look like another by what it holds', () => {
    const { table } = make()
    table.add(violation({ blocked: 'a","enforce', source: 'b' }), 0)
    table.add(violation({ blocked: 'a', source: 'enforce","b' }), 0)
    table.add(violation({ blocked: '__proto__' }), 0)
    expect(table.size()).toBe(3)
  })
})

describe('the bounds', () => {
  it('let no more kinds in than there is room for, and go on counting those that are in', () => {
    const { table } = make({ kinds: 3, perWindow: 100 })
    const added = Array.from({ length: 10 }, (_, i) => table.add(violation({ blocked: `https://x${i}.example` }), 0))
    expect(added).toEqual([true, true, true, ...Array.from({ length: 7 }, () => false)])
    expect(table.add(violation({ blocked: 'https://x1.example' }), 0)).toBe(true)
    expect(table.size()).toBe(3)
  })

  it('tell no more in a window than its share, the most frequent first, and forget nothing', () => {
    const { table, told } = make({ kinds: 100, perWindow: 5 })
    for (let kind = 0; kind < 20; kind++) for (let i = 0; i <= kind; i++) table.add(violation({ blocked: `https://x${kind}.example` }), 0)
    expect(told.flat()).toHaveLength(5)
    table.tell(60_000)
    expect(told.at(-1)?.map(({ blocked }) => blocked)).toEqual([19, 18, 17, 16, 15].map((kind) => `https://x${kind}.example`))
    table.tell(60_001)
    expect(told.flat()).toHaveLength(10)
    table.tell(60_002, true)
    const counted = new Map<string, number>()
    for (const { blocked, count } of told.flat()) counted.set(blocked, (counted.get(blocked) ?? 0) + count)
    expect(counted.size).toBe(20)
    for (let kind = 0; kind < 20; kind++) expect(counted.get(`https://x${kind}.example`)).toBe(kind + 1)
  })

  it('make room for new kinds once old ones have not come back for a window', () => {
    const { table } = make({ kinds: 4, perWindow: 100 })
    for (let i = 0; i < 4; i++) table.add(violation({ blocked: `https://old${i}.example` }), 0)
    expect(table.add(violation({ blocked: 'https://new.example' }), 1)).toBe(false)
    expect(table.add(violation({ blocked: 'https://new.example' }), 60_000)).toBe(true)
    expect(table.size()).toBe(1)
  })
})

describe('a clock that was set back', () => {
  it('by a day goes on telling and making room', () => {
    const day = 86_400_000
    const { table, told } = make({ kinds: 4, perWindow: 1 })
    for (let i = 0; i < 4; i++) table.add(violation({ blocked: `https://old${i}.example` }), 2 * day)
    expect(told.flat()).toHaveLength(1)
    table.add(violation({ blocked: 'https://old0.example' }), day)
    expect(told.flat()).toHaveLength(2)
    for (let minute = 1; minute < 8; minute++) table.tell(day + minute * 60_000)
    expect(table.add(violation({ blocked: 'https://new.example' }), day + 8 * 60_000)).toBe(true)
  })
})

describe('whatever is added, and whenever', () => {
  it('nothing is lost without saying so, and no bound is broken', () => {
    const step = fc.record({ kind: fc.nat({ max: 30 }), wait: fc.constantFrom(0, 1, 1_000, 59_999, 60_000, 3_600_000) })
    fc.assert(
      fc.property(
        fc.array(step, { maxLength: 200 }),
        fc.integer({ min: 1, max: 20 }),
        fc.integer({ min: 1, max: 10 }),
        (steps, kinds, perWindow) => {
          const { table, told } = make({ kinds, perWindow })
          let [now, added] = [0, 0]
          for (const { kind, wait } of steps) {
            now += wait
            const before = told.flat().length
            if (table.add(violation({ blocked: `https://x${kind}.example` }), now)) added++
            expect(told.flat().length - before).toBeLessThanOrEqual(perWindow)
            expect(table.size()).toBeLessThanOrEqual(kinds)
          }
          table.tell(now, true)
          expect(told.flat().reduce((sum, { count }) => sum + count, 0)).toBe(added)
        },
      ),
    )
  })
})
