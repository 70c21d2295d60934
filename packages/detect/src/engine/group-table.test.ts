import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createGroupState, loadGroup, saveGroup, weigh, type GroupState } from './group-state.js'
import { createGroupTable, type GroupTable } from './group-table.js'
import { createTicket } from './shard-queues.js'
import { createShardRoom, makeRoom, type ShardRoom } from './shard-room.js'

const json = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T

const NOBODY = createGroupState('', [])
/** A table alone in a part, that makes room as the engine does. */
const tableIn = (
  bounds: { groups: number; bytes: number },
  removed?: (state: GroupState) => void,
): { room: ShardRoom; table: GroupTable; touch: (state: GroupState) => number } => {
  const room = createShardRoom(0)
  const table = createGroupTable(room, removed)
  room.tables.push({ rank: 0, ruleId: 'one', table, isEarly: () => true })
  const touch = (state: GroupState): number => {
    table.touch(state)
    return makeRoom(room, bounds, state).count
  }
  return { room, table, touch }
}

describe('groups of a rule', () => {
  it('drop the one touched longest ago, as a plain list would', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 80 }), (keys) => {
        const removed: string[] = []
        const { room, table, touch } = tableIn({ groups: 4, bytes: 1e9 }, (state) => removed.push(state.key))
        let model: string[] = []
        const gone: string[] = []
        for (const n of keys) {
          const key = `k${n}`
          touch(table.get(key) ?? createGroupState(key, []))
          model = [...model.filter((item) => item !== key), key]
          // one over four: down to 15/16 of four, which is three
          if (model.length > 4) gone.push(...model.splice(0, 2))
          expect(table.size()).toBe(model.length)
          expect(room.groups).toBe(model.length)
        }
        expect(removed).toEqual(gone)
        for (const key of model) expect(table.get(key)?.key).toBe(key)
      }),
    )
  })

  it('keep within their bytes, and know them to the byte after any history', () => {
    const { room, table, touch } = tableIn({ groups: 1_000, bytes: 20_000 })
    for (let i = 0; i < 500; i++) {
      const key = `key-${i % 90}`
      const state = table.get(key) ?? createGroupState(key, [])
      state.times = [...state.times, i]
      state.refs = [...state.refs, i]
      touch(state)
      expect(table.bytes()).toBeLessThanOrEqual(20_000)
    }
    let sum = 0
    for (const state of table.states()) sum += state.weight
    expect(table.bytes()).toBe(sum)
    expect(room.bytes).toBe(sum)
  })

  it('forget what is quiet, but not the one at work', () => {
    const { table, touch } = tableIn({ groups: 10, bytes: 1e9 })
    const states = [10, 20, 30].map((seen, i) => {
      const state = createGroupState(`k${i}`, [])
      state.seen = seen
      touch(state)
      return state
    })
    table.forget(25, NOBODY)
    expect(table.size()).toBe(1)
    table.forget(1_000, states[2] as GroupState)
    expect(table.size()).toBe(1)
  })

  it('keep a group whose window waits for its time, or whose alert has not ended, as if it were seen now', () => {
    const { table, touch } = tableIn({ groups: 10, bytes: 1e9 })
    const states = ['open', 'burst', 'quiet', 'now'].map((key, i) => {
      const state = createGroupState(key, [])
      state.seen = i === 3 ? 1_000 : i
      touch(state)
      return state
    })
    const [waiting, hot] = states as [GroupState, GroupState]
    waiting.open = { at: 0, ref: 0, count: 1, order: 1, ticket: createTicket(waiting) }
    hot.burst = { closed: false } as GroupState['burst']
    table.forget(500, states[3] as GroupState)
    expect([...table.states()].map(({ key }) => key)).toEqual(['now', 'open', 'burst'])
    expect([waiting.seen, hot.seen]).toEqual([1_000, 1_000])
    waiting.open = undefined
    table.forget(2_000, hot)
    expect([...table.states()].map(({ key }) => key)).toEqual(['burst'])
  })

  it('tell what changed once, and null for what is gone', () => {
    const { table, touch } = tableIn({ groups: 2, bytes: 1e9 })
    const at = (key: string): number => touch(table.get(key) ?? createGroupState(key, []))
    at('a')
    table.track()
    at('b')
    expect(table.takeDirty().map(({ key }) => key)).toEqual(['a', 'b'])
    expect(table.takeDirty()).toEqual([])
    at('c')
    const dirty = table.takeDirty()
    expect(
      dirty
        .filter(({ state }) => state === null)
        .map(({ key }) => key)
        .toSorted(),
    ).toEqual(['a', 'b'])
    expect(dirty.filter(({ state }) => state !== null).map(({ key }) => key)).toEqual(['c'])
  })

  it('tell a group that went and came back as being there', () => {
    const { table, touch } = tableIn({ groups: 1, bytes: 1e9 })
    table.track()
    for (const key of ['a', 'b', 'a']) touch(createGroupState(key, []))
    const dirty = table.takeDirty()
    expect(dirty.find(({ key }) => key === 'a')?.state).not.toBeNull()
    expect(dirty.find(({ key }) => key === 'b')?.state).toBeNull()
  })

  it('survive being written as JSON and read again', () => {
    const state = createGroupState('k', ['v'])
    state.latest = 7
    state.seen = 6
    state.touched = 3
    state.times = [1, 7]
    state.refs = ['a', 9]
    state.addresses = ['', '198.51.100.1']
    state.buckets = { sum: 3, list: [{ index: 1, count: 3, first: 1, ref: 'a' }] }
    state.distinct = { exact: new Map([['x', 1]]), slices: [], union: undefined }
    state.chain = [
      { start: 1, at: 2 },
      { start: Number.NEGATIVE_INFINITY, at: Number.NEGATIVE_INFINITY },
    ]
    state.open = { at: 1, ref: 'a', count: 2, order: 4, ticket: createTicket(state) }
    state.extra = { seen: { de: [1, 2] } }
    state.extraBytes = 77
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
      ticket: createTicket(state),
    }
    const loaded = loadGroup(json(saveGroup(state)))
    const ticket = createTicket(loaded)
    expect(loaded).toEqual({ ...state, weight: 0, open: { ...state.open, ticket }, burst: { ...state.burst, ticket } })
    expect(loadGroup(json(saveGroup(state)), 17).shard).toBe(17)
  })

  it('are written as they are now: what a kind adds later does not reach into what was handed out', () => {
    const state = createGroupState('k', [])
    const extra = { seen: ['a'] }
    state.extra = extra
    const saved = saveGroup(state)
    extra.seen.push('b')
    expect(saved.e?.data).toEqual({ seen: ['a'] })
    const loaded = loadGroup(saved)
    ;(loaded.extra as typeof extra).seen.push('c')
    expect(saved.e?.data).toEqual({ seen: ['a'] })
  })

  it('weigh what a kind says that its own state takes', () => {
    const state = createGroupState('k', [])
    const before = weigh(state)
    state.extraBytes = 5_000
    expect(weigh(state)).toBe(before + 5_000)
  })
})

