import type { BudgetLimits, BudgetState } from '@parapet/respond'
import * as fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { transaction } from '../../db/pools.js'
import { createTestDatabase, type TestDatabase } from '../../db/test-database.js'
import { detectionDeps } from './fixtures/deps.js'
import { storedState } from './fixtures/stored-state.js'
import { readPosition } from './leases.js'
import { readBudget, restoreEngine, saveBudget, saveState } from './state.js'
import type { StateEntry } from './types.js'
import { testVault } from '../../vault/fixtures/test-vault.js'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
}, 60_000)
beforeEach(() => database.pool.query('DELETE FROM detection_state'))
afterAll(() => database.close())

const save = (dirty: readonly StateEntry[]): Promise<void> => transaction(database.pool, (client) => saveState(client, testVault(), dirty))
const restored = (): Promise<readonly StateEntry[]> => storedState(database, detectionDeps(database))
const budgetNow = (limits?: Partial<BudgetLimits>): Promise<BudgetState> =>
  transaction(database.pool, (client) => readBudget(client, detectionDeps(database, limits === undefined ? {} : { budget: limits }), true))
const spend = (budget: BudgetState): Promise<void> => transaction(database.pool, (client) => saveBudget(client, testVault(), budget))
const hostile = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 30 }).map((units) => String.fromCharCode(...units))

describe('the state of the engine', () => {
  it('comes back as it was, under any key and with any text that attackers put into it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.tuple(hostile, fc.json()), { selector: ([key]) => key, maxLength: 8 }), async (pairs) => {
        await database.pool.query('DELETE FROM detection_state')
        const dirty = pairs.map(([key, json], i) => ({ shard: i * 9, key, state: { value: JSON.parse(json) as unknown } }))
        await save(dirty)
        expect((await restored()).toSorted((a, b) => a.shard - b.shard)).toEqual(dirty)
      }),
      { numRuns: 25 },
    )
  })

  it('holds the newest of each key, and nothing of what was forgotten', async () => {
    await save([
      { shard: 1, key: 'a', state: 1 },
      { shard: 1, key: 'b', state: 1 },
    ])
    await save([
      { shard: 1, key: 'a', state: 2 },
      { shard: 1, key: 'b', state: null },
      { shard: 1, key: 'never there', state: undefined },
    ])
    expect(await restored()).toEqual([{ shard: 1, key: 'a', state: 2 }])
  })

  it('of one part is not that of another, whatever the key', async () => {
    await save([
      { shard: 1, key: 'engine', state: 'one' },
      { shard: 2, key: 'engine', state: 'two' },
    ])
    const engines = new Map<number, unknown>()
    for (const shard of [1, 2])
      await restoreEngine(
        database,
        detectionDeps(database),
        { restore: (entries) => void engines.set(shard, [...entries]) },
        [shard],
        await readPosition(database),
      )
    expect(engines.get(1)).toEqual([{ shard: 1, key: 'engine', state: 'one' }])
    expect(engines.get(2)).toEqual([{ shard: 2, key: 'engine', state: 'two' }])
  })

  it('is not given out for a place at which its part does not stand', async () => {
    const given: unknown[] = []
    const engine = { restore: (entries: Iterable<unknown>): void => void given.push(entries) }
    expect(await restoreEngine(database, detectionDeps(database), engine, [3], (await readPosition(database)) + 1)).toBe(false)
    expect(given).toEqual([])
  })

  it('is not mixed up with the budget, even by a key that has its name', async () => {
    await save([{ shard: 5, key: 'budget', state: 'of the engine' }])
    await spend({ ...(await budgetNow()), recent: [1, 2], trippedAt: 3 })
    expect(await restored()).toEqual([{ shard: 5, key: 'budget', state: 'of the engine' }])
    expect(await budgetNow()).toMatchObject({ recent: [1, 2], trippedAt: 3 })
  })
})

describe('the budget', () => {
  it('takes its limits from the settings of now and only what was spent from before', async () => {
    await spend({ ...(await budgetNow({ perMinute: 5 })), recent: [10], trippedAt: null })
    expect(await budgetNow({ perMinute: 9 })).toMatchObject({ limits: { perMinute: 9 }, recent: [10], trippedAt: null })
  })

  it('is spent by one worker at a time: what two of them take of it adds up', async () => {
    const take = (at: number): Promise<void> =>
      transaction(database.pool, async (client) => {
        const budget = await readBudget(client, detectionDeps(database), true)
        await new Promise((resolve) => setTimeout(resolve, 20))
        await saveBudget(client, testVault(), { ...budget, recent: [...budget.recent, at] })
      })
    await Promise.all([take(1), take(2), take(3), take(4)])
    expect((await budgetNow()).recent.toSorted((a, b) => a - b)).toEqual([1, 2, 3, 4])
  })

  it('begins anew where what was stored is damaged, instead of stopping detection', async () => {
    for (const entry of [
      {},
      { s: null },
      { s: 'x' },
      { s: { recent: 'x', trippedAt: 'y' } },
      { s: { recent: [1, 'x', null], trippedAt: [] } },
    ]) {
      await database.pool.query('DELETE FROM detection_state')
      await database.pool.query(`INSERT INTO detection_state (shard, key, entry, form) VALUES (-1, 'budget', $1, 1)`, [
        JSON.stringify(
          testVault().seal(JSON.stringify(entry), { table: 'detection_state', column: 'entry', row: ['budget'], type: 'json' }),
        ),
      ])
      const budget = await budgetNow()
      expect(budget.trippedAt).toBeNull()
      expect(budget.recent.every((at) => typeof at === 'number')).toBe(true)
    }
  })
})
