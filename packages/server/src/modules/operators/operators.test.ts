import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../../db/test-database.js'
import { createOperators, type Operators } from './operators.js'
import { createPasswordHasher } from './passwords.js'
import { testVault } from '../../vault/fixtures/test-vault.js'

let database: TestDatabase
let operators: Operators
let now = 1_795_200_000_000

beforeAll(async () => {
  database = await createTestDatabase()
  operators = createOperators({ vault: testVault(), pool: database.pool, clock: () => now, passwords: createPasswordHasher() })
}, 60_000)
afterAll(() => database.close())
beforeEach(async () => {
  await database.owner().query('delete from operators')
})

const PASSWORD = 'correct horse battery'

describe('the first operator', () => {
  it('is needed until there is one', async () => {
    expect(await operators.needed()).toBe(true)
    expect(await operators.createFirst({ name: 'Ann', password: PASSWORD })).toMatchObject({
      name: 'Ann',
      role: 'admin',
      lastSignInAt: null,
    })
    expect(await operators.needed()).toBe(false)
  })

  it('is exactly one, however many hold the link at once', async () => {
    const tries = await Promise.allSettled(
      ['a', 'b', 'c', 'd'].map((name) => operators.createFirst({ name: `${name}nn`, password: PASSWORD })),
    )
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(tries.filter((one) => one.status === 'rejected').map((one) => one.reason.code)).toEqual([
      'PPT_CONFLICT',
      'PPT_CONFLICT',
      'PPT_CONFLICT',
    ])
    expect(await operators.list()).toHaveLength(1)
  })

  it('leaves nothing behind when the password is refused', async () => {
    await expect(operators.createFirst({ name: 'Ann', password: 'password' })).rejects.toMatchObject({ code: 'PPT_INVALID' })
    expect(await operators.needed()).toBe(true)
  })
})

describe('names', () => {
  it('are unique without regard to case, width and composition', async () => {
    await operators.create({ name: 'Zoë', password: PASSWORD, role: 'admin' })
    for (const name of ['zoë', 'ZOË', 'Zoe\u0308', '\uFF3Aoë']) {
      await expect(operators.create({ name, password: PASSWORD, role: 'viewer' })).rejects.toMatchObject({ code: 'PPT_CONFLICT' })
    }
    await expect(operators.create({ name: 'Zoe', password: PASSWORD, role: 'viewer' })).resolves.toBeDefined()
  })

  it('find their operator in any spelling', async () => {
    const { id } = await operators.create({ name: 'Ann', password: PASSWORD, role: 'viewer' })
    expect((await operators.verify('ANN', PASSWORD))?.id).toBe(id)
    expect((await operators.verify(' ann ', PASSWORD))?.id).toBe(id)
  })
})

describe('verify', () => {
  it('answers nobody for a wrong password, an unknown name and an empty one', async () => {
    await operators.create({ name: 'Ann', password: PASSWORD, role: 'viewer' })
    expect(await operators.verify('Ann', 'another password')).toBeUndefined()
    expect(await operators.verify('Bob', PASSWORD)).toBeUndefined()
    expect(await operators.verify('', PASSWORD)).toBeUndefined()
    expect(await operators.verify("' or 1=1 --", PASSWORD)).toBeUndefined()
  })

  it('takes the same work for an unknown name as for a known one', async () => {
    await operators.create({ name: 'Ann', password: PASSWORD, role: 'viewer' })
    await operators.verify('Bob', 'warm up the decoy')
    const work = async (name: string): Promise<number> => {
      const start = process.cpuUsage()
      for (let i = 0; i < 3; i++) await operators.verify(name, 'wrong password')
      const { user, system } = process.cpuUsage(start)
      return user + system
    }
    const [known, unknown] = [await work('Ann'), await work('Bob')]
    // an unknown name without the hash would cost a hundredth
    expect(unknown).toBeGreaterThan(known / 4)
  })
})

describe('remove', () => {
  it('refuses the last admin and lets any other go', async () => {
    const ann = await operators.create({ name: 'Ann', password: PASSWORD, role: 'admin' })
    const ben = await operators.create({ name: 'Ben', password: PASSWORD, role: 'admin' })
    await operators.create({ name: 'Viv', password: PASSWORD, role: 'viewer' })
    await operators.remove(ann.id)
    await expect(operators.remove(ben.id)).rejects.toMatchObject({ code: 'PPT_CONFLICT', detail: expect.stringContaining('last admin') })
    await expect(operators.remove(ann.id)).rejects.toMatchObject({ code: 'PPT_NOT_FOUND' })
    expect(new Set((await operators.list()).map(({ name }) => name))).toEqual(new Set(['Ben', 'Viv']))
  })

  it('keeps one admin when two remove each other at the same moment', async () => {
    const ids = await Promise.all(
      ['Ann', 'Ben'].map(async (name) => (await operators.create({ name, password: PASSWORD, role: 'admin' })).id),
    )
    const tries = await Promise.allSettled(ids.map((id) => operators.remove(id)))
    expect(tries.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(await operators.list()).toHaveLength(1)
  })
})

describe('what is remembered of an operator', () => {
  it('is the last sign-in and the last address', async () => {
    const { id } = await operators.create({ name: 'Ann', password: PASSWORD, role: 'admin' })
    now += 1_000
    await operators.noteSignIn(id, '203.0.113.7')
    expect((await operators.get(id))?.lastSignInAt).toBe(now)
    expect(await operators.recentAddresses(now - 1)).toEqual([{ operator: expect.any(String), address: '203.0.113.7', at: now }])
    now += 1_000
    await operators.noteSeen(id, '203.0.113.8')
    expect(await operators.recentAddresses(now)).toEqual([{ operator: expect.any(String), address: '203.0.113.8', at: now }])
    expect(await operators.recentAddresses(now + 1)).toEqual([])
  })

  it('never holds the password', async () => {
    await operators.create({ name: 'Ann', password: PASSWORD, role: 'admin' })
    const { rows } = await database.pool.query('select * from operators')
    expect(JSON.stringify(rows)).not.toContain(PASSWORD)
    expect(rows[0].password_hash).toMatch(/^ppt1\./)
    expect(
      testVault().open(rows[0].password_hash, { table: 'operators', column: 'password_hash', row: [rows[0].id], type: 'text' }),
    ).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/)
  })
})
