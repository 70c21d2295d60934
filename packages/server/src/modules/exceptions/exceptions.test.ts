import { DAY, EXCEPTION_LIMITS } from '@parapet/core'
import { afterAll, beforeEach, describe, expect, it } from 'vitest'
import { dumpTables } from '../../db/fixtures/dump.js'
import { createTestDatabase, type TestDatabase } from '../../db/test-database.js'
import { testVault } from '../../vault/fixtures/test-vault.js'
import { createExceptions, type Exceptions } from './index.js'

let now = 1_795_200_000_000
let database: TestDatabase
let exceptions: Exceptions
const opened: TestDatabase[] = []
const ann = { id: 'op', name: 'Ann' }
beforeEach(async () => {
  database = await createTestDatabase()
  opened.push(database)
  exceptions = createExceptions({ pool: database.pool, clock: () => now, vault: testVault() })
}, 60_000)
afterAll(() => Promise.all(opened.map((each) => each.close())))

const make = (ruleId: string, days = 1, match: Record<string, string> = { 'user.name': 'very-secret' }) =>
  exceptions.create({ ruleId, match, until: now + days * DAY, reason: 'because very-secret asked' }, ann)
const revision = async (): Promise<number> =>
  (await database.pool.query<{ revision: number }>('SELECT revision FROM rule_revision')).rows[0]?.revision ?? -1

describe('exceptions', () => {
  it('come back as they were made, newest first, and of one rule alone', async () => {
    const one = await make('a')
    now += 1
    const two = await make('b', 2)
    expect(await exceptions.list()).toEqual([two, one])
    expect(await exceptions.list({ ruleId: 'a' })).toEqual([one])
    expect(await exceptions.list({ ruleId: `' OR true --` })).toEqual([])
    expect(await exceptions.counts()).toEqual(new Map([['a', 1], ['b', 1]])) // prettier-ignore
  })

  it('are in force until their day, and forgotten a month later', async () => {
    const { id } = await make('a')
    now += DAY - 1
    expect(await exceptions.list()).toHaveLength(1)
    now += 1
    expect(await exceptions.list()).toEqual([])
    expect(await exceptions.counts()).toEqual(new Map())
    expect(await exceptions.sweep()).toBe(0)
    now += 30 * DAY + 1
    expect(await exceptions.sweep()).toBe(1)
    await expect(exceptions.remove(id)).rejects.toMatchObject({ code: 'PPT_NOT_FOUND' })
  })

  it('hold no name in clear, and not even the newest backup tells whom they are about', async () => {
    await make('a')
    expect(await dumpTables(database)).not.toContain('very-secret')
  })

  it('tell whoever detects of every change, and only then', async () => {
    const heard: string[] = []
    const stop = await database.listen('rules_changed', () => heard.push('changed'))
    const before = await revision()
    const { id } = await make('a')
    await exceptions.list()
    await exceptions.remove(id)
    expect((await revision()) - before).toBe(2)
    await expect.poll(() => heard.length).toBeGreaterThanOrEqual(2)
    stop()
  })

  it('are bounded in time and number, ended ones not counted', async () => {
    for (const days of [0, -1, EXCEPTION_LIMITS.days + 1]) await expect(make('a', days)).rejects.toMatchObject({ code: 'PPT_INVALID' })
    await database.pool.query(
      `INSERT INTO rule_exceptions (id, rule_id, sealed, until, by_id, by_name, created_at)
       SELECT 'x-' || n, 'a', 'x', $1::bigint + n % 2, 'o', 'o', 0 FROM generate_series(1, 200) AS n`,
      [now],
    )
    await expect(make('a')).rejects.toMatchObject({ code: 'PPT_CONFLICT' })
    await expect(make('b')).resolves.toMatchObject({ ruleId: 'b' })
    await database.pool.query(`DELETE FROM rule_exceptions WHERE id = 'x-1'`)
    await expect(make('a')).resolves.toMatchObject({ ruleId: 'a' })
  })

  it('cannot be changed by the application, only made and ended', async () => {
    await make('a')
    for (const sql of [
      'UPDATE rule_exceptions SET until = 9e15',
      `UPDATE rule_exceptions SET rule_id = 'b'`,
      'UPDATE rule_revision SET revision = 0',
      'TRUNCATE rule_exceptions',
    ])
      await expect(database.pool.query(sql)).rejects.toMatchObject({ code: '42501' })
  })
})
