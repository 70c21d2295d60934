import * as fc from 'fast-check'
import type { PoolClient } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { transaction } from '../pools.js'
import { createTestDatabase, type TestDatabase } from '../test-database.js'
import type { Database } from '../types.js'
import { type AppendLog, type AppendLogOptions, createAppendLog } from './append-log.js'

let database: TestDatabase
let siblings: Database[] = []

const write = async (client: PoolClient, items: readonly string[], head: number): Promise<{ head: number; results: number[] }> => {
  const results = items.map((_, index) => head + 1 + index)
  await client.query('INSERT INTO test_log SELECT * FROM unnest($1::bigint[], $2::text[])', [results, items])
  return { head: head + items.length, results }
}
const open = (
  over: Pick<Database, 'pool'> = database,
  options: Partial<AppendLogOptions<string, number>> = {},
): AppendLog<string, number> => createAppendLog({ name: 'test', write, ...options }, over)
const rows = async (after = 0): Promise<{ sequence: number; value: string }[]> =>
  (
    await database.pool.query<{ sequence: number; value: string }>(
      'SELECT sequence, value FROM test_log WHERE sequence > $1 ORDER BY sequence',
      [after],
    )
  ).rows
const deferred = (): { promise: Promise<void>; resolve: () => void } => {
  let resolve = (): void => undefined
  const promise = new Promise<void>((done) => {
    resolve = done
  })
  return { promise, resolve }
}

beforeAll(async () => {
  database = await createTestDatabase()
  await database.owner().query(
    `CREATE TABLE test_log (sequence bigint PRIMARY KEY, value text NOT NULL CHECK (value <> 'bad'));
     GRANT SELECT, INSERT ON test_log TO parapet_app`,
  )
  siblings = await Promise.all([database.sibling(), database.sibling()])
}, 60_000)
beforeEach(async () => {
  await database.owner().query(`TRUNCATE test_log; INSERT INTO log_heads VALUES ('test', 0) ON CONFLICT (name) DO UPDATE SET head = 0`)
})
afterAll(() => Promise.all([database, ...siblings].map((each) => each.close())))

describe('append', () => {
  it('answers each caller with its own result, after the row is there for everyone', async () => {
    const log = open()
    const sequence = await log.append('a')
    expect(await rows()).toEqual([{ sequence, value: 'a' }])
    expect(await log.head()).toBe(1)
  })

  it('puts callers of one moment into one transaction, in their order', async () => {
    const log = open()
    const values = Array.from({ length: 100 }, (_, i) => `v${i}`)
    expect(await Promise.all(values.map((value) => log.append(value)))).toEqual(values.map((_, i) => i + 1))
    expect(log.stats()).toEqual({ queued: 0, batches: 1, items: 100 })
    expect((await rows()).map((row) => row.value)).toEqual(values)
  })

  it('cuts batches by weight but never holds back a single heavy item', async () => {
    const log = open(database, { weight: (item) => item.length, maxBatch: 10 })
    await Promise.all(['x'.repeat(25), 'aaaaa', 'bbbbb', 'ccccc'].map((value) => log.append(value)))
    expect(log.stats().batches).toBe(3)
  })

  it('rejects what the database refuses and keeps the items of the others', async () => {
    const log = open()
    const settled = await Promise.allSettled(['a', 'bad', 'c'].map((value) => log.append(value)))
    expect(settled.map((each) => each.status)).toEqual(['fulfilled', 'rejected', 'fulfilled'])
    expect((await rows()).map((row) => row.value)).toEqual(['a', 'c'])
  })

  it('leaves no gap where an append failed', async () => {
    const log = open()
    await expect(log.append('bad')).rejects.toMatchObject({ code: '23514' })
    expect(await log.append('next')).toBe(1)
  })

  it('refuses at the bound instead of growing, and takes again once drained', async () => {
    const gate = deferred()
    const log = open(database, {
      maxQueued: 3,
      write: async (client, items, head) => {
        await gate.promise
        return write(client, items, head)
      },
    })
    const taken = ['a', 'b', 'c'].map((value) => log.append(value))
    await expect(log.append('d')).rejects.toMatchObject({ code: 'PPT_BACKPRESSURE' })
    expect(log.stats().queued).toBe(3)
    gate.resolve()
    await Promise.all(taken)
    expect(await log.append('e')).toBe(4)
  })

  it('settles what waits before it closes, and refuses afterwards', async () => {
    const log = open()
    const waiting = ['a', 'b'].map((value) => log.append(value))
    await log.close()
    expect(await Promise.all(waiting)).toEqual([1, 2])
    await expect(log.append('c')).rejects.toMatchObject({ code: 'PPT_DATABASE_UNAVAILABLE' })
  })

  it('refuses a name that would not be safe in SQL', () => {
    expect(() => open(database, { name: `x'; DROP TABLE test_log; --` })).toThrow(TypeError)
  })
})

