import { HOUR, MINUTE } from '@parapet/core'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { addPending, disableKey, enableKey, promoteKey, SETTLE_MS } from './keyset/keyset-steps.js'
import { makeKey } from './keyset/key-material.js'
import { createKeyset, openKeyset } from './open-keyset.js'
import { createMemoryKeysetStore } from './stores/memory-store.js'
import { CELL, createTestKeyset, seededRandom, TEST_NOW, testKek } from './fixtures/test-keyset.js'
import type { KekProvider, Keyset, KeysetStore } from './types.js'

const kek = testKek()
const clock = (): number => TEST_NOW
const random = seededRandom('open')
const code = (name: string, detail = /./) => expect.objectContaining({ code: name, detail: expect.stringMatching(detail) as string })
const made = async (dev = false): Promise<{ store: KeysetStore; keyset: Keyset }> => {
  const store = createMemoryKeysetStore()
  return { store, keyset: await createKeyset({ store, kek, clock, production: false, dev, random }) }
}

describe('openKeyset', () => {
  it('makes no key where there is none: PPT_KEYS_MISSING names the place', async () => {
    const store = createMemoryKeysetStore()
    await expect(openKeyset({ store, kek, clock, production: true })).rejects.toEqual(code('PPT_KEYS_MISSING', /no keyset in memory/))
    expect(await store.read()).toBeUndefined()
  })

  it('refuses in production what was made for development, and opens it elsewhere', async () => {
    const { store } = await made(true)
    await expect(openKeyset({ store, kek, clock, production: true })).rejects.toEqual(code('PPT_KEY_DEV'))
    expect((await openKeyset({ store, kek, clock, production: false })).keyset.dev).toBe(true)
  })

  it('does not believe that a keyset left development: its keys say otherwise', async () => {
    const { keyset } = await made(true)
    await expect(openKeyset({ store: createMemoryKeysetStore({ ...keyset, dev: false }), kek, clock, production: true })).rejects.toEqual(
      code('PPT_KEYSET_INVALID'),
    )
  })

  it('tells a wrong KEK from a damaged keyset', async () => {
    const { store, keyset } = await made()
    await expect(openKeyset({ store, kek: testKek('other'), clock, production: true })).rejects.toEqual(code('PPT_KEK', /file:\/other/))
    const [key] = keyset.keys
    const damaged = { ...keyset, keys: [{ ...key!, wrapped: `${key!.wrapped!.slice(0, -4)}AAAA` }] }
    await expect(openKeyset({ store: createMemoryKeysetStore(damaged), kek, clock, production: true })).rejects.toEqual(
      code('PPT_KEYSET_INVALID', /is damaged/),
    )
  })

  it('refuses a keyset in which another key than the primary is damaged: it would be missed only when it is needed', async () => {
    const test = await createTestKeyset()
    const first = test.opened.cipher.primaryKeyId
    await test.rotate()
    await test.step((keyset, now) => disableKey(keyset, first, now))
    await test.step((keyset) => ({ ...keyset, keys: keyset.keys.map((key) => (key.id === first ? { ...key, kcv: 'A'.repeat(22) } : key)) }))
    await expect(openKeyset({ store: test.store, kek: test.kek, clock, production: true })).rejects.toEqual(
      code('PPT_KEYSET_INVALID', /is damaged/),
    )
  })

  it('asks the KEK for keys in use only, and for each once', async () => {
    const test = await createTestKeyset()
    const first = test.opened.cipher.primaryKeyId
    const second = await test.rotate()
    const third = await test.rotate()
    await test.step((keyset, now) => disableKey(keyset, first, now))
    const asked: string[] = []
    const counting: KekProvider = {
      ...test.kek,
      unwrap: (wrapped, context) => {
        asked.push(context)
        return test.kek.unwrap(wrapped, context)
      },
    }
    const opened = await openKeyset({ store: test.store, kek: counting, clock: test.now, production: true })
    const numbers = (): number[] => asked.map((context) => Number(/\d+$/.exec(context)?.[0]))
    expect(numbers()).toEqual([second, third])
    await test.step((keyset, now) => enableKey(keyset, first, now))
    await opened.refresh()
    expect(numbers()).toEqual([second, third, first])
  })

  it('gives up every key when closed', async () => {
    const { opened } = await createTestKeyset()
    const sealed = opened.cipher.seal('x', CELL)
    const index = opened.blindIndex({ tenant: '', table: 't', column: 'c', normalize: [], bits: 32 })
    opened.close()
    opened.close()
    const closed = code('PPT_KEYSET_INVALID', /was closed/)
    for (const use of [
      () => opened.cipher.seal('x', CELL),
      () => opened.cipher.open(sealed, CELL),
      () => opened.cipher.primaryKeyId,
      () => index.of('x'),
      () => index.allOf('x'),
      () => opened.tokenDigest(Buffer.alloc(1)),
    ])
      expect(use).toThrow(closed)
    await expect(opened.refresh()).rejects.toEqual(closed)
  })
})

