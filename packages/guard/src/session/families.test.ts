import type { Store } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../store/memory-store.js'
import { createFamilies, type Families } from './families.js'
import { keyOfToken, type LiveRecord } from './record.js'

const NOW = 1_800_000_000_000
const HOUR = 3_600_000
const live = (id: string, more: Partial<LiveRecord> = {}): LiveRecord => ({
  kind: 'live',
  id,
  subject: 'anna',
  data: {},
  createdAt: NOW,
  authenticatedAt: NOW,
  seenAt: NOW,
  expiresAt: NOW + 12 * HOUR,
  factors: [],
  ...more,
})
const setup = (
  wrap: (memory: Store) => Store = (memory) => memory,
): { families: Families; store: Store; advance: (ms: number) => void } => {
  let now = NOW
  const store = wrap(memoryStore({ clock: () => now }))
  return {
    families: createFamilies(store, () => now, HOUR),
    store,
    advance: (ms) => {
      now += ms
    },
  }
}

describe('a session in the memory of this process', () => {
  it('is read at once, and never past a read that somebody has put in front', async () => {
    const { families, store } = setup()
    await families.save('session:a', live('a'), null)
    expect(families.read('session:a')).toMatchObject({ record: { id: 'a' } })
    const gone = createFamilies({ ...store, read: async () => undefined }, () => NOW, HOUR)
    expect(gone.read('session:a')).toBeInstanceOf(Promise)
    expect(await gone.read('session:a')).toBeUndefined()
  })

  it('is gone with the very next read once it was removed', async () => {
    const { families } = setup()
    await families.save('session:a', live('a'), null)
    expect(families.read('session:a')).toBeDefined()
    await families.remove('session:a')
    expect(families.read('session:a')).toBeUndefined()
  })
})

describe('a session at rest', () => {
  it('is written once, and changed only by who has read it last', async () => {
    const { families } = setup()
    expect(await families.save('session:a', live('a'), null)).toBe(true)
    expect(await families.save('session:a', live('b'), null)).toBe(false)
    const first = await families.read('session:a')
    expect(first?.record.id).toBe('a')
    expect(await families.save('session:a', live('a', { data: { n: 1 } }), first?.version ?? '')).toBe(true)
    expect(await families.save('session:a', live('a', { data: { n: 2 } }), first?.version ?? '')).toBe(false)
    expect(await families.read('session:a')).toMatchObject({ record: { data: { n: 1 } } })
  })

  it('is parsed once as long as the store gives the same version, and never a moment longer', async () => {
    let reads = 0
    const { families, store } = setup((memory) => ({ ...memory, read: (key) => (reads++, memory.read(key)) }))
    await families.save('session:a', live('a', { data: { cart: [1] } }), null)
    const first = await families.read('session:a')
    expect((await families.read('session:a'))?.record).toBe(first?.record)
    // another process changes it, ends it, or makes it anew: the store is asked each time
    await store.write('session:a', JSON.stringify(live('a', { data: { cart: [2] } })), { ttlMs: HOUR })
    expect((await families.read('session:a'))?.record).toMatchObject({ data: { cart: [2] } })
    await store.remove('session:a')
    expect(await families.read('session:a')).toBeUndefined()
    expect(reads).toBe(4)
  })

  it('cannot be changed by one request for the next one that reads it', async () => {
    const { families } = setup()
    await families.save('session:a', live('a', { data: { cart: [1], user: { name: 'anna' } } }), null)
    const found = (await families.read('session:a')) as { record: { data: { cart: number[]; user: { name: string } } } } | undefined
    const data = found?.record.data ?? { cart: [], user: { name: '' } }
    expect(() => data.cart.push(2)).toThrow(TypeError)
    expect(() => Object.assign(data.user, { name: 'eve' })).toThrow(TypeError)
    expect((await families.read('session:a'))?.record).toMatchObject({ data: { cart: [1], user: { name: 'anna' } } })
  })

  it('is not written beyond its end, and leaves the store when nobody uses it', async () => {
    const { families, advance } = setup()
    expect(await families.save('session:a', live('a', { expiresAt: NOW }), null)).toBe(false)
    await families.save('session:a', live('a'), null)
    advance(HOUR - 1)
    expect(await families.read('session:a')).toBeDefined()
    advance(1)
    expect(await families.read('session:a')).toBeUndefined()
  })

  it('that is too large is refused with an error of its own, and nothing is written', async () => {
    const { families } = setup()
    await expect(families.save('session:a', live('a', { data: { x: 'x'.repeat(17_000) } }), null)).rejects.toMatchObject({
      code: 'PPT_INVALID',
    })
    expect(await families.read('session:a')).toBeUndefined()
  })

  it('of somebody else, or damaged, is in nobody’s list', async () => {
    const { families, store } = setup()
    await families.save('session:a', live('a'), null)
    const group = 'sessions:' + keyOfToken('anna').slice('session:'.length)
    await store.write('session:junk', '{"kind":', { ttlMs: HOUR, group })
    await store.write('session:other', JSON.stringify(live('x', { subject: 'bert' })), { ttlMs: HOUR, group })
    expect((await families.live('anna')).map(({ id }) => id)).toEqual(['a'])
  })

  it('is listed by last use, then by beginning', async () => {
    const { families } = setup()
    await families.save('session:a', live('a', { seenAt: NOW - 5 }), null)
    await families.save('session:b', live('b', { seenAt: NOW }), null)
    await families.save('session:c', live('c', { seenAt: NOW, createdAt: NOW + 1 }), null)
    expect((await families.live('anna')).map(({ id }) => id)).toEqual(['c', 'b', 'a'])
  })
})

