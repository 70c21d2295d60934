import * as fc from 'fast-check'
import { DAY, isParapetError } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { TEST_NOW as NOW } from '../fixtures/test-keyset.js'
import type { Keyset, KeyStatus } from '../types.js'
import type { WrappedKey } from './key-material.js'
import {
  addPending,
  checkSuccessor,
  destroyKey,
  disableKey,
  enableKey,
  firstKeyset,
  MAX_KEYS,
  primaryOf,
  promoteKey,
  replaceKek,
  SETTLE_MS,
} from './keyset-steps.js'
import { formatKeyset, parseKeyset } from './parse-keyset.js'

fc.configureGlobal({ seed: 20_261_121 })

const OWNER = { id: '0190f1c2-aaaa-7bbb-8ccc-0123456789ab', dev: false, kek: 'file:/kek' }
const wrapped = (id: number): WrappedKey => ({
  id,
  wrapped: Buffer.alloc(61, id).toString('base64url'),
  kcv: Buffer.alloc(16, id).toString('base64url'),
})
const first = (): Keyset => firstKeyset(OWNER, wrapped(1), NOW)
const two = (): Keyset => addPending(first(), wrapped(2), NOW)
const rotated = (): Keyset => promoteKey(two(), 2, { now: NOW + SETTLE_MS })
const statuses = (keyset: Keyset): Record<number, KeyStatus> => Object.fromEntries(keyset.keys.map(({ id, status }) => [id, status]))
const invalid = (detail: RegExp) => expect.objectContaining({ code: 'PPT_KEYSET_INVALID', detail: expect.stringMatching(detail) as string })

describe('a promotion', () => {
  it('waits until every process has read the pending key, and says when it may be', () => {
    const keyset = two()
    expect(() => promoteKey(keyset, 2, { now: NOW + SETTLE_MS - 1 })).toThrow(
      invalid(/key 2 is pending since 2026-.*may become primary at 2026-.*T/),
    )
    expect(statuses(promoteKey(keyset, 2, { now: NOW + SETTLE_MS }))).toEqual({ 1: 'enabled', 2: 'primary' })
    expect(statuses(promoteKey(keyset, 2, { now: NOW, settleMs: 0 }))).toEqual({ 1: 'enabled', 2: 'primary' })
  })

  it('can be taken back to the key before, which everybody can open with, after the same time', () => {
    const now = NOW + SETTLE_MS
    expect(() => promoteKey(rotated(), 1, { now })).toThrow(invalid(/key 1 is enabled since/))
    expect(statuses(promoteKey(rotated(), 1, { now: now + SETTLE_MS }))).toEqual({ 1: 'primary', 2: 'enabled' })
  })

  it('is refused for a key that is primary, disabled, destroyed or not there', () => {
    const now = NOW + DAY
    expect(() => promoteKey(first(), 1, { now })).toThrow(invalid(/key 1 is primary/))
    expect(() => promoteKey(disableKey(two(), 2, NOW), 2, { now })).toThrow(invalid(/key 2 is disabled/))
    expect(() => promoteKey(first(), 9, { now })).toThrow(invalid(/has no key 9/))
  })
})

describe('steps', () => {
  it('add one pending key at a time, with an id that was never used', () => {
    expect(() => addPending(two(), wrapped(3), NOW)).toThrow(invalid(/key 2 is pending already/))
    expect(() => addPending(first(), wrapped(1), NOW)).toThrow(invalid(/key 1 was used before/))
  })

  it('end at a thousand keys', () => {
    const [key] = first().keys
    const more = Array.from({ length: MAX_KEYS - 1 }, (_, i) => ({ ...key!, id: i + 2, status: 'enabled' as const }))
    expect(() => addPending({ ...first(), keys: [key!, ...more] }, wrapped(5000), NOW)).toThrow(invalid(/holds 1000 keys/))
  })

  it('never disable the primary', () => {
    expect(() => disableKey(first(), 1, NOW)).toThrow(invalid(/key 1 is primary: promote another/))
  })

  it('never touch what they were given', () => {
    const keyset = rotated()
    for (const part of [...keyset.keys, keyset.keys, keyset]) Object.freeze(part)
    expect(statuses(disableKey(keyset, 1, NOW + DAY))).toEqual({ 1: 'disabled', 2: 'primary' })
    expect(statuses(keyset)).toEqual({ 1: 'enabled', 2: 'primary' })
  })

  it('enable only what is disabled', () => {
    expect(() => enableKey(rotated(), 1, NOW + DAY)).toThrow(invalid(/key 1 is enabled, not disabled/))
  })
})

