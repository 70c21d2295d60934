import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { createTestDatabase, silentLog, type TestDatabase } from '../test-database.js'
import { createAppendLog } from './append-log.js'
import { type Follower, followLog, type FollowOptions } from './follow.js'

type Row = { sequence: number; value: string }
let database: TestDatabase
const followers: Follower[] = []

const log = () =>
  createAppendLog<string, number>(
    {
      name: 'test',
      write: async (client, items, head) => {
        const results = items.map((_, index) => head + 1 + index)
        await client.query('INSERT INTO test_log SELECT * FROM unnest($1::bigint[], $2::text[])', [results, items])
        return { head: head + items.length, results }
      },
    },
    database,
  )
const read = async (after: number, limit: number): Promise<Row[]> =>
  (await database.pool.query<Row>('SELECT sequence, value FROM test_log WHERE sequence > $1 ORDER BY sequence LIMIT $2', [after, limit]))
    .rows
const follow = async (onRow: (row: Row) => void, options: Partial<FollowOptions<Row>> = {}): Promise<Follower> => {
  const follower = await followLog(
    { name: 'test', read, sequenceOf: (row) => row.sequence, onRow, after: 0, pollMs: 60_000, ...options },
    database,
    silentLog,
  )
  followers.push(follower)
  return follower
}

beforeAll(async () => {
  database = await createTestDatabase()
  await database.owner().query(
    `CREATE TABLE test_log (sequence bigint PRIMARY KEY, value text NOT NULL);
     GRANT SELECT, INSERT ON test_log TO parapet_app;
     INSERT INTO log_heads VALUES ('test', 0)`,
  )
}, 60_000)
afterEach(async () => {
  await Promise.all(followers.splice(0).map((follower) => follower.stop()))
  await database.owner().query(`TRUNCATE test_log; UPDATE log_heads SET head = 0 WHERE name = 'test'`)
})
afterAll(() => database.close())

describe('followLog', () => {
  it('brings what is there already and then what comes, without waiting for the poll', async () => {
    const writer = log()
    await writer.append('before')
    const seen: string[] = []
    await follow((row) => seen.push(row.value))
    await vi.waitFor(() => expect(seen).toEqual(['before']))
    await writer.append('after')
    await vi.waitFor(() => expect(seen).toEqual(['before', 'after']), { timeout: 1_000 })
  })

  it('begins after the given sequence', async () => {
    const writer = log()
    await Promise.all(['a', 'b', 'c'].map((value) => writer.append(value)))
    const seen: string[] = []
    const follower = await follow((row) => seen.push(row.value), { after: 2 })
    await vi.waitFor(() => expect(follower.position()).toBe(3))
    expect(seen).toEqual(['c'])
  })

  it('reads on while full pages come', async () => {
    const writer = log()
    await Promise.all(Array.from({ length: 25 }, (_, i) => writer.append(`v${i}`)))
    const seen: string[] = []
    await follow((row) => seen.push(row.value), { limit: 4 })
    await vi.waitFor(() => expect(seen).toHaveLength(25))
    expect(seen).toEqual(Array.from({ length: 25 }, (_, i) => `v${i}`))
  })

  it('finds by looking what it was not told', async () => {
    const seen: string[] = []
    await follow((row) => seen.push(row.value), { pollMs: 20 })
    await database.owner().query(`INSERT INTO test_log VALUES (1, 'quiet'); UPDATE log_heads SET head = 1 WHERE name = 'test'`)
    await vi.waitFor(() => expect(seen).toEqual(['quiet']))
  })

  it('goes on after a reader that throws', async () => {
    const writer = log()
    const seen: string[] = []
    await follow((row) => {
      if (row.value === 'b') throw new Error('cannot take b')
      seen.push(row.value)
    })
    await Promise.all(['a', 'b', 'c'].map((value) => writer.append(value)))
    await vi.waitFor(() => expect(seen).toEqual(['a', 'c']))
  })

  it('misses nothing when its connection is cut', async () => {
    const writer = log()
    const seen: string[] = []
    await follow((row) => seen.push(row.value))
    await writer.append('a')
    await vi.waitFor(() => expect(seen).toEqual(['a']))
    await database.cut('parapet-listener')
    await writer.append('b')
    await vi.waitFor(() => expect(seen).toEqual(['a', 'b']), { timeout: 3_000 })
    await writer.append('c')
    await vi.waitFor(() => expect(seen).toEqual(['a', 'b', 'c']), { timeout: 3_000 })
  })

  it('brings nothing once it is stopped', async () => {
    const writer = log()
    const seen: string[] = []
    const follower = await follow((row) => seen.push(row.value))
    await follower.stop()
    await writer.append('late')
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(seen).toEqual([])
  })
})
