import { randomBytes } from 'node:crypto'
import { createKeyset, kekFromMaster } from '@parapet/privacy/encryption'
import { createPostgresKeysetStore } from '@parapet/privacy/postgres'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { createTestDatabase, type TestDatabase } from '../db/test-database.js'
import { openServerKeyset } from './open-server-keyset.js'

let database: TestDatabase
const master = randomBytes(32)
const kek = kekFromMaster(master, 'file:/data/keys.json')
const clock = (): number => Date.now()
const CONTEXT = { tenant: '', table: 't', column: 'c', row: [1], type: 'text' } as const

beforeAll(async () => {
  database = await createTestDatabase()
}, 60_000)
afterAll(() => database.close())
beforeEach(async () => {
  await database.owner().query('DELETE FROM parapet_keysets; DELETE FROM operators')
})

const open = (over: Partial<Parameters<typeof openServerKeyset>[0]> = {}) =>
  openServerKeyset({ pool: database.pool, kek, clock, production: true, ...over })
const addSealed = () =>
  database.pool.query(
    `INSERT INTO operators (id, name, name_key, role, password_hash, form, created_at) VALUES ('1', 'ann', 'ann', 'admin', 'x', 1, 1)`,
  )

describe('the keyset of an installation', () => {
  it('is made once for an empty store, by the application role, and opened ever after', async () => {
    const first = await open()
    expect(first.created).toBe(true)
    const sealed = first.keyset.cipher.seal('secret', CONTEXT)
    const second = await open()
    expect(second.created).toBe(false)
    expect(second.keyset.cipher.open(sealed, CONTEXT)).toBe('secret')
    const { rows } = await database.pool.query('SELECT * FROM parapet_keysets')
    expect(JSON.stringify(rows)).not.toContain(master.toString('base64url'))
  })

  it('is one, also when two servers start at the same moment', async () => {
    const opened = await Promise.all(Array.from({ length: 4 }, () => open()))
    expect(opened.filter(({ created }) => created)).toHaveLength(1)
    expect(new Set(opened.map(({ keyset }) => keyset.cipher.primaryKeyId)).size).toBe(1)
  })

  it('is never made anew over what is sealed: a store that has lost it is refused', async () => {
    await addSealed()
    await expect(open()).rejects.toMatchObject({ code: 'PPT_KEYS_MISSING', detail: expect.stringContaining('backup') })
    expect((await database.pool.query('SELECT 1 FROM parapet_keysets')).rowCount).toBe(0)
  })

  it('does not open with another key', async () => {
    await open()
    await expect(open({ kek: kekFromMaster(randomBytes(32), 'env:OTHER') })).rejects.toMatchObject({ code: 'PPT_KEK' })
  })

  it('of development is refused in production', async () => {
    const store = createPostgresKeysetStore(database.pool, { schema: 'parapet' })
    await createKeyset({ store, kek, clock, production: false, dev: true })
    await expect(open()).rejects.toMatchObject({ code: 'PPT_KEY_DEV' })
    expect((await open({ production: false })).created).toBe(false)
  })

  it('that is damaged is refused and left as it is', async () => {
    await open()
    await database.pool.query(`UPDATE parapet_keysets SET keyset = '{"version":1}'`)
    await expect(open()).rejects.toMatchObject({ code: 'PPT_KEYSET_INVALID' })
    expect((await database.pool.query<{ keyset: string }>('SELECT keyset FROM parapet_keysets')).rows[0]?.keyset).toBe('{"version":1}')
  })
})