describe('a part without room', () => {
  const fill = (room: ShardRoom, rank: number, ruleId: string, count: number): GroupTable => {
    const table = createGroupTable(room)
    room.tables.push({ rank, ruleId, table, isEarly: (state) => !state.key.endsWith('-due') })
    for (let i = 0; i < count; i++) table.touch(createGroupState(`${ruleId}-${i}`, []))
    return table
  }

  it('takes it from the rule that holds most: a flood of one kind does not cost the memory of another', () => {
    const room = createShardRoom(3)
    const slow = fill(room, 0, 'slow', 10)
    const flood = fill(room, 1, 'flood', 500)
    const { count, ruleId } = makeRoom(room, { groups: 100, bytes: 1e9 }, NOBODY)
    expect(ruleId).toBe('flood')
    expect(room.groups).toBe(93)
    expect(count).toBe(417)
    expect(slow.size()).toBe(10)
    expect(flood.size()).toBe(83)
  })

  it('does nothing within its bounds, and never drops the group at work', () => {
    const room = createShardRoom(3)
    const table = fill(room, 0, 'one', 1)
    const [only] = [...table.states()]
    expect(makeRoom(room, { groups: 1, bytes: 1e9 }, NOBODY)).toEqual({ count: 0, ruleId: '' })
    expect(makeRoom(room, { groups: 1, bytes: 1 }, only as GroupState).count).toBe(0)
    expect(table.size()).toBe(1)
  })

  it('does not call it dropped before its time what had had its time', () => {
    const room = createShardRoom(3)
    const table = fill(room, 0, 'old', 0)
    for (let i = 0; i < 20; i++) table.touch(createGroupState(i < 8 ? `${i}-due` : `${i}`, []))
    expect(makeRoom(room, { groups: 10, bytes: 1e9 }, NOBODY)).toEqual({ count: 3, ruleId: 'old' })
    expect(room.groups).toBe(9)
  })

  it('comes within its bounds from any state, and shares the burden among equals', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 60 }), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 1, max: 80 }),
        (sizes, groups) => {
          const room = createShardRoom(0)
          const tables = sizes.map((size, i) => fill(room, i, `r${i}`, size))
          const before = room.groups
          const { count } = makeRoom(room, { groups, bytes: 1e9 }, NOBODY)
          expect(room.groups).toBe(before - count)
          expect(room.groups).toBeLessThanOrEqual(groups)
          expect(room.groups).toBe(tables.reduce((sum, table) => sum + table.size(), 0))
          expect(room.bytes).toBe(tables.reduce((sum, table) => sum + table.bytes(), 0))
          expect(count === 0).toBe(before <= groups)
        },
      ),
    )
  })
})
