import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createExpiryHeap } from './expiry-heap.js'
import { memoryStore, type MemoryStoreOptions } from './memory-store.js'
import { storeConformance } from './store-conformance.js'

const setup = (
  options: Omit<MemoryStoreOptions, 'clock'> = {},
): { store: ReturnType<typeof memoryStore>; advance: (ms: number) => Promise<void> } => {
  let now = 1_000
  return {
    store: memoryStore({ ...options, clock: () => now }),
    advance: async (ms) => {
      now += ms
    },
  }
}

describe('memoryStore keeps every promise of the Store port', () => {
  it.each(storeConformance)('$name', (check) => {
    const { store, advance } = setup()
    return check.run({ store, others: [store], advance })
  })
})

describe('the conformance checks', () => {
  it('find a store that forgets versions', async () => {
    const { store, advance } = setup()
    const broken = {
      ...store,
      write: (key: string, value: string, options: { ttlMs: number }) => store.write(key, value, { ttlMs: options.ttlMs }),
    }
    const failed: string[] = []
    for (const check of storeConformance) await check.run({ store: broken, advance }).catch(() => failed.push(check.name))
    expect(failed.length).toBeGreaterThanOrEqual(6)
  })
})

describe('the bound of memoryStore', () => {
  it('drops what would expire soonest, so that counters go before sessions', async () => {
    const { store } = setup({ maxEntries: 3 })
    await store.write('session', 's', { ttlMs: 3_600_000, group: 'g' })
    await store.write('lock', 'l', { ttlMs: 86_400_000 })
    for (let i = 0; i < 100; i++) await store.write(`counter-${i}`, 'c', { ttlMs: 900_000 })
    expect(await store.read('session')).toMatchObject({ value: 's' })
    expect(await store.read('lock')).toMatchObject({ value: 'l' })
    expect(store.stats()).toEqual({ entries: 3, evicted: 99, refused: 0 })
  })

  it('takes an evicted value out of its group', async () => {
    const { store } = setup({ maxEntries: 1 })
    await store.write('a', '1', { ttlMs: 1_000, group: 'g' })
    await store.write('b', '2', { ttlMs: 1_000 })
    expect(await store.list('g')).toEqual([])
  })

  it('rejects new keys but not rewrites when told to refuse', async () => {
    const { store, advance } = setup({ maxEntries: 1, whenFull: 'refuse' })
    await store.write('a', '1', { ttlMs: 1_000 })
    await expect(store.write('b', '2', { ttlMs: 1_000 })).rejects.toMatchObject({ code: 'PPT_BACKPRESSURE' })
    expect(await store.write('a', '3', { ttlMs: 1_000 })).toBe(true)
    await advance(1_001)
    expect(await store.write('b', '2', { ttlMs: 1_000 })).toBe(true)
    expect(store.stats().refused).toBe(1)
  })

  it('frees what has expired without counting it as evicted', async () => {
    const { store, advance } = setup({ maxEntries: 10 })
    for (let i = 0; i < 10; i++) await store.write(`a${i}`, 'x', { ttlMs: 100 })
    await advance(101)
    for (let i = 0; i < 10; i++) await store.write(`b${i}`, 'x', { ttlMs: 100 })
    expect(store.stats()).toEqual({ entries: 10, evicted: 0, refused: 0 })
  })

  it('does not grow with rewrites of one key', async () => {
    const { store } = setup()
    for (let i = 0; i < 10_000; i++) await store.write('counter', String(i), { ttlMs: 1_000 })
    expect(store.stats().entries).toBe(1)
  })

  it.each([
    ['', 'x', 1, 'store key'],
    ['k'.repeat(513), 'x', 1, 'store key'],
    ['k', 'x'.repeat(65_537), 1, 'store value'],
    ['k', 'x', 0, 'store ttlMs'],
    ['k', 'x', Number.NaN, 'store ttlMs'],
  ])('refuses what is out of the bounds of the port', async (key, value, ttlMs, message) => {
    await expect(setup().store.write(key, value, { ttlMs })).rejects.toThrow(message)
  })

  it('refuses bad options at start, by name', () => {
    expect(() => memoryStore({ maxEntries: 0 })).toThrow('memoryStore.maxEntries is 0')
    expect(() => memoryStore({ whenFull: 'drop' as 'evict' })).toThrow('memoryStore.whenFull')
    expect(() => memoryStore({ size: 1 } as MemoryStoreOptions)).toThrow('memoryStore has no option "size"')
  })
})

describe('the expiry heap', () => {
  it('gives entries out in the order of their time, whatever was thrown out between', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 60 }), fc.integer({ min: 0, max: 50 }), (times, cut) => {
        const heap = createExpiryHeap<{ expiresAt: number }>()
        for (const expiresAt of times) heap.push({ expiresAt })
        heap.keep(({ expiresAt }) => expiresAt !== cut)
        const out: number[] = []
        while (heap.size > 0) out.push(heap.pop()?.expiresAt ?? -1)
        expect(out).toEqual(times.filter((time) => time !== cut).toSorted((a, b) => a - b))
        expect(heap.peek()).toBeUndefined()
      }),
    )
  })
})
