import type { FactorRecord } from '@parapet/guard/mfa'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../db/test-database.js'
import { testVault } from '../../vault/fixtures/test-vault.js'
import { createFactorStore } from './factor-store.js'

let database: TestDatabase
const vault = testVault()
beforeAll(async () => {
  database = await createTestDatabase()
}, 60_000)
afterAll(() => database.close())

const store = () => createFactorStore({ pool: database.pool, clock: Date.now, vault })
let people = 0
const operator = async (): Promise<string> => {
  const id = `operator-${++people}`
  await database
    .owner()
    .query(`insert into operators (id, name, name_key, role, password_hash, form, created_at) values ($1, $1, $1, 'viewer', 'x', 1, 1)`, [
      id,
    ])
  return id
}
const record = (handle: string, extra: Partial<FactorRecord> = {}): FactorRecord => ({
  handle,
  totp: [],
  recovery: undefined,
  passkeys: [],
  ...extra,
})
const APP = { id: 'a', name: 'phone', sealed: 'sealed-secret', algorithm: 'SHA1', digits: 6, lastStep: 1, createdAt: 1, usedAt: 1 } as const

describe('factors on PostgreSQL', () => {
  it('come back as they were written, with a version', async () => {
    const id = await operator()
    expect(await store().read(id)).toBeUndefined()
    expect(await store().write(id, record('h1', { totp: [APP], recovery: { hashes: ['x'], createdAt: 2 } }), null)).toBe(true)
    expect(await store().read(id)).toEqual({
      record: { handle: 'h1', totp: [APP], recovery: { hashes: ['x'], createdAt: 2 }, passkeys: [] },
      version: expect.any(String),
    })
  })

  it('take one of many writes from the same version, so that a code or a recovery code is spent once', async () => {
    const id = await operator()
    await store().write(id, record('h2'), null)
    const { version } = (await store().read(id)) ?? { version: '' }
    const tries = Array.from({ length: 12 }, (_, i) => store().write(id, record('h2', { totp: [{ ...APP, lastStep: i }] }), version))
    expect((await Promise.all(tries)).filter(Boolean)).toHaveLength(1)
    // often enough that some of them meet at the handle first
    for (let round = 0; round < 25; round++) {
      const firsts = await operator()
      const made = await Promise.all(Array.from({ length: 8 }, () => store().write(firsts, record(`first-${round}`), null)))
      expect(made.filter(Boolean)).toHaveLength(1)
    }
  })

  it('are found by the handle of a passkey, which belongs to one operator only', async () => {
    const [one, two] = [await operator(), await operator()]
    await store().write(one, record('mine'), null)
    expect(await store().subjectOf('mine')).toBe(one)
    expect(await store().subjectOf('nobody')).toBeUndefined()
    await expect(store().write(two, record('mine'), null)).rejects.toMatchObject({ code: 'PPT_CONFLICT' })
  })

  it('say in clear only whether there is one, and open in no other row', async () => {
    const [one, two] = [await operator(), await operator()]
    await store().write(one, record('s1', { totp: [APP] }), null)
    await store().write(two, record('s2'), null)
    const { rows } = await database.pool.query<{ operator_id: string; sealed: string; secured: boolean }>(
      'select * from operator_factors where operator_id = any($1) order by operator_id',
      [[one, two]],
    )
    expect(rows.map(({ secured }) => secured)).toEqual([true, false])
    expect(JSON.stringify(rows)).not.toMatch(/sealed-secret|phone/)
    await database.pool.query('update operator_factors set sealed = $2 where operator_id = $1', [two, rows[0]?.sealed])
    await expect(store().read(two)).rejects.toMatchObject({ code: 'PPT_SEALED_INVALID' })
  })

  it('go with their operator, and none are written for one who is gone', async () => {
    const id = await operator()
    await store().write(id, record('gone'), null)
    const held = await store().read(id)
    await database.owner().query('delete from operators where id = $1', [id])
    expect(await store().read(id)).toBeUndefined()
    expect(await store().write(id, record('gone'), null)).toBe(false)
    expect(await store().write(id, record('gone'), held?.version ?? '')).toBe(false)
  })

  it('reject, and do not say "none", while the table is away', async () => {
    await database.owner().query('alter table operator_factors rename to operator_factors_away')
    try {
      await expect(store().read('anybody')).rejects.toThrow('operator_factors')
    } finally {
      await database.owner().query('alter table operator_factors_away rename to operator_factors')
    }
  })
})
