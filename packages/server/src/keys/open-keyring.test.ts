import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../db/test-database.js'
import { keyFilePath } from './key-file.js'
import { openKeyring } from './open-keyring.js'

let database: TestDatabase
let dir: string
const clock = (): number => 1_795_200_000_000

beforeAll(async () => {
  database = await createTestDatabase()
}, 60_000)
afterAll(() => database.close())
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'parapet-keys-'))
  await database.owner().query('delete from key_check')
  await database.owner().query('delete from operators')
})
afterEach(() => rm(dir, { recursive: true, force: true }))

const open = () => openKeyring({ dataDir: dir, pool: database.pool, clock })
const addOperator = () =>
  database.pool.query(
    `insert into operators (id, name, name_key, role, password_hash, form, created_at) values ('1', 'ann', 'ann', 'admin', 'x', 1, 1)`,
  )

describe('openKeyring', () => {
  it('makes a key for an empty store, 0600, and says so', async () => {
    const opened = await open()
    expect(opened).toMatchObject({ created: true, path: keyFilePath(dir) })
    expect((await stat(opened.path)).mode & 0o777).toBe(0o600)
    expect(Buffer.from(JSON.parse(await readFile(opened.path, 'utf8')).key, 'base64url')).toHaveLength(32)
  })

  it('makes the data directory where only the database was prepared', async () => {
    const fresh = join(dir, 'not', 'there')
    const opened = await openKeyring({ dataDir: fresh, pool: database.pool, clock })
    expect(opened.created).toBe(true)
    expect((await stat(fresh)).mode & 0o777).toBe(0o700)
  })

  it('opens the same key again', async () => {
    const first = await open()
    await addOperator()
    const second = await open()
    expect(second).toMatchObject({ created: false, id: first.id })
    expect(second.keyring.verify('p', 'data', first.keyring.sign('p', 'data'))).toBe(true)
  })

  it('uses a key file that stands there already for a new database', async () => {
    const first = await open()
    await database.owner().query('delete from key_check')
    expect(await open()).toMatchObject({ created: false, id: first.id })
  })

  it('refuses a store that holds data when its key file is gone, and makes none', async () => {
    await open()
    await addOperator()
    await rm(keyFilePath(dir))
    await expect(open()).rejects.toMatchObject({ code: 'PPT_KEYS_MISSING', detail: expect.stringContaining(keyFilePath(dir)) })
    await expect(stat(keyFilePath(dir))).rejects.toMatchObject({ code: 'ENOENT' })
  })

  it('refuses a store with data whose key record was removed', async () => {
    await open()
    await addOperator()
    await database.owner().query('delete from key_check')
    await expect(open()).rejects.toMatchObject({ code: 'PPT_KEYS_MISSING' })
  })

  it('refuses the key of another installation, naming both', async () => {
    const first = await open()
    await rm(keyFilePath(dir))
    await database.owner().query('delete from key_check')
    const second = await open()
    expect(second.id).not.toBe(first.id)
    await database.owner().query('update key_check set key_id = $1', [first.id])
    await expect(open()).rejects.toMatchObject({
      code: 'PPT_KEYS_MISSING',
      detail: expect.stringMatching(new RegExp(`${second.id}.*${first.id}`)),
    })
  })

  it('refuses a key file whose key was changed under the same id', async () => {
    const { path } = await open()
    const file = JSON.parse(await readFile(path, 'utf8'))
    await writeFile(path, JSON.stringify({ ...file, key: Buffer.alloc(32, 1).toString('base64url') }))
    await expect(open()).rejects.toMatchObject({ code: 'PPT_KEYS_MISSING' })
  })

  it('never replaces a damaged key file', async () => {
    for (const text of ['', '{', '{"version":1}', '{"version":1,"id":"abcdefgh","createdAt":"2026-11-21T00:00:00Z","key":"AAAA"}']) {
      await writeFile(keyFilePath(dir), text)
      await expect(open()).rejects.toMatchObject({ code: 'PPT_KEYS_MISSING', detail: expect.stringContaining('damaged') })
      expect(await readFile(keyFilePath(dir), 'utf8')).toBe(text)
    }
  })

  it('gives two servers that start at once on an empty store one and the same key', async () => {
    const opened = await Promise.all([open(), open(), open()])
    expect(new Set(opened.map(({ id }) => id)).size).toBe(1)
    expect((await database.pool.query('select count(*)::int as n from key_check')).rows[0]).toEqual({ n: 1 })
  })

  it('does not let the application change the record', async () => {
    await open()
    await expect(database.pool.query(`update key_check set signature = 'x'`)).rejects.toMatchObject({ code: '42501' })
    await expect(database.pool.query('delete from key_check')).rejects.toMatchObject({ code: '42501' })
  })
})
