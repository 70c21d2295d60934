import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { storeConformance } from '@parapet/guard/conformance'
import { createTestDatabase, type TestDatabase } from '../../db/test-database.js'
import { createPostgresStore } from './postgres-store.js'
import { testVault } from '../../vault/fixtures/test-vault.js'

let database: TestDatabase
let now = 1_795_200_000_000
const clock = (): number => now

beforeAll(async () => {
  database = await createTestDatabase()
}, 60_000)
afterAll(() => database.close())
beforeEach(async () => {
  await database.pool.query('delete from shared_state')
})

const make = () => createPostgresStore({ vault: testVault(), pool: database.pool, clock })

describe('the store on PostgreSQL is a Store', () => {
  it.each(storeConformance)('$name', ({ run }) =>
    run({
      store: make(),
      advance: async (ms) => {
        now += ms
      },
    }),
  )
})

describe('the store on PostgreSQL', () => {
  it('is one for every process on the database', async () => {
    const sibling = await database.sibling()
    try {
      const other = createPostgresStore({ vault: testVault(), pool: sibling.pool, clock })
      await make().write('shared', 'from one', { ttlMs: 60_000 })
      expect((await other.read('shared'))?.value).toBe('from one')
      const version = (await other.read('shared'))?.version ?? ''
      expect(await other.write('shared', 'from two', { ttlMs: 60_000, ifVersion: version })).toBe(true)
      expect(await make().write('shared', 'late', { ttlMs: 60_000, ifVersion: version })).toBe(false)
    } finally {
      await sibling.close()
    }
  })

  it('sweeps what has expired and nothing else', async () => {
    const store = make()
    await store.write('short', 'x', { ttlMs: 10 })
    await store.write('long', 'x', { ttlMs: 60_000 })
    now += 20
    expect(await store.sweep()).toBe(1)
    expect((await database.pool.query('select key from shared_state')).rows).toEqual([{ key: testVault().keyed('shared-state', 'long') }])
  })

  it('refuses keys and values beyond the bounds of the port', async () => {
    const store = make()
    await expect(store.write('k'.repeat(513), 'x', { ttlMs: 1 })).rejects.toThrow(RangeError)
    await expect(store.write('k', 'x'.repeat(65_537), { ttlMs: 1 })).rejects.toThrow(RangeError)
    await expect(store.write('k', 'ü'.repeat(32_769), { ttlMs: 1 })).rejects.toThrow(RangeError)
  })

  it('rejects when the database is away, so that callers can say degraded', async () => {
    const sibling = await database.sibling()
    await sibling.close()
    await expect(createPostgresStore({ vault: testVault(), pool: sibling.pool, clock }).read('x')).rejects.toThrow(/pool|end/)
  })
})