describe('the order of commits', () => {
  it('makes the next writer wait until the earlier numbers can be seen', async () => {
    const log = open()
    const other = open(siblings[0])
    const gate = deferred()
    const locked = deferred()
    const early = transaction(database.pool, async (client) => {
      await log.appendIn(client, ['early'])
      locked.resolve()
      await gate.promise
    })
    await locked.promise
    let lateDone = false
    const late = other.append('late').then((sequence) => {
      lateDone = true
      return sequence
    })
    await new Promise((resolve) => setTimeout(resolve, 50))
    expect(lateDone).toBe(false)
    expect(await rows()).toEqual([])
    gate.resolve()
    await early
    expect(await late).toBe(2)
  })

  it('gives numbers back when the caller’s transaction fails', async () => {
    const log = open()
    const failing = transaction(database.pool, async (client) => {
      await log.appendIn(client, ['a', 'b'])
      throw new Error('changed my mind')
    })
    await expect(failing).rejects.toThrow('changed my mind')
    expect(await log.append('c')).toBe(1)
  })

  it('shows a reader by cursor every item once and in order, whoever writes and however they interleave', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.array(fc.integer({ min: 1, max: 8 }), { minLength: 1, maxLength: 6 }), { minLength: 2, maxLength: 3 }),
        fc.integer({ min: 1, max: 7 }),
        async (writers, limit) => {
          await database.owner().query(`TRUNCATE test_log; UPDATE log_heads SET head = 0 WHERE name = 'test'`)
          const pools = [database, ...siblings]
          const seen: { sequence: number; value: string }[] = []
          let writing = true
          const reader = (async () => {
            for (let done = false; !done;) {
              // asked before reading, so that the last look comes after the last write
              done = !writing
              for (let more = true; more;) {
                const { rows: found } = await database.pool.query<{ sequence: number; value: string }>(
                  'SELECT sequence, value FROM test_log WHERE sequence > $1 ORDER BY sequence LIMIT $2',
                  [seen.at(-1)?.sequence ?? 0, limit],
                )
                seen.push(...found)
                more = found.length > 0
              }
            }
          })()
          const acknowledged = await Promise.all(
            writers.map(async (bursts, writer) => {
              const log = open(pools[writer % pools.length], { maxBatch: 3 })
              const mine: number[] = []
              for (const [burst, size] of bursts.entries())
                mine.push(...(await Promise.all(Array.from({ length: size }, (_, i) => log.append(`${writer}/${burst}/${i}`)))))
              return mine
            }),
          )
          writing = false
          await reader
          const total = writers.flat().reduce((sum, size) => sum + size, 0)
          expect(seen.map((row) => row.sequence)).toEqual(Array.from({ length: total }, (_, i) => i + 1))
          expect(new Set(seen.map((row) => row.value)).size).toBe(total)
          // one writer's own items keep their order too
          for (const mine of acknowledged) expect(mine).toEqual(mine.toSorted((a, b) => a - b))
        },
      ),
      { numRuns: 12, seed: 20_261_121 },
    )
  })
})

describe('a database that goes away', () => {
  it('rejects what was in flight, loses nothing it acknowledged, and goes on with new connections', async () => {
    const entered = deferred()
    const gate = deferred()
    let blocked = true
    const log = open(database, {
      write: async (client, items, head) => {
        const written = await write(client, items, head)
        if (blocked) {
          entered.resolve()
          await gate.promise
        }
        return written
      },
    })
    blocked = false
    const before = await Promise.all(['a', 'b'].map((value) => log.append(value)))
    blocked = true
    const lost = log.append('lost')
    await entered.promise
    await database.cut('parapet')
    blocked = false
    gate.resolve()
    await expect(lost).rejects.toMatchObject({ code: 'PPT_DATABASE_UNAVAILABLE' })
    const after = await log.append('c')
    expect(before).toEqual([1, 2])
    expect(after).toBe(3)
    expect((await rows()).map((row) => row.value)).toEqual(['a', 'b', 'c'])
  })

  it('keeps every acknowledged item while connections are cut again and again', async () => {
    const log = open(siblings[0])
    const acknowledged: string[] = []
    const rejected = new Set<string | undefined>()
    const stop = new AbortController()
    const writer = (async () => {
      for (let i = 0; !stop.signal.aborted; i++) {
        const batch = Array.from({ length: 5 }, (_, j) => `${i}-${j}`)
        const settled = await Promise.allSettled(batch.map((value) => log.append(value)))
        for (const [j, each] of settled.entries()) {
          if (each.status === 'fulfilled') acknowledged.push(batch[j] ?? '')
          else rejected.add((each.reason as { code?: string }).code)
        }
      }
    })()
    for (let i = 0; i < 8; i++) {
      await new Promise((resolve) => setTimeout(resolve, 30))
      await database.cut('parapet')
    }
    stop.abort()
    await writer
    const stored = new Set((await rows()).map((row) => row.value))
    expect([...rejected].filter((code) => code !== 'PPT_DATABASE_UNAVAILABLE')).toEqual([])
    expect(acknowledged.length).toBeGreaterThan(20)
    expect(acknowledged.filter((value) => !stored.has(value))).toEqual([])
  })
})
