import * as fc from 'fast-check'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { transaction } from '../../db/pools.js'
import { createTestDatabase, type TestDatabase } from '../../db/test-database.js'
import { detectionDeps } from './fixtures/deps.js'
import { moveCursor, readPosition, restoreRun, saveState } from './state.js'
import type { DetectionEngine } from './types.js'
import { testVault } from '../../vault/fixtures/test-vault.js'

let database: TestDatabase
beforeAll(async () => {
  database = await createTestDatabase()
}, 60_000)
beforeEach(() => database.pool.query('DELETE FROM detection_state'))
afterAll(() => database.close())

type Entry = { readonly key: string; readonly state: unknown }
const save = (dirty: readonly Entry[], budget?: Parameters<typeof saveState>[3]): Promise<void> =>
  transaction(database.pool, (client) => saveState(client, testVault(), dirty, budget))
/** What an engine is given when a run begins. */
const restored = async (): Promise<Entry[]> => {
  const entries: Entry[] = []
  const engine: DetectionEngine = { process: () => [], takeDirty: () => [], restore: (given) => entries.push(...given) }
  await restoreRun(database, detectionDeps(database, { createEngine: () => engine }))
  return entries
}
const hostile = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 30 }).map((units) => String.fromCharCode(...units))

describe('the state of the engine', () => {
  it('comes back as it was, under any key and with any text that attackers put into it', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.tuple(hostile, fc.json()), { selector: ([key]) => key, maxLength: 8 }), async (pairs) => {
        await database.pool.query('DELETE FROM detection_state')
        const dirty = pairs.map(([key, json]) => ({ key, state: { value: JSON.parse(json) as unknown } }))
        await save(dirty)
        const byKey = (a: Entry, b: Entry): number => (a.key < b.key ? -1 : 1)
        expect((await restored()).toSorted(byKey)).toEqual(dirty.toSorted(byKey))
      }),
      { numRuns: 25 },
    )
  })

  it('holds the newest of each key, and nothing of what was forgotten', async () => {
    await save([
      { key: 'a', state: 1 },
      { key: 'b', state: 1 },
    ])
    await save([
      { key: 'a', state: 2 },
      { key: 'b', state: null },
      { key: 'never there', state: undefined },
    ])
    expect(await restored()).toEqual([{ key: 'a', state: 2 }])
  })

  it('is not mixed up with the budget, even by a key that has its name', async () => {
    const budget = (await restoreRun(database, detectionDeps(database))).budget
    await save([{ key: 'budget', state: 'of the engine' }], { ...budget, recent: [1, 2], trippedAt: 3 })
    expect(await restored()).toEqual([{ key: 'budget', state: 'of the engine' }])
    expect((await restoreRun(database, detectionDeps(database))).budget).toMatchObject({ recent: [1, 2], trippedAt: 3 })
  })
})

describe('the budget', () => {
  it('takes its limits from the settings of now and only what was spent from before', async () => {
    const before = await restoreRun(database, detectionDeps(database, { budget: { perMinute: 5 } }))
    await save([], { ...before.budget, recent: [10], trippedAt: null })
    const after = await restoreRun(database, detectionDeps(database, { budget: { perMinute: 9 } }))
    expect(after.budget).toMatchObject({ limits: { perMinute: 9 }, recent: [10], trippedAt: null })
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
      await database.pool.query(`INSERT INTO detection_state (key, entry, form) VALUES ('budget', $1, 1)`, [
        JSON.stringify(
          testVault().seal(JSON.stringify(entry), { table: 'detection_state', column: 'entry', row: ['budget'], type: 'json' }),
        ),
      ])
      const { budget } = await restoreRun(database, detectionDeps(database))
      expect(budget.trippedAt).toBeNull()
      expect(budget.recent.every((at) => typeof at === 'number')).toBe(true)
    }
  })
})

describe('the cursor', () => {
  const move = (from: number, to: number): Promise<boolean> => transaction(database.pool, (client) => moveCursor(client, from, to, 1))

  it('is moved by one of many that start from the same place, and by none that is behind', async () => {
    const from = await readPosition(database)
    const moved = await Promise.all(Array.from({ length: 6 }, (_, n) => move(from, from + 10 + n)))
    expect(moved.filter(Boolean)).toHaveLength(1)
    const position = await readPosition(database)
    expect(position).toBe(from + 10 + moved.indexOf(true))
    expect(await move(from, from + 100)).toBe(false)
    expect(await move(position + 1, position + 2)).toBe(false)
    expect(await move(position, position + 1)).toBe(true)
  })

  it('stands where it was when the transaction around it fails', async () => {
    const from = await readPosition(database)
    const failing = transaction(database.pool, async (client) => {
      await moveCursor(client, from, from + 50, 1)
      throw new Error('the batch failed')
    })
    await expect(failing).rejects.toThrow('the batch failed')
    expect(await readPosition(database)).toBe(from)
  })
})
