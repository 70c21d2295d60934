import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { transaction } from '../../db/pools.js'
import { createTestDatabase, type TestDatabase } from '../../db/test-database.js'
import type { Database } from '../../db/types.js'
import { moveShards, readPosition, type Seat, shareOf, takeSeat } from './leases.js'

let database: TestDatabase
const others: Database[] = []
beforeAll(async () => {
  database = await createTestDatabase()
}, 60_000)
afterAll(async () => {
  await Promise.all(others.map((other) => other.close()))
  await database.close()
})

const elsewhere = async (): Promise<Database> => {
  const other = await database.sibling()
  others.push(other)
  return other
}
const shardsOf = async (seat: Seat): Promise<number[]> => (await seat.balance()).map(({ shard }) => shard)

describe('the share of a worker', () => {
  it('leaves no part over and gives nobody more than the rounded share', () => {
    for (let workers = 1; workers <= 70; workers++) {
      expect(shareOf(workers) * workers).toBeGreaterThanOrEqual(64)
      expect(shareOf(workers)).toBeLessThan(64 / workers + 1)
    }
    expect(shareOf(0)).toBe(64)
  })
})

describe('the parts of detection', () => {
  it('are all of one worker while it is alone, and are shared when another comes, without one held twice', async () => {
    const first = await takeSeat(database)
    expect(await shardsOf(first)).toHaveLength(64)
    const second = await takeSeat(await elsewhere())
    expect(await shardsOf(second)).toHaveLength(0)
    const kept = await shardsOf(first)
    expect(kept).toHaveLength(32)
    const taken = await shardsOf(second)
    expect([...kept, ...taken].toSorted((a, b) => a - b)).toEqual(Array.from({ length: 64 }, (_, i) => i))
    const third = await takeSeat(await elsewhere())
    for (let i = 0; i < 3; i++) for (const seat of [first, second, third]) await seat.balance()
    const counts = await Promise.all([first, second, third].map(async (seat) => (await shardsOf(seat)).length))
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(64)
    expect(Math.max(...counts)).toBeLessThanOrEqual(22)
    // who leaves gives everything back at once
    await first.leave()
    await third.leave()
    expect(await shardsOf(second)).toHaveLength(64)
    await second.leave()
  })

  it('pass on at once from a worker whose session broke, and a fence keeps its late work out', async () => {
    const far = await elsewhere()
    const dying = await takeSeat(far)
    const leases = await dying.balance()
    expect(leases).toHaveLength(64)
    const heir = await takeSeat(database)
    // as a kill or a lost network: the session ends, and nothing was said
    await database.pool.query('SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = $1 AND objid = $2::bigint', [
      'advisory',
      dying.worker,
    ])
    await expect.poll(() => dying.isHeld()).toBe(false)
    expect(await shardsOf(heir)).toHaveLength(64)
    const at = await readPosition(database)
    const late = await transaction(far.pool, (client) => moveShards(client, dying.worker, leases, at, at + 5))
    expect(late).toBe(false)
    expect(await readPosition(database)).toBe(at)
    await dying.leave()
    await heir.leave()
  })

  it('pass on from a worker that shows no life, when its time is over', async () => {
    const hung = await takeSeat(await elsewhere())
    await hung.balance()
    const heir = await takeSeat(database)
    expect(await shardsOf(heir)).toHaveLength(0)
    await database.pool.query('UPDATE detection_shards SET expires_at = 0')
    expect((await shardsOf(heir)).length).toBe(32)
    // it wakes up: what is not its own any more is not given to it
    const own = await shardsOf(hung)
    expect(own).toHaveLength(32)
    await hung.leave()
    await heir.leave()
  })

  it('move together or not at all: from the place they stand at, under their fence, with their transaction', async () => {
    const seat = await takeSeat(database)
    const leases = await seat.balance()
    const at = await readPosition(database)
    const move = (from: number, to: number, over = leases): Promise<boolean> =>
      transaction(database.pool, (client) => moveShards(client, seat.worker, over, from, to))
    expect(await move(at + 1, at + 2)).toBe(false)
    expect(
      await move(
        at,
        at + 2,
        leases.map((lease, i) => (i === 63 ? { ...lease, fence: lease.fence - 1 } : lease)),
      ).catch(() => false),
    ).toBe(false)
    const failing = transaction(database.pool, async (client) => {
      await moveShards(client, seat.worker, leases, at, at + 50)
      throw new Error('the batch failed')
    })
    await expect(failing).rejects.toThrow('the batch failed')
    await database.pool.query('UPDATE detection_shards SET position = $1', [at])
    const moved = await Promise.all(Array.from({ length: 4 }, (_, n) => move(at, at + 10 + n)))
    expect(moved.filter(Boolean)).toHaveLength(1)
    expect(await readPosition(database)).toBe(at + 10 + moved.indexOf(true))
    await seat.leave()
  })
})
