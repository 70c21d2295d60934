import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createTestPlace, postgresHere, type TestPlace } from '../sealed/fixtures/test-place.js'
import { createPostgresKeysetStore } from './index.js'

describe.skipIf(!postgresHere.ok)(`a keyset in PostgreSQL${postgresHere.note}`, () => {
  let place: TestPlace
  beforeAll(async () => {
    place = await createTestPlace()
  }, 60_000)
  afterAll(() => place?.close(), 30_000)

  it('is written by whoever was first, and changed only by who read it last', async () => {
    const { keyset } = await place.keys.open()
    const store = createPostgresKeysetStore(place.pool)
    expect(store.where).toBe('the table public.parapet_keysets')
    expect(await store.read()).toBeUndefined()
    const firsts = await Promise.all(Array.from({ length: 6 }, () => store.write(keyset, null)))
    expect(firsts.filter(Boolean)).toHaveLength(1)
    const found = await store.read()
    expect(found?.keyset).toEqual(keyset)
    const changed = { ...keyset, kek: 'file:/elsewhere' }
    const writes = await Promise.all(Array.from({ length: 6 }, () => store.write(changed, found?.version ?? '')))
    expect(writes.filter(Boolean)).toHaveLength(1)
    expect(await store.write(keyset, found?.version ?? '')).toBe(false)
    expect((await store.read())?.keyset.kek).toBe('file:/elsewhere')
    expect(await createPostgresKeysetStore(place.pool, { name: 'other' }).read()).toBeUndefined()
  })

  it('is refused when it was damaged, without repeating it', async () => {
    await place.pool.query(`update parapet_keysets set keyset = '{"version": 1, "secret": "in here"}'`)
    await expect(createPostgresKeysetStore(place.pool).read()).rejects.toMatchObject({
      code: 'PPT_KEYSET_INVALID',
      message: expect.not.stringContaining('in here'),
    })
  })

  it('holds no key that opens without the KEK', async () => {
    const opened = await place.keys.open()
    const store = createPostgresKeysetStore(place.pool, { name: 'dump' })
    await store.write(opened.keyset, null)
    const { rows } = await place.pool.query<{ text: string }>(`select keyset as text from parapet_keysets where name = 'dump'`)
    expect(Object.keys((JSON.parse(rows[0]?.text ?? '') as { keys: object[] }).keys[0] ?? {}).toSorted()).toEqual([
      'alg',
      'created',
      'id',
      'kcv',
      'since',
      'status',
      'wrapped',
    ])
  })
})