describe('destroying a key', () => {
  const at = NOW + DAY
  const disabled = (): Keyset => disableKey(rotated(), 1, at)
  const proof = { keyId: 1, uses: 0, scannedAt: at + SETTLE_MS }

  it('takes a scan that found nothing, and leaves no key behind', () => {
    const keyset = destroyKey(disabled(), 1, { proof, now: at + SETTLE_MS })
    expect(statuses(keyset)).toEqual({ 1: 'destroyed', 2: 'primary' })
    expect(keyset.keys[0]).not.toHaveProperty('wrapped')
    expect(parseKeyset(formatKeyset(keyset))).toEqual(keyset)
  })

  it('is refused while values of it are left', () => {
    expect(() => destroyKey(disabled(), 1, { proof: { ...proof, uses: 3 }, now: at + SETTLE_MS })).toThrow(
      expect.objectContaining({ code: 'PPT_KEY_IN_USE', detail: '3 values of key 1' }),
    )
    for (const uses of [-1, Number.NaN, 0.5])
      expect(() => destroyKey(disabled(), 1, { proof: { ...proof, uses }, now: at + SETTLE_MS })).toThrow(
        expect.objectContaining({ code: 'PPT_KEY_IN_USE' }),
      )
  })

  it('takes no scan from before every process knew that the key is disabled: one of them may have sealed after it', () => {
    expect(() => destroyKey(disabled(), 1, { proof: { ...proof, scannedAt: at + SETTLE_MS - 1 }, now: at + DAY })).toThrow(
      invalid(/a scan proves that it is unused from/),
    )
  })

  it('takes no scan of another key or from the future', () => {
    expect(() => destroyKey(disabled(), 1, { proof: { ...proof, keyId: 2 }, now: at + DAY })).toThrow(invalid(/the scan was of key 2/))
    expect(() => destroyKey(disabled(), 1, { proof: { ...proof, scannedAt: at + 2 * DAY }, now: at + DAY })).toThrow(
      invalid(/in the future/),
    )
  })

  it('is refused for a key that is not disabled', () => {
    for (const id of [1, 2])
      expect(() => destroyKey(rotated(), id, { proof: { ...proof, keyId: id }, now: at + DAY })).toThrow(invalid(/disable it first/))
    expect(() => destroyKey(destroyKey(disabled(), 1, { proof, now: at + DAY }), 1, { proof, now: at + DAY })).toThrow(
      invalid(/key 1 is destroyed/),
    )
  })
})

describe('replaceKek', () => {
  it('takes every key that is left, wrapped again, and no fewer', () => {
    const again = [1, 2].map((id): WrappedKey => ({ id, kcv: wrapped(id).kcv, wrapped: Buffer.alloc(70, id).toString('base64url') }))
    const keyset = replaceKek(rotated(), 'env:OTHER', again)
    expect(keyset.kek).toBe('env:OTHER')
    expect(keyset.keys.map((key) => key.wrapped)).toEqual(again.map((key) => key.wrapped))
    expect(() => replaceKek(rotated(), 'env:OTHER', again.slice(1))).toThrow(invalid(/key 1 was not wrapped again/))
  })
})

describe('checkSuccessor', () => {
  const destroyed = destroyKey(disableKey(rotated(), 1, NOW + DAY), 1, {
    proof: { keyId: 1, uses: 0, scannedAt: NOW + 2 * DAY },
    now: NOW + 2 * DAY,
  })

  it('refuses an old keyset put back: a destroyed key does not return, none vanishes, none is pending again', () => {
    expect(() => checkSuccessor(destroyed, rotated())).toThrow(invalid(/key 1 .*came back from destruction/))
    expect(() => checkSuccessor(two(), first())).toThrow(invalid(/key 2 .*is gone/))
    expect(() => checkSuccessor(rotated(), two())).toThrow(invalid(/key 2 .*pending again/))
  })

  it('refuses another keyset', () => {
    expect(() => checkSuccessor(first(), { ...first(), id: '0190f1c2-aaaa-7bbb-8ccc-000000000000' })).toThrow(invalid(/was replaced by/))
  })
})

