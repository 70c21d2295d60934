import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CODECS } from './values.js'

fc.configureGlobal({ seed: 20_261_122 })

const VALUES = {
  integer: fc.maxSafeNat(),
  bigint: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
  uuid: fc.uuid(),
  text: fc.string({ unit: 'grapheme', minLength: 1, maxLength: 31 }).filter((text) => Buffer.from(text).length <= 31),
} as const
const KINDS = ['integer', 'bigint', 'uuid', 'text'] as const

describe.each(KINDS)('a value of kind %s', (kind) => {
  const codec = CODECS[kind]

  it('is read as it was written, into a buffer of one length that held anything before', () => {
    fc.assert(
      fc.property(VALUES[kind] as fc.Arbitrary<unknown>, fc.nat({ max: 255 }), (value, before) => {
        const into = new Uint8Array(codec.bytes).fill(before)
        expect(codec.write(value, into)).toBe(true)
        expect(codec.read(into)).toBe(value)
        // equal values are equal bytes: what stood there before must not show, or one thing would have two ids
        const clean = new Uint8Array(codec.bytes)
        codec.write(value, clean)
        expect(into).toEqual(clean)
      }),
    )
  })

  it('differs in bytes wherever it differs', () => {
    const write = (value: unknown): string => {
      const into = new Uint8Array(codec.bytes)
      codec.write(value, into)
      return Buffer.from(into).toString('hex')
    }
    fc.assert(
      fc.property(VALUES[kind] as fc.Arbitrary<unknown>, VALUES[kind] as fc.Arbitrary<unknown>, (one, other) => {
        expect(write(one) === write(other)).toBe(one === other)
      }),
    )
  })

  it('of another kind, or of no kind, is refused and never half written into an id', () => {
    const others = KINDS.filter(
      (other) => other !== kind && !(kind === 'text' && other === 'uuid') && !(kind === 'uuid' && other === 'text'),
    )
    for (const other of others) {
      fc.assert(
        fc.property(VALUES[other] as fc.Arbitrary<unknown>, (value) => {
          expect(codec.write(value, new Uint8Array(codec.bytes))).toBe(false)
        }),
        { numRuns: 30 },
      )
    }
    for (const odd of [undefined, null, true, {}, [], Symbol('x'), -0.5, Number.NaN, Infinity, '', '\uD800'])
      expect(codec.write(odd, new Uint8Array(codec.bytes))).toBe(false)
  })
})

describe('the bounds', () => {
  it.each([
    ['integer', 0, true],
    ['integer', Number.MAX_SAFE_INTEGER, true],
    ['integer', Number.MAX_SAFE_INTEGER + 1, false],
    ['integer', -1, false],
    ['bigint', 0n, true],
    ['bigint', 2n ** 64n - 1n, true],
    ['bigint', 2n ** 64n, false],
    ['bigint', -1n, false],
    ['uuid', '00000000-0000-0000-0000-000000000000', true],
    ['uuid', 'FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF', false],
    ['uuid', '{00000000-0000-0000-0000-000000000000}', false],
    ['uuid', '00000000000000000000000000000000', false],
    ['text', 'x'.repeat(31), true],
    ['text', 'x'.repeat(32), false],
    ['text', '€'.repeat(10), true],
    ['text', '€'.repeat(11), false],
  ] as const)('of %s: %s', (kind, value, taken) => {
    expect(CODECS[kind].write(value, new Uint8Array(CODECS[kind].bytes))).toBe(taken)
  })
})
