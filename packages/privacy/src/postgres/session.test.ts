import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestPlace, postgresHere, type TestPlace } from '../sealed/fixtures/test-place.js'
import { columnOf, readTable, requireKey } from './catalog.js'
import { inTransaction, openSession, retryLocked, SHORT_LOCK_WAIT, withLockedSession } from './session.js'
import { headerOf, storageOf } from './storage.js'

describe.skipIf(!postgresHere.ok)(`sessions on a real PostgreSQL${postgresHere.note}`, () => {
  let place: TestPlace
  beforeAll(async () => {
    place = await createTestPlace()
    await place.pool.query('create table t (id int primary key, v int); insert into t values (1, 0)')
  }, 60_000)
  afterAll(() => place?.close(), 30_000)

  const locks = async (): Promise<number | null> =>
    (await place.pool.query(`select 1 from pg_locks where locktype = 'advisory' and granted`)).rowCount

  it('let one run work on a name at a time, and others on other names', async () => {
    const order: string[] = []
    const run = (name: string, tag: string, ms: number): Promise<void> =>
      withLockedSession(place.pool, name, async (client) => {
        order.push(`${tag} in`)
        await client.query('select pg_sleep($1)', [ms / 1000])
        order.push(`${tag} out`)
      })
    await Promise.all([
      run('a', 'first', 300),
      run('b', 'other', 10),
      new Promise((resolve) => setTimeout(resolve, 60)).then(() => run('a', 'second', 10)),
    ])
    const of = (tag: string): string[] => order.filter((entry) => !entry.startsWith(tag === 'a' ? 'other' : tag))
    expect(of('a')).toEqual(['first in', 'first out', 'second in', 'second out'])
    expect(await locks()).toBe(0)
  })

  it('give the lock up however the work ends', async () => {
    const failing = withLockedSession(place.pool, 'c', () => Promise.reject(new Error('the work failed')))
    await expect(failing).rejects.toThrow('the work failed')
    const cut = withLockedSession(place.pool, 'c', async (client) => {
      await client.query('select pg_terminate_backend(pg_backend_pid())')
    })
    await expect(cut).rejects.toThrow(/terminat/)
    await withLockedSession(place.pool, 'c', async (client) => {
      await client.query('select 1')
    })
    expect(await locks()).toBe(0)
  })

  it('tell triggers who writes, and leave no setting behind in the pool', async () => {
    const client = await openSession(place.pool)
    const asked = `select current_setting('parapet.sealing', true) as sealing, current_setting('row_security') as security`
    expect((await client.query(asked)).rows).toEqual([{ sealing: 'on', security: 'off' }])
    client.release(true)
    for (let i = 0; i < 14; i++) expect((await place.pool.query(asked)).rows).toEqual([{ sealing: null, security: 'on' }])
  })

  it('end a statement that takes too long', async () => {
    const slow = withLockedSession(place.pool, 'd', (client) => client.query('select pg_sleep(5)'), { statementMs: 100 })
    await expect(slow).rejects.toMatchObject({ code: '57014' })
  })

  it('wait shortly for a lock on a table, and again, so that writers behind them go on', async () => {
    const holder = await place.pool.connect()
    await holder.query('begin')
    await holder.query('update t set v = v + 1')
    let attempts = 0
    let wrote = 0
    const locked = withLockedSession(place.pool, 'e', (client) =>
      retryLocked(() =>
        inTransaction(client, async () => {
          attempts++
          await client.query(SHORT_LOCK_WAIT)
          await client.query('lock table t in access exclusive mode')
        }),
      ),
    )
    for (let i = 0; i < 3; i++) {
      await place.pool.query('insert into t values ($1, 0)', [10 + i])
      wrote++
    }
    await new Promise((resolve) => setTimeout(resolve, 900))
    await holder.query('commit')
    holder.release()
    await locked
    expect([attempts > 1, wrote]).toEqual([true, 3])
  })

  it('give up on what is no lock at once', async () => {
    let attempts = 0
    const failing = retryLocked(() => {
      attempts++
      return Promise.reject(Object.assign(new Error('no'), { code: '42P01' }))
    })
    await expect(failing).rejects.toThrow('no')
    await expect(retryLocked(() => Promise.reject(Object.assign(new Error('locked'), { code: '55P03' })), 2)).rejects.toThrow('locked')
    expect(attempts).toBe(1)
  })

  it('read a table with its key in order, and follow domains to their base', async () => {
    await place.pool.query(`create domain code as varchar(20); create domain codes as code;
      create table shape (b int, "A" codes not null, c numeric(4, 2) default 1, d int generated always as identity, primary key ("A", b) include (c))`)
    const table = await readTable(place.pool, 'public', 'shape')
    expect(table.primaryKey.map(({ name, type }) => [name, type])).toEqual([
      ['A', 'varchar'],
      ['b', 'int4'],
    ])
    expect(columnOf(table, 'c')).toMatchObject({ type: 'numeric', hasDefault: true, generated: false })
    expect(columnOf(table, 'd')).toMatchObject({ generated: true })
    requireKey(table)
    expect(() => columnOf(table, 'a')).toThrow(/no column a/)
    await expect(readTable(place.pool, 'public', 'nothing')).rejects.toMatchObject({ code: 'PPT_NOT_FOUND' })
  })

  it('know the header of a key as text and as bytes', async () => {
    const { cipher } = await place.keys.open()
    const cell = { tenant: '', table: 't', column: 'c', row: [1], type: 'text' } as const
    for (let i = 0; i < 20; i++) {
      expect(cipher.seal('x'.repeat(i), cell).startsWith(String(headerOf(cipher.primaryKeyId, 'text')))).toBe(true)
      expect(cipher.sealBytes('x'.repeat(i), cell).subarray(0, 6)).toEqual(headerOf(cipher.primaryKeyId, 'bytea'))
    }
    expect(() => storageOf('int4', 't.c')).toThrow(/text, varchar, bytea/)
    expect(() => storageOf('constructor', 't.c')).toThrow(/text, varchar, bytea/)
  })
})