describe('any steps in any order', () => {
  type Step = {
    readonly kind: 'add' | 'promote' | 'disable' | 'enable' | 'destroy'
    readonly key: number
    readonly wait: number
    readonly uses: number
  }
  const step: fc.Arbitrary<Step> = fc.record({
    kind: fc.constantFrom('add', 'promote', 'disable', 'enable', 'destroy'),
    key: fc.nat(6),
    wait: fc.constantFrom(0, 1, SETTLE_MS - 1, SETTLE_MS, DAY),
    uses: fc.constantFrom(0, 0, 0, 1),
  })

  type Take = (keyset: Keyset, id: number, now: number, step: Step) => Keyset
  const TAKE: Readonly<Record<Step['kind'], Take>> = {
    add: (keyset, _id, now, { key }) => addPending(keyset, wrapped(key + 1), now),
    promote: (keyset, id, now) => promoteKey(keyset, id, { now }),
    disable: disableKey,
    enable: enableKey,
    destroy: (keyset, id, now, { uses }) => destroyKey(keyset, id, { proof: { keyId: id, uses, scannedAt: now }, now }),
  }
  /** The next keyset, or the code of what refused the step. */
  const attempt = (keyset: Keyset, step: Step, now: number): Keyset | string => {
    try {
      return TAKE[step.kind](keyset, keyset.keys[step.key % keyset.keys.length]?.id ?? 0, now, step)
    } catch (error) {
      if (isParapetError(error)) return error.code
      throw error
    }
  }

  /** What may become of a key in one step. */
  const ALLOWED: Readonly<Record<KeyStatus, readonly KeyStatus[]>> = {
    pending: ['pending', 'primary', 'disabled'],
    primary: ['primary', 'enabled'],
    enabled: ['enabled', 'primary', 'disabled'],
    disabled: ['disabled', 'enabled', 'destroyed'],
    destroyed: ['destroyed'],
  }

  it('keep one primary, no id twice, no key back from destruction, and a keyset that reads back', () => {
    const taken: Record<string, number> = {}
    fc.assert(
      fc.property(fc.array(step, { minLength: 10, maxLength: 60, size: 'max' }), (steps) => {
        let [keyset, now] = [first(), NOW]
        const gone = new Set<number>()
        for (const each of steps) {
          now += each.wait
          const before = keyset
          const next = attempt(keyset, each, now)
          expect(['PPT_KEYSET_INVALID', 'PPT_KEY_IN_USE', 'object']).toContain(typeof next === 'string' ? next : 'object')
          if (typeof next !== 'string') {
            keyset = next
            taken[each.kind] = (taken[each.kind] ?? 0) + 1
          }
          expect(keyset.keys.filter(({ status }) => status === 'primary')).toHaveLength(1)
          expect(primaryOf(keyset).wrapped).toBeDefined()
          expect(new Set(keyset.keys.map(({ id }) => id)).size).toBe(keyset.keys.length)
          for (const key of before.keys) {
            const after = keyset.keys.find(({ id }) => id === key.id)
            expect(ALLOWED[key.status]).toContain(after?.status)
            const promoted = after?.status === 'primary' && key.status !== 'primary'
            expect(!promoted || now - key.since >= SETTLE_MS).toBe(true)
          }
          for (const key of keyset.keys) {
            if (key.status === 'destroyed') gone.add(key.id)
            expect(gone.has(key.id)).toBe(key.wrapped === undefined)
          }
          expect(parseKeyset(formatKeyset(keyset))).toEqual(keyset)
          checkSuccessor(before, keyset)
        }
      }),
      { numRuns: 300 },
    )
    // the walk is worth something only when it gets about
    for (const kind of ['add', 'promote', 'disable', 'enable', 'destroy']) expect(taken[kind]).toBeGreaterThan(100)
  })
})
