import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createGroupState, loadGroup, saveGroup } from './group-state.js'
import { createGroupTable } from './group-table.js'

const json = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

describe('groups of a rule', () => {
  it('evict the one touched longest ago, as a plain list would', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 80 }), (keys) => {
        const removed: string[] = []
        const table = createGroupTable({ groups: 4, bytes: 1e9 }, (state) => removed.push(state.key))
        let model: string[] = []
        const gone: string[] = []
        for (const [i, n] of keys.entries()) {
          const key = `k${n}`
          const state = table.get(key) ?? createGroupState(key, [])
          state.latest = i
          table.touch(state, i + 1)
          table.trim(Number.NEGATIVE_INFINITY)
          model = [...model.filter((item) => item !== key), key]
          while (model.length > 4) gone.push(model.shift() as string)
          expect(table.size()).toBe(model.length)
        }
        expect(removed).toEqual(gone)
        for (const key of model) expect(table.get(key)?.key).toBe(key)
      }),
    )
  })

  it('keep within their bytes, and know them to the byte after any history', () => {
    const table = createGroupTable({ groups: 1_000, bytes: 20_000 })
    for (let i = 0; i < 500; i++) {
      const key = `key-${i % 90}`
      const state = table.get(key) ?? createGroupState(key, [])
      state.times.push(i)
      state.refs.push(i)
      table.touch(state, i + 1)
      table.trim(Number.NEGATIVE_INFINITY)
      expect(table.bytes()).toBeLessThanOrEqual(20_000)
    }
    let sum = 0
    for (const state of table.states()) sum += state.weight
    expect(table.bytes()).toBe(sum)
  })

  it('forget what is quiet without calling it evicted', () => {
    const table = createGroupTable({ groups: 10, bytes: 1e9 })
    for (const [i, latest] of [10, 20, 30].entries()) {
      const state = createGroupState(`k${i}`, [])
      state.latest = latest
      table.touch(state, i + 1)
    }
    expect(table.trim(25)).toBe(0)
    expect(table.size()).toBe(1)
  })

  it('tell what changed once, and null for what is gone', () => {
    const table = createGroupTable({ groups: 2, bytes: 1e9 })
    const touch = (key: string, order: number): void => {
      table.touch(table.get(key) ?? createGroupState(key, []), order)
      table.trim(Number.NEGATIVE_INFINITY)
    }
    touch('a', 1)
    table.track()
    touch('b', 2)
    expect(table.takeDirty().map(({ key }) => key)).toEqual(['a', 'b'])
    expect(table.takeDirty()).toEqual([])
    touch('c', 3)
    touch('b', 4)
    const dirty = table.takeDirty()
    expect(dirty.filter(({ state }) => state === null).map(({ key }) => key)).toEqual(['a'])
    expect(
      dirty
        .filter(({ state }) => state !== null)
        .map(({ key }) => key)
        .toSorted(),
    ).toEqual(['b', 'c'])
  })

  it('tell a group that went and came back as being there', () => {
    const table = createGroupTable({ groups: 1, bytes: 1e9 })
    table.track()
    for (const [i, key] of ['a', 'b', 'a'].entries()) {
      table.touch(createGroupState(key, []), i + 1)
      table.trim(Number.NEGATIVE_INFINITY)
    }
    const dirty = table.takeDirty()
    expect(dirty.find(({ key }) => key === 'a')?.state).not.toBeNull()
    expect(dirty.find(({ key }) => key === 'b')?.state).toBeNull()
  })

  it('survive being written as JSON and read again', () => {
    const state = createGroupState('k', ['v'])
    state.latest = 7
    state.touched = 3
    state.times.push(1, 7)
    state.refs.push('a', 9)
    state.addresses.push('', '198.51.100.1')
    state.buckets = { sum: 3, list: [{ index: 1, count: 3, first: 1, ref: 'a' }] }
    state.distinct = { exact: new Map([['x', 1]]), slices: [] }
    state.chain = [
      { start: 1, at: 2 },
      { start: Number.NEGATIVE_INFINITY, at: Number.NEGATIVE_INFINITY },
    ]
    state.open = { at: 1, ref: 'a', count: 2, order: 4 }
    state.burst = {
      id: 'i',
      first: 1,
      last: 7,
      total: 2,
      peak: 1,
      toldTotal: 1,
      toldSize: 1,
      hot: 7,
      order: 5,
      closed: false,
      sample: 's',
      targets: new Map([['198.51.100.1', 2]]),
    }
    expect(loadGroup(json(saveGroup(state)))).toEqual({ ...state, weight: 0 })
  })
})