describe('createKeyset', () => {
  it('never replaces what a store holds', async () => {
    const { store, keyset } = await made()
    await expect(createKeyset({ store, kek, clock, production: true })).rejects.toEqual(
      code('PPT_CONFLICT', /memory holds a keyset already/),
    )
    expect((await store.read())?.keyset).toEqual(keyset)
  })

  it('lets one of several win who start at once', async () => {
    const store = createMemoryKeysetStore()
    const all = await Promise.allSettled(Array.from({ length: 5 }, () => createKeyset({ store, kek, clock, production: true })))
    expect(all.filter(({ status }) => status === 'fulfilled')).toHaveLength(1)
    expect(all.flatMap((each) => (each.status === 'rejected' ? [each.reason as unknown] : []))).toEqual(
      Array.from({ length: 4 }, () => code('PPT_CONFLICT')),
    )
  })

  it('makes no development keyset in production', async () => {
    const store = createMemoryKeysetStore()
    await expect(createKeyset({ store, kek, clock, production: true, dev: true })).rejects.toEqual(code('PPT_KEY_DEV'))
    expect(await store.read()).toBeUndefined()
  })

  it('writes nothing when the KEK wraps but does not unwrap: what it sealed would be locked in', async () => {
    const store = createMemoryKeysetStore()
    const broken: KekProvider = { ...kek, unwrap: () => Promise.resolve(Buffer.alloc(32)) }
    await expect(createKeyset({ store, kek: broken, clock, production: true })).rejects.toEqual(code('PPT_KEK'))
    expect(await store.read()).toBeUndefined()
  })

  it('writes the KEK by name and the key wrapped, nothing else', async () => {
    const { keyset } = await made()
    expect(keyset).toMatchObject({
      version: 1,
      dev: false,
      kek: 'file:/test',
      keys: [{ status: 'primary', created: TEST_NOW, since: TEST_NOW }],
    })
    expect(keyset.keys[0]?.wrapped).toMatch(/^[\w-]{82}$/)
  })
})

describe('refresh', () => {
  it('takes over new keys and states, in the cipher and index that are in use', async () => {
    const test = await createTestKeyset()
    const { cipher } = test.opened
    const index = test.opened.blindIndex({ tenant: '', table: 't', column: 'c', normalize: [], bits: 32 })
    const [first, before] = [cipher.primaryKeyId, index.of('x')]
    expect(await test.opened.refresh()).toBe(false)
    const second = await test.rotate()
    expect([cipher.primaryKeyId, index.of('x') === before, index.allOf('x').includes(before)]).toEqual([second, false, true])
    expect(second).not.toBe(first)
  })

  it.each<[string, string, (keyset: Keyset) => Keyset | Promise<Keyset>]>([
    ['another keyset', 'PPT_KEYSET_INVALID', async () => (await createTestKeyset('stranger')).opened.keyset],
    ['a development keyset', 'PPT_KEY_DEV', (keyset) => ({ ...keyset, dev: true })],
    ['a key that is gone', 'PPT_KEYSET_INVALID', (keyset) => ({ ...keyset, keys: keyset.keys.slice(1) })],
    [
      'a damaged key',
      'PPT_KEYSET_INVALID',
      (keyset) => ({ ...keyset, keys: keyset.keys.map((key, i) => (i === 0 ? { ...key, kcv: 'A'.repeat(22) } : key)) }),
    ],
  ])('refuses %s and goes on with the keys it has', async (_name, name, change) => {
    const test = await createTestKeyset()
    await test.rotate()
    const sealed = test.opened.cipher.seal('x', CELL)
    await test.step(change)
    await expect(test.opened.refresh()).rejects.toEqual(code(name))
    expect(test.opened.cipher.open(sealed, CELL)).toBe('x')
    expect(test.opened.cipher.open(test.opened.cipher.seal('y', CELL), CELL)).toBe('y')
  })

  it('goes on when the store or the KEK is down, and catches up afterwards', async () => {
    const test = await createTestKeyset()
    let down = true
    const store: KeysetStore = { ...test.store, read: () => (down ? Promise.reject(new Error('store is down')) : test.store.read()) }
    down = false
    const opened = await openKeyset({ store, kek: test.kek, clock: test.now, production: true })
    down = true
    const second = await test.rotate()
    await expect(opened.refresh()).rejects.toThrow('store is down')
    expect(opened.cipher.primaryKeyId).not.toBe(second)
    down = false
    expect(await opened.refresh()).toBe(true)
    expect(opened.cipher.primaryKeyId).toBe(second)
  })

  it('asked for many times at once reads once', async () => {
    const test = await createTestKeyset()
    let reads = 0
    const store: KeysetStore = {
      ...test.store,
      read: () => {
        reads++
        return test.store.read()
      },
    }
    const opened = await openKeyset({ store, kek: test.kek, clock, production: true })
    reads = 0
    await Promise.all(Array.from({ length: 10 }, () => opened.refresh()))
    expect(reads).toBe(1)
  })
})

