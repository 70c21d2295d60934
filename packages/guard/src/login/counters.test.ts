import { createHash } from 'node:crypto'
import type { Store } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { memoryStore } from '../store/memory-store.js'
import { createCounters, type Parties } from './counters.js'
import { keyringOfSecret } from '../keyring/keyring.js'
import { LOCK_DEFAULTS } from './tally.js'

const NOW = 1_800_000_000_000
const parties = (subject: string, over: Partial<Parties> = {}): Parties => ({
  subject,
  device: undefined,
  addressKey: '203.0.113.7',
  ...over,
})
const setup = (): { counters: ReturnType<typeof createCounters>; store: Store; keys: string[] } => {
  const memory = memoryStore({ clock: () => NOW })
  const keys: string[] = []
  const store: Store = {
    ...memory,
    write: (key, value, options) => {
      keys.push(key, value)
      return memory.write(key, value, options)
    },
  }
  return { counters: createCounters(store, LOCK_DEFAULTS), store, keys }
}

describe('the counts at rest', () => {
  it('hold no subject in clear, and keys of bounded length for any name', async () => {
    const { counters, keys } = setup()
    const name = `anna@example.org ${'x'.repeat(4_000)}`
    await counters.reserve(parties(name, { device: 'd'.repeat(22) }), NOW)
    await counters.reserve(parties(name), NOW)
    await counters.failed(parties(name), NOW)
    expect(keys).toHaveLength(6)
    expect(keys.join('\n')).not.toContain('anna')
    for (const text of keys) expect(text.length).toBeLessThan(512)
  })

  it('hold names as keyed hashes where there is a keyring, and count the same', async () => {
    const { store, keys } = setup()
    const keyring = keyringOfSecret('secret', 'a secret of this test, long enough 123')
    const counters = createCounters(store, LOCK_DEFAULTS, keyring)
    for (let i = 0; i < LOCK_DEFAULTS.failures; i++) await counters.reserve(parties('anna'), NOW)
    expect(await counters.standing(parties('anna'), NOW)).toMatchObject({ kind: 'locked' })
    const plain = createHash('sha256').update('anna').digest('base64url')
    // what anybody can compute from a list of names is not there, in keys or in values
    for (const text of keys) expect(text).not.toContain(plain.slice(0, 12))
    await counters.forgetSubject('anna')
    expect(await counters.standing(parties('anna'), NOW)).toEqual({ kind: 'open' })
  })

  it('keep subject, device and address apart', async () => {
    const { counters } = setup()
    for (let i = 0; i < 5; i++) await counters.reserve(parties('anna'), NOW)
    expect(await counters.standing(parties('anna'), NOW)).toMatchObject({ kind: 'locked', scope: 'subject' })
    expect(await counters.standing(parties('anna', { device: 'laptop' }), NOW)).toEqual({ kind: 'open' })
    expect(await counters.standing(parties('bert'), NOW)).toEqual({ kind: 'open' })
  })

  it('do not mix a device up with another subject of the same device', async () => {
    const { counters } = setup()
    for (let i = 0; i < 5; i++) await counters.reserve(parties('anna', { device: 'shared' }), NOW)
    expect(await counters.standing(parties('anna', { device: 'shared' }), NOW)).toMatchObject({ scope: 'device' })
    expect(await counters.standing(parties('bert', { device: 'shared' }), NOW)).toEqual({ kind: 'open' })
  })
})

describe('reserving', () => {
  it('tells what is left and that the last one locks', async () => {
    const { counters } = setup()
    const told: (number | undefined)[] = []
    for (let i = 0; i < 4; i++) {
      const reserved = await counters.reserve(parties('anna'), NOW)
      told.push(reserved.kind === 'open' ? reserved.remaining : -1)
    }
    expect(told).toEqual([4, 3, 2, 1])
    expect(await counters.reserve(parties('anna'), NOW)).toEqual({ kind: 'open', remaining: 0, locks: true })
    expect(await counters.reserve(parties('anna'), NOW)).toMatchObject({ kind: 'locked', until: NOW + 900_000 })
  })

  it('in parallel never gives out more than five', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 40 }), async (parallel) => {
        const { counters } = setup()
        const reserved = await Promise.all(Array.from({ length: parallel }, () => counters.reserve(parties('anna'), NOW)))
        expect(reserved.filter(({ kind }) => kind === 'open')).toHaveLength(Math.min(5, parallel))
      }),
      { numRuns: 20 },
    )
  })

  it('does not count for the address before the check has failed: forty people may sign in at once', async () => {
    const { counters } = setup()
    for (let i = 0; i < 40; i++) await counters.reserve(parties(`person${i}`), NOW)
    expect(await counters.standing(parties('next'), NOW)).toEqual({ kind: 'open' })
  })
})

describe('failing', () => {
  it('locks the address with its fifth subject and says so once', async () => {
    const { counters } = setup()
    const locked: boolean[] = []
    for (const subject of ['a', 'b', 'c', 'd', 'e', 'f']) locked.push(await counters.failed(parties(subject), NOW))
    expect(locked).toEqual([false, false, false, false, true, false])
    expect(await counters.reserve(parties('g'), NOW)).toMatchObject({ kind: 'locked', scope: 'address' })
  })

  it('without a known address locks no address', async () => {
    const { counters } = setup()
    for (let i = 0; i < 50; i++) expect(await counters.failed(parties(`u${i}`, { addressKey: undefined }), NOW)).toBe(false)
  })
})

describe('succeeding', () => {
  it('takes back what the subject itself failed at the address, and nothing of others', async () => {
    const { counters } = setup()
    for (const subject of ['a', 'b', 'c', 'd']) await counters.failed(parties(subject), NOW)
    await counters.succeeded(parties('a'), NOW)
    expect(await counters.failed(parties('x'), NOW)).toBe(false)
    expect(await counters.failed(parties('y'), NOW)).toBe(true)
  })

  it('on an unknown device lifts the lock that its own attempt has set', async () => {
    const { counters } = setup()
    for (let i = 0; i < 5; i++) await counters.reserve(parties('anna'), NOW)
    await counters.succeeded(parties('anna'), NOW)
    expect(await counters.standing(parties('anna'), NOW)).toEqual({ kind: 'open' })
  })

  it('on a known device changes nothing for unknown ones: an owner who signs in all day buys no guesses for anybody', async () => {
    const { counters } = setup()
    const laptop = parties('anna', { device: 'laptop' })
    for (let i = 0; i < 3; i++) {
      await counters.reserve(parties('anna'), NOW)
      await counters.succeeded(laptop, NOW)
    }
    expect(await counters.reserve(parties('anna'), NOW)).toMatchObject({ remaining: 1 })
    await counters.reserve(parties('anna'), NOW)
    await counters.succeeded(laptop, NOW)
    expect(await counters.standing(parties('anna'), NOW)).toMatchObject({ kind: 'locked', scope: 'subject' })
    expect(await counters.standing(laptop, NOW)).toEqual({ kind: 'open' })
  })
})

describe('an operator', () => {
  it('lifts the lock of a subject or of an address, each alone', async () => {
    const { counters } = setup()
    for (const subject of ['a', 'b', 'c', 'd', 'e']) await counters.failed(parties(subject), NOW)
    for (let i = 0; i < 5; i++) await counters.reserve(parties('anna', { addressKey: undefined }), NOW)
    await counters.forgetSubject('anna')
    expect(await counters.standing(parties('anna'), NOW)).toMatchObject({ scope: 'address' })
    await counters.forgetAddress('203.0.113.7')
    expect(await counters.standing(parties('anna'), NOW)).toEqual({ kind: 'open' })
  })
})
