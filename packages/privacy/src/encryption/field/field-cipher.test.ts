import { createCipheriv, createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { ParapetError } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { disableKey, enableKey } from '../keyset/keyset-steps.js'
import { CELL, createTestKeyset, seededRandom } from '../fixtures/test-keyset.js'
import type { FieldContext } from '../types.js'
import { createFieldCipher } from './field-cipher.js'
import { encodeContext } from './field-context.js'
import { createKeySecret } from './key-secret.js'
import type { KeyRing, KeyTable } from './key-table.js'
import { isSealedText, MAX_PLAIN_BYTES } from './sealed-format.js'

fc.configureGlobal({ seed: 20_261_121 })

const refused = (code: string) => expect.objectContaining({ code })

/** A ring with one known key. */
const ringOf = (key: Buffer, id: number): KeyRing => {
  const secret = createKeySecret(Buffer.from(key))
  const table: KeyTable = { primary: { id, secret }, byId: new Map([[id, { id, status: 'primary', secret }]]) }
  return { forOpening: () => table, forSealing: () => table }
}

const KEY = Buffer.from(Array.from({ length: 32 }, (_, i) => i))
const cipher = createFieldCipher(ringOf(KEY, 0x01020304), seededRandom('salts'))

type KnownAnswer = { readonly context: FieldContext; readonly plain: string; readonly salt: string; readonly sealed: string }
const known = JSON.parse(readFileSync(new URL('../fixtures/field-format.json', import.meta.url), 'utf8')) as {
  readonly key: string
  readonly keyId: number
  readonly cases: readonly KnownAnswer[]
}

describe('the field format', () => {
  it.each(known.cases)(
    'of $context.type $context.row is what it was when the first value was sealed',
    ({ context, plain, salt, sealed }) => {
      const fixed = createFieldCipher(ringOf(Buffer.from(known.key, 'hex'), known.keyId), () => Buffer.from(salt, 'hex'))
      expect(fixed.seal(Buffer.from(plain, 'hex'), context)).toBe(sealed)
      expect(fixed.openBytes(sealed, context).toString('hex')).toBe(plain)
    },
  )

  it('is what its description says, made here of HMAC and GCM alone', () => {
    const salt = Buffer.alloc(24, 0xa5)
    const context = encodeContext(CELL)
    const derived = createHmac('sha512', KEY).update('ppt field v1\0').update(salt).update(context).digest()
    const gcm = createCipheriv('aes-256-gcm', derived.subarray(0, 32), Buffer.alloc(12))
    gcm.setAAD(context)
    const encrypted = Buffer.concat([gcm.update('hello'), gcm.final()])
    const expected = Buffer.concat([Buffer.of(1, 1, 1, 2, 3, 4), salt, derived.subarray(32), encrypted, gcm.getAuthTag()])
    const sealed = createFieldCipher(ringOf(KEY, 0x01020304), () => salt).sealBytes('hello', CELL)
    expect(sealed.toString('hex')).toBe(expected.toString('hex'))
    expect(sealed).toHaveLength(78 + 5)
  })

  it('opens values of any length and text, and never gives the same bytes twice', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'grapheme', maxLength: 300 }), fc.constantFrom('', '\0', '\ufeffbom', '😂')), (plain) => {
        const sealed = cipher.seal(plain, CELL)
        expect(cipher.open(sealed, CELL)).toBe(plain)
        expect(cipher.seal(plain, CELL)).not.toBe(sealed)
        expect(sealed).toMatch(/^ppt1\.[A-Za-z0-9_-]+$/)
      }),
    )
  })

  it('opens bytes as they were, in either form', () => {
    const context = { ...CELL, type: 'bytes' } as const
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (plain) => {
        expect(cipher.openBytes(cipher.sealBytes(plain, context), context).equals(plain)).toBe(true)
        expect(cipher.openBytes(cipher.seal(plain, context), context).equals(plain)).toBe(true)
      }),
    )
  })

  it('uses a fresh salt for each of many fields, over the edge of the pool', () => {
    const salts = new Set(Array.from({ length: 1000 }, () => cipher.sealBytes('x', CELL).subarray(6, 30).toString('hex')))
    expect(salts.size).toBe(1000)
  })
})

