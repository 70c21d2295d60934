import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { ParapetError } from '@parapet/core'
import { isUnavailable, toDatabaseError } from './errors.js'
import { checkDatabaseUrl, checkServerVersion, prepareExternal } from './external.js'
import { checkLimit, columnText, pageOf, readCursor } from './paging.js'
import { connectionConfig, createPool, transaction, withClient } from './pools.js'
import { openDatabase, startDatabase } from './start.js'
import { createTestDatabase, silentLog, type TestDatabase } from './test-database.js'
import { ADMIN_ROLE, OWNER_ROLE } from './types.js'

let database: TestDatabase
const urlAs = (user: string): string => `postgresql://${user}@localhost/${database.name}?host=${encodeURIComponent(database.socketDir)}`

beforeAll(async () => {
  database = await createTestDatabase()
  await database.owner().query('CREATE TABLE pool_rows (id bigint); GRANT SELECT, INSERT ON pool_rows TO parapet_app')
}, 60_000)
afterAll(() => database.close())

describe('a transaction', () => {
  it('keeps everything or nothing', async () => {
    await transaction(database.pool, (client) => client.query('INSERT INTO pool_rows VALUES (1)'))
    const failing = transaction(database.pool, async (client) => {
      await client.query('INSERT INTO pool_rows VALUES (2)')
      throw new Error('stop')
    })
    await expect(failing).rejects.toThrow('stop')
    const { rows } = await database.pool.query<{ id: number }>('SELECT id FROM pool_rows')
    expect(rows).toEqual([{ id: 1 }])
  })

  it('gives back a connection that works after one that was broken', async () => {
    for (let i = 0; i < 3; i++) {
      const broken = withClient(database.pool, async (client) => {
        await database.cut('parapet')
        await client.query('SELECT 1')
      })
      await expect(broken).rejects.toMatchObject({ code: 'PPT_DATABASE_UNAVAILABLE' })
    }
    await expect(database.pool.query('SELECT 1 AS one')).resolves.toMatchObject({ rows: [{ one: 1 }] })
  })
})

describe('listen', () => {
  it('brings notifications to every listener of a channel and to no other, until each is ended', async () => {
    const heard: string[] = []
    const endFirst = await database.listen('channel_a', (payload) => heard.push(`first ${payload}`))
    await database.listen('channel_a', (payload) => heard.push(`second ${payload}`))
    await database.listen('channel_b', (payload) => heard.push(`other ${payload}`))
    await database.pool.query(`NOTIFY channel_a, '1'`)
    await vi.waitFor(() => expect(heard).toEqual(['first 1', 'second 1']))
    endFirst()
    await database.pool.query(`NOTIFY channel_a, '2'`)
    await vi.waitFor(() => expect(heard).toEqual(['first 1', 'second 1', 'second 2']))
  })

  it('comes back by itself and wakes its listeners, who may have missed something', async () => {
    const heard: string[] = []
    await database.listen('channel_c', (payload) => heard.push(payload))
    await database.cut('parapet-listener')
    await vi.waitFor(() => expect(heard).toContain(''), { timeout: 5_000 })
    await database.pool.query(`NOTIFY channel_c, 'again'`)
    await vi.waitFor(() => expect(heard).toContain('again'))
  })

  it('goes on after a listener that throws', async () => {
    const heard: string[] = []
    await database.listen('channel_d', () => {
      throw new Error('mine')
    })
    await database.listen('channel_d', (payload) => heard.push(payload))
    await database.pool.query(`NOTIFY channel_d, 'x'`)
    await vi.waitFor(() => expect(heard).toEqual(['x']))
  })

  it('takes no channel name that would not be safe in SQL', async () => {
    await expect(database.listen('a; DROP TABLE pool_rows', () => undefined)).rejects.toThrow(TypeError)
  })
})