describe('watch', () => {
  afterEach(() => vi.useRealTimers())

  it('reads the keyset again each minute, tells of failures, and stops when told to', async () => {
    vi.useFakeTimers()
    const test = await createTestKeyset()
    const errors: unknown[] = []
    const stop = test.opened.watch({ onError: (error) => errors.push(error) })
    const next = await makeKey(test.opened.keyset, { kek: test.kek, random })
    await test.step((keyset, now) => addPending(keyset, next, now))
    await vi.advanceTimersByTimeAsync(MINUTE)
    expect(test.opened.keyset.keys).toHaveLength(2)
    await test.step(async () => (await createTestKeyset('stranger')).opened.keyset)
    await vi.advanceTimersByTimeAsync(2 * MINUTE)
    expect(errors).toEqual([code('PPT_KEYSET_INVALID'), code('PPT_KEYSET_INVALID')])
    stop()
    await vi.advanceTimersByTimeAsync(HOUR)
    expect(errors).toHaveLength(2)
  })

  it('ends with the keyset', async () => {
    vi.useFakeTimers()
    const { opened } = await createTestKeyset()
    const errors: unknown[] = []
    opened.watch({ everyMs: 10, onError: (error) => errors.push(error) })
    opened.close()
    await vi.advanceTimersByTimeAsync(HOUR)
    expect(errors).toEqual([])
  })
})

describe('a keyset that could not be read for long', () => {
  it('seals no more, as its key may have been destroyed meanwhile, but opens; until it was read again', async () => {
    const test = await createTestKeyset()
    const opened = await openKeyset({ store: test.store, kek: test.kek, clock: test.now, production: true, maxAgeMs: SETTLE_MS })
    const sealed = opened.cipher.seal('x', CELL)
    test.wait(SETTLE_MS)
    opened.cipher.seal('x', CELL)
    test.wait(1)
    expect(() => opened.cipher.seal('x', CELL)).toThrow(code('PPT_KEYSET_INVALID', /last read 10m ago/))
    expect(() => opened.tokenDigest(Buffer.alloc(1))).toThrow(code('PPT_KEYSET_INVALID'))
    expect(opened.cipher.open(sealed, CELL)).toBe('x')
    await opened.refresh()
    expect(opened.cipher.open(opened.cipher.seal('y', CELL), CELL)).toBe('y')
  })
})

describe('promoting too early', () => {
  it('is what the pending time prevents: a process with an older copy would not open', async () => {
    const test = await createTestKeyset()
    const stale = await openKeyset({ store: test.store, kek: test.kek, clock: test.now, production: true })
    const next = await makeKey(test.opened.keyset, { kek: test.kek, random })
    await test.step((keyset, now) => promoteKey(addPending(keyset, next, now), next.id, { now, settleMs: 0 }))
    await test.opened.refresh()
    expect(() => stale.cipher.open(test.opened.cipher.seal('x', CELL), CELL)).toThrow(code('PPT_KEY_UNKNOWN'))
  })
})