describe('a sealed value that was changed', () => {
  const sealed = cipher.sealBytes('+49 30 901820', CELL)
  const text = cipher.seal('+49 30 901820', CELL)

  it('does not open when it was cut at any length', () => {
    for (let length = 0; length < sealed.length; length++)
      expect(() => cipher.openBytes(sealed.subarray(0, length), CELL)).toThrow(refused('PPT_SEALED_INVALID'))
    for (let length = 0; length < text.length; length++)
      expect(() => cipher.open(text.slice(0, length), CELL)).toThrow(refused('PPT_SEALED_INVALID'))
  })

  it('does not open with any one bit flipped', () => {
    for (let bit = 0; bit < sealed.length * 8; bit++) {
      const changed = Buffer.from(sealed)
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7))
      // a flipped key id names a key that is not there
      const code = bit >> 3 >= 2 && bit >> 3 < 6 ? 'PPT_KEY_UNKNOWN' : 'PPT_SEALED_INVALID'
      expect(() => cipher.openBytes(changed, CELL)).toThrow(refused(code))
    }
  })

  it('does not open when anything was added, or the text is spelled another way', () => {
    expect(() => cipher.openBytes(Buffer.concat([sealed, Buffer.of(0)]), CELL)).toThrow(refused('PPT_SEALED_INVALID'))
    const plus = text.replaceAll('-', '+').replaceAll('_', '/')
    const forms = [
      `${text}=`,
      `${text}\n`,
      ` ${text}`,
      `${text.slice(0, 20)} ${text.slice(20)}`,
      text.replace('ppt1', 'PPT1'),
      `ppt1.${text}`,
      `${text}A`,
      `${text}!`,
    ]
    for (const form of plus === text ? forms : [...forms, plus])
      expect(() => cipher.open(form, CELL)).toThrow(refused('PPT_SEALED_INVALID'))
  })

  it('has one spelling only: spare bits of base64url are no second one', () => {
    // 79 bytes leave two spare bits in the last character
    const one = cipher.seal('x', CELL)
    const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_'
    const opened = alphabet.split('').filter((char) => {
      try {
        return cipher.open(one.slice(0, -1) + char, CELL) === 'x'
      } catch {
        return false
      }
    })
    expect(opened).toEqual([one.at(-1)])
  })

  it('does not open for random bytes with a good header', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), (tail) => {
        expect(() => cipher.openBytes(Buffer.concat([sealed.subarray(0, 6), tail]), CELL)).toThrow(refused('PPT_SEALED_INVALID'))
      }),
    )
  })

  it('says which column and key, never the value', () => {
    const changed = Buffer.from(sealed)
    changed[sealed.length - 1] = (changed.at(-1) ?? 0) ^ 1
    expect(() => cipher.openBytes(changed, CELL)).toThrow(
      expect.objectContaining({ message: 'A sealed value does not open: users.phone, key 16909060: it was changed' }),
    )
  })
})

describe('a sealed value that was moved', () => {
  const sealed = cipher.seal('secret', CELL)

  it.each<[string, Partial<FieldContext>]>([
    ['tenant', { tenant: 'other' }],
    ['no tenant', { tenant: '' }],
    ['table', { table: 'customers' }],
    ['column', { column: 'fax' }],
    ['row', { row: ['43'] }],
    ['row of a longer key', { row: ['42', ''] }],
    ['row of a key cut elsewhere', { row: ['4', '2'] }],
    ['type', { type: 'json' }],
    ['table and column cut elsewhere', { table: 'user', column: 'sphone' }],
  ])('does not open under another %s', (_name, change) => {
    expect(() => cipher.open(sealed, { ...CELL, ...change })).toThrow(refused('PPT_SEALED_INVALID'))
    expect(cipher.open(sealed, CELL)).toBe('secret')
  })

  it('opens under no cell but its own (property)', () => {
    const word = fc.constantFrom('a', 'b', 'ab', 'ba', '')
    const contexts = fc.record({
      tenant: word,
      table: word.map((w) => `t${w}`),
      column: word.map((w) => `c${w}`),
      row: fc.array(word, { minLength: 1, maxLength: 2 }),
    })
    fc.assert(
      fc.property(contexts, contexts, (from, to) => {
        const value = cipher.seal('v', { ...from, type: 'text' })
        const opened = ((): string => {
          try {
            return cipher.open(value, { ...to, type: 'text' })
          } catch (error) {
            return (error as ParapetError).code
          }
        })()
        expect(opened).toBe(JSON.stringify(from) === JSON.stringify(to) ? 'v' : 'PPT_SEALED_INVALID')
      }),
      { numRuns: 500 },
    )
  })
})