describe('an external database', () => {
  it('runs requests as the application role even though it signs in as another user, and cannot leave it by RESET', async () => {
    const external = await startDatabase({ databaseUrl: urlAs(ADMIN_ROLE), dataDir: '/nowhere', poolSize: 2 }, silentLog)
    expect(external.kind).toBe('external')
    const who = async (): Promise<unknown> => (await external.pool.query('SELECT current_user::text AS name')).rows[0]
    expect(await who()).toEqual({ name: 'parapet_app' })
    await external.pool.query('RESET ROLE')
    expect(await who()).toEqual({ name: 'parapet_app' })
    expect((await external.owner().query('SELECT current_user::text AS name')).rows[0]).toEqual({ name: ADMIN_ROLE })
    await expect(external.pool.query('DELETE FROM events')).rejects.toMatchObject({ code: '42501' })
    const heard: string[] = []
    await external.listen('channel_e', (payload) => heard.push(payload))
    await external.pool.query(`NOTIFY channel_e, 'x'`)
    await vi.waitFor(() => expect(heard).toEqual(['x']))
    await external.close()
  })

  it('says what to run when the user of the URL may not grant the application role', async () => {
    const owner = createPool({ kind: 'url', url: urlAs(OWNER_ROLE) }, { size: 1, asApplication: false }, silentLog)
    await expect(prepareExternal(owner, silentLog)).rejects.toMatchObject({
      code: 'PPT_CONFIG_INVALID',
      detail: expect.stringMatching(/CREATE ROLE parapet_app NOLOGIN; GRANT/),
    })
    await owner.end()
  })

  it('refuses to run requests as anybody but the application role', async () => {
    const admin = { kind: 'socket', socketDir: database.socketDir, database: database.name, user: ADMIN_ROLE } as const
    await expect(
      openDatabase('external', { owner: admin, application: admin }, 1, () => Promise.resolve(), silentLog),
    ).rejects.toMatchObject({
      code: 'PPT_CONFIG_INVALID',
      detail: expect.stringContaining(ADMIN_ROLE),
    })
  })

  it.each([
    ['nobody listens', 'postgresql://ann@127.0.0.1:1/db', 'PPT_DATABASE_UNAVAILABLE'],
    ['the name resolves to nothing', 'postgresql://ann@parapet.invalid/db', 'PPT_DATABASE_UNAVAILABLE'],
    ['it is another scheme', 'mysql://ann:hunter2@db/x', 'PPT_CONFIG_INVALID'],
    ['it is no URL', 'hunter2', 'PPT_CONFIG_INVALID'],
  ])('says so with a code when %s', async (_why, url, code) => {
    await expect(startDatabase({ databaseUrl: url, dataDir: '/nowhere' }, silentLog)).rejects.toMatchObject({ code })
  })

  it('never repeats the URL, which holds a password', () => {
    expect(() => checkDatabaseUrl('mysql://ann:hunter2@db/x')).toThrow(
      expect.not.objectContaining({ message: expect.stringContaining('hunter2') }),
    )
    expect(() => checkDatabaseUrl('postgres://ann:hunter2@db/x')).not.toThrow()
  })

  it('says so when the database or the user is unknown there', async () => {
    const wrong = urlAs(ADMIN_ROLE).replace(database.name, 'no_such_database')
    await expect(startDatabase({ databaseUrl: wrong, dataDir: '/nowhere' }, silentLog)).rejects.toMatchObject({
      code: 'PPT_CONFIG_INVALID',
    })
    await expect(startDatabase({ databaseUrl: urlAs('stranger'), dataDir: '/nowhere' }, silentLog)).rejects.toMatchObject({
      code: 'PPT_CONFIG_INVALID',
    })
  })

  it('takes PostgreSQL 15 to 18 and no other', () => {
    for (const version of [150_000, 150_018, 180_004]) expect(() => checkServerVersion(version)).not.toThrow()
    for (const version of [140_012, 190_000, 90_600, Number.NaN]) {
      if (Number.isNaN(version)) continue
      expect(() => checkServerVersion(version)).toThrow(expect.objectContaining({ code: 'PPT_DATABASE_VERSION' }))
    }
  })

  it('keeps start-up options of the operator beside its own', () => {
    const config = connectionConfig({ kind: 'url', url: 'postgresql://ann@db/x?options=-c%20work_mem%3D8MB&sslmode=disable' }, true)
    expect(config.options).toBe('-c work_mem=8MB -c search_path=parapet -c role=parapet_app')
    expect(config.connectionString).toBe('postgresql://ann@db/x?sslmode=disable')
  })
})

describe('errors of the database', () => {
  it('tell a database that is away from one that refuses', () => {
    const coded = (code: string): Error => Object.assign(new Error('x'), { code })
    for (const code of ['ECONNREFUSED', 'ENOENT', '57P01', '57P03', '08006', '53300']) expect(isUnavailable(coded(code))).toBe(true)
    for (const code of ['23505', '42501', '22P02', '40001']) expect(isUnavailable(coded(code))).toBe(false)
    expect(isUnavailable(new Error('Connection terminated unexpectedly'))).toBe(true)
    expect(isUnavailable(new AggregateError([coded('ECONNREFUSED')]))).toBe(true)
    expect(isUnavailable('text')).toBe(false)
  })

  it('keep the cause for the log and out of the message', () => {
    const cause = Object.assign(new Error('connect ECONNREFUSED /secret/path'), { code: 'ECONNREFUSED' })
    const error = toDatabaseError(cause) as ParapetError
    expect(error).toMatchObject({ code: 'PPT_DATABASE_UNAVAILABLE', cause })
    expect(error.message).not.toContain('secret')
    const own = new ParapetError('PPT_CONFLICT')
    expect(toDatabaseError(own)).toBe(own)
  })
})

describe('paging', () => {
  it('takes its own cursors and nothing else', () => {
    expect(readCursor('42')).toBe(42)
    for (const none of [null, undefined, '']) expect(readCursor(none)).toBeNull()
    for (const bad of ['-1', '1.5', '1e9', 'x', '9'.repeat(16), ' 1'])
      expect(() => readCursor(bad)).toThrow(expect.objectContaining({ code: 'PPT_INVALID' }))
  })

  it('has a next page only when there is one more row', () => {
    const page = (rows: number[], limit: number) =>
      pageOf(
        rows,
        limit,
        (row) => row,
        (row) => `r${row}`,
      )
    expect(page([3, 2, 1], 2)).toEqual({ items: ['r3', 'r2'], next: '2' })
    expect(page([3, 2], 2)).toEqual({ items: ['r3', 'r2'], next: null })
    expect(page([], 2)).toEqual({ items: [], next: null })
  })

  it('bounds what a page and a column hold', () => {
    expect(checkLimit(1_000)).toBe(1_000)
    for (const bad of [0, -1, 1.5, 1_001, Number.NaN])
      expect(() => checkLimit(bad)).toThrow(expect.objectContaining({ code: 'PPT_INVALID' }))
    expect(columnText('a\0b')).toBe('a\uFFFDb')
    expect(columnText('x'.repeat(1_000))).toHaveLength(256)
  })
})