describe('a family', () => {
  const filled = async (wrap?: (memory: Store) => Store): Promise<ReturnType<typeof setup>> => {
    const all = setup(wrap)
    for (const [key, id] of [
      ['a', 'one'],
      ['b', 'one'],
      ['c', 'two'],
    ] as const)
      await all.families.save(`session:${key}`, live(id), null)
    const first = await all.families.read('session:a')
    const mark = { kind: 'rotated', id: 'one', subject: 'anna', at: NOW, to: 'session:b', expiresAt: NOW + 12 * HOUR } as const
    expect(await all.families.bury('session:a', mark, first?.version ?? '')).toBe(true)
    expect(await all.families.bury('session:a', mark, first?.version ?? '')).toBe(false)
    return all
  }

  it('ends with every id that it has had, and no other ends with it', async () => {
    const { families } = await filled()
    await families.end('anna', 'one')
    for (const key of ['session:a', 'session:b']) expect(await families.read(key)).toBeUndefined()
    expect(await families.read('session:c')).toBeDefined()
  })

  it('may be kept while all others end, with what is left of ids that were replaced', async () => {
    const { families } = await filled()
    expect(await families.endAll('anna', 'two')).toEqual(['one'])
    expect(await families.read('session:a')).toBeUndefined()
    expect(await families.read('session:c')).toBeDefined()
    expect(await families.endAll('anna', undefined)).toEqual(['two'])
    expect(await families.live('anna')).toEqual([])
  })

  it('keeps the mark of a replaced id for as long as the session could live: its use is a theft', async () => {
    const { families, advance } = await filled()
    advance(11 * HOUR)
    expect(await families.read('session:a')).toMatchObject({ record: { kind: 'rotated', to: 'session:b' } })
    advance(HOUR)
    expect(await families.read('session:a')).toBeUndefined()
  })

  it('that cannot be ended says so', async () => {
    const { families } = await filled((memory) => ({ ...memory, remove: async () => undefined }))
    await expect(families.end('anna', 'one')).rejects.toThrow('changes while it is ended')
    await expect(families.endAll('anna', 'two')).rejects.toThrow('changes while it is ended')
  })
})
