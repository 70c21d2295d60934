import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createCells } from './cells.js'

/** The table by key, as a limiter uses it: find, then set or add. */
const open = (maxKeys: number, spared: number) => {
  const cells = createCells<string>(maxKeys, spared)
  return {
    cells,
    read: (key: string): number => {
      const slot = cells.find(key)
      return slot < 0 ? -Infinity : cells.arrivalAt(slot)
    },
    state: (key: string): string | undefined => cells.stateAt(cells.find(key)),
    write: (key: string, arrival: number, now: number): boolean => {
      const slot = cells.find(key)
      if (slot < 0) return cells.add(key, arrival, now, key)
      cells.set(slot, arrival)
      return true
    },
    remove: cells.remove,
    get size() {
      return cells.size
    },
    get evicted() {
      return cells.evicted
    },
  }
}

describe('the table of a policy', () => {
  it('gives back what was written, and nothing for what was not', () => {
    const cells = open(10, 100)
    expect(cells.write('a', 5, 0)).toBe(true)
    expect(cells.read('a')).toBe(5)
    expect(cells.read('b')).toBe(-Infinity)
    cells.write('a', 7, 0)
    expect([cells.read('a'), cells.size]).toEqual([7, 1])
  })

  it('forgets a key and keeps the one that takes its place', () => {
    const cells = open(10, 100)
    for (const [i, key] of ['a', 'b', 'c'].entries()) cells.write(key, i + 1, 0)
    cells.remove('a')
    cells.remove('a')
    expect(['a', 'b', 'c'].map((key) => cells.read(key))).toEqual([-Infinity, 2, 3])
    expect(cells.size).toBe(2)
  })

  it('makes room with a key whose time has passed before any other', () => {
    const cells = open(3, 100)
    cells.write('busy', 190, 100)
    cells.write('over', 90, 100)
    cells.write('half', 150, 100)
    expect(cells.write('new', 110, 100)).toBe(true)
    expect(cells.read('over')).toBe(-Infinity)
    expect([cells.read('busy'), cells.read('half')]).toEqual([190, 150])
    expect(cells.evicted).toBe(0)
  })

  it('then with the one that has used least', () => {
    const cells = open(3, 100)
    for (const [key, arrival] of [
      ['a', 190],
      ['b', 110],
      ['c', 150],
    ] as const)
      cells.write(key, arrival, 100)
    expect(cells.write('new', 120, 100)).toBe(true)
    expect(cells.read('b')).toBe(-Infinity)
    expect(cells.evicted).toBe(1)
  })

  it('never with one that has nothing left: the newcomer is not taken in', () => {
    const cells = open(2, 100)
    cells.write('a', 200, 100)
    cells.write('b', 200, 100)
    expect(cells.write('new', 110, 100)).toBe(false)
    expect([cells.read('a'), cells.read('b'), cells.read('new')]).toEqual([200, 200, -Infinity])
    expect(cells.write('a', 200, 100)).toBe(true)
  })

  it('takes an arrival beyond any allowance for a clock that was set back', () => {
    const cells = open(1, 100)
    cells.write('future', 1_000_000, 999_950)
    expect(cells.write('new', 110, 100)).toBe(true)
    expect(cells.read('future')).toBe(-Infinity)
  })

  it('stays within its bound and agrees with a plain map on every key that it holds', () => {
    const step = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'),
      ahead: fc.integer({ min: 0, max: 100 }),
      gap: fc.integer({ min: 0, max: 40 }),
      remove: fc.boolean(),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 150 }), fc.integer({ min: 1, max: 6 }), (steps, bound) => {
        const cells = open(bound, 100)
        const model = new Map<string, number>()
        let now = 0
        for (const { key, ahead, gap, remove } of steps) {
          now += gap
          const exhausted = [...model].filter(([other, arrival]) => arrival === now + 100 && cells.read(other) === arrival)
          if (remove) {
            cells.remove(key)
            model.delete(key)
          } else if (cells.write(key, now + ahead, now)) model.set(key, now + ahead)
          expect(cells.size).toBeLessThanOrEqual(bound)
          for (const other of model.keys()) {
            expect([-Infinity, model.get(other)]).toContain(cells.read(other))
            // what else is kept of a key moves with it
            expect(cells.state(other)).toBe(cells.read(other) === -Infinity ? undefined : other)
          }
          // whoever has nothing left is still there, unless he was just written or removed
          for (const [other, arrival] of exhausted) expect(other === key || cells.read(other) === arrival).toBe(true)
        }
      }),
    )
  })
})