describe('what is sealed', () => {
  it('comes back exactly, or is refused: half a surrogate pair and broken UTF-8 would change', () => {
    for (const plain of ['a\ud800', '\udc00', `${'x'.repeat(100)}\ud83d`])
      expect(() => cipher.seal(plain, CELL)).toThrow(refused('PPT_INVALID'))
    expect(() => cipher.seal(Buffer.of(0x66, 0xff), CELL)).toThrow(refused('PPT_INVALID'))
    expect(() => cipher.seal(Buffer.of(0xed, 0xa0, 0x80), { ...CELL, type: 'json' })).toThrow(refused('PPT_INVALID'))
    expect(() => cipher.sealBytes('\ud800', { ...CELL, type: 'bytes' })).toThrow(refused('PPT_INVALID'))
  })

  it('is text or bytes: null, numbers and objects are not turned into words', () => {
    for (const plain of [null, undefined, 42, {}, ['a']]) expect(() => cipher.seal(plain as string, CELL)).toThrow(refused('PPT_INVALID'))
  })

  it('may be 50 MB, and over the limit is refused before any work', () => {
    const large = 'ä'.repeat(25_000_000)
    const sealed = cipher.sealBytes(large, CELL)
    expect(sealed).toHaveLength(50_000_078)
    expect(cipher.openBytes(sealed, CELL).toString() === large).toBe(true)
    expect(() => cipher.seal('x'.repeat(MAX_PLAIN_BYTES + 1), CELL)).toThrow(refused('PPT_INVALID'))
    expect(() => cipher.open(`ppt1.${'A'.repeat(100_000_000)}`, CELL)).toThrow(refused('PPT_SEALED_INVALID'))
    // counted in bytes: what is sealed must not be too long to open
    expect(() => cipher.seal('€'.repeat(MAX_PLAIN_BYTES / 3 + 1), CELL)).toThrow(refused('PPT_INVALID'))
    const most = Buffer.alloc(MAX_PLAIN_BYTES, 97)
    expect(cipher.openBytes(cipher.seal(most, CELL), CELL).equals(most)).toBe(true)
  }, 60_000)

  it('as bytes is not opened as text, where some would be lost', () => {
    const context = { ...CELL, type: 'bytes' } as const
    expect(() => cipher.open(cipher.seal(Buffer.of(0xff), context), context)).toThrow(refused('PPT_INVALID'))
  })

  it('needs a cell', () => {
    expect(() => cipher.seal('x', { ...CELL, row: [] })).toThrow(refused('PPT_SEALED_CONTEXT'))
    expect(() => cipher.open(cipher.seal('x', CELL), { ...CELL, row: [] })).toThrow(refused('PPT_SEALED_CONTEXT'))
  })
})

describe('keyIdOf', () => {
  it('names the key of a sealed value in either form', () => {
    expect(cipher.keyIdOf(cipher.seal('x', CELL))).toBe(0x01020304)
    expect(cipher.keyIdOf(cipher.sealBytes('x', CELL))).toBe(0x01020304)
    expect(createFieldCipher(ringOf(KEY, 0xfffffffe)).keyIdOf(createFieldCipher(ringOf(KEY, 0xfffffffe)).seal('x', CELL))).toBe(0xfffffffe)
  })

  it('says undefined for anything else; damaged text is still known to have been sealed', () => {
    for (const value of ['', 'hello', 'ppt1', 'ppt1.', 'ppt1.AQEBAgME', Buffer.alloc(0), Buffer.alloc(200), Buffer.alloc(77, 1)])
      expect(cipher.keyIdOf(value)).toBeUndefined()
    const damaged = cipher.seal('x', CELL).slice(0, -5)
    expect([cipher.keyIdOf(damaged), isSealedText(damaged), isSealedText('hello')]).toEqual([undefined, true, false])
  })
})

describe('keys of other states', () => {
  it('open what they sealed until they are disabled, again once enabled, and never after destruction', async () => {
    const { opened, rotate, step, destroy } = await createTestKeyset()
    const first = opened.cipher.primaryKeyId
    const old = opened.cipher.seal('old', CELL)
    const second = await rotate()
    expect(opened.cipher.primaryKeyId).toBe(second)
    expect(opened.cipher.open(old, CELL)).toBe('old')
    expect(opened.cipher.keyIdOf(opened.cipher.seal('new', CELL))).toBe(second)
    await step((keyset, now) => disableKey(keyset, first, now))
    await opened.refresh()
    expect(() => opened.cipher.open(old, CELL)).toThrow(
      expect.objectContaining({ code: 'PPT_KEY_DISABLED', detail: `key ${first} of users.phone` }),
    )
    await step((keyset, now) => enableKey(keyset, first, now))
    await opened.refresh()
    expect(opened.cipher.open(old, CELL)).toBe('old')
    await destroy(first)
    expect(() => opened.cipher.open(old, CELL)).toThrow(refused('PPT_KEY_DESTROYED'))
  })

  it('of another keyset are unknown', async () => {
    const [one, other] = [await createTestKeyset('one'), await createTestKeyset('other')]
    expect(() => other.opened.cipher.open(one.opened.cipher.seal('x', CELL), CELL)).toThrow(refused('PPT_KEY_UNKNOWN'))
  })

  it('with the id of ours do not open what ours sealed', () => {
    const stranger = createFieldCipher(ringOf(Buffer.alloc(32, 9), 0x01020304))
    expect(() => stranger.open(cipher.seal('x', CELL), CELL)).toThrow(refused('PPT_SEALED_INVALID'))
  })
})
