import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fromBase32, toBase32 } from './base32.js'

fc.configureGlobal({ seed: 20_261_122 })

/** RFC 4648, section 10, without padding. */
const VECTORS = [
  ['', ''],
  ['f', 'MY'],
  ['fo', 'MZXQ'],
  ['foo', 'MZXW6'],
  ['foob', 'MZXW6YQ'],
  ['fooba', 'MZXW6YTB'],
  ['foobar', 'MZXW6YTBOI'],
] as const

describe('base32', () => {
  it.each(VECTORS)('of %j is %j, as the RFC says', (text, encoded) => {
    expect(toBase32(Buffer.from(text))).toBe(encoded)
    expect(Buffer.from(fromBase32(encoded) ?? []).toString()).toBe(text)
    const padded = encoded.padEnd(Math.ceil(encoded.length / 8) * 8, '=')
    expect(Buffer.from(fromBase32(padded) ?? []).toString()).toBe(text)
  })

  it('gives every text of bytes back, in either case, and writes nothing but its alphabet', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 80 }), (bytes) => {
        const encoded = toBase32(bytes)
        expect(encoded).toMatch(/^[A-Z2-7]*$/)
        expect(encoded).toHaveLength(Math.ceil((bytes.length * 8) / 5))
        expect(fromBase32(encoded)).toEqual(bytes)
        expect(fromBase32(encoded.toLowerCase())).toEqual(bytes)
      }),
    )
  })

  it('has one spelling of each text of bytes: what decodes is what an encoder writes', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('A', 'B', 'C', 'Q', 'Y', 'Z', '2', '3', '7'), maxLength: 24 }), (text) => {
        const bytes = fromBase32(text)
        expect(bytes === undefined || toBase32(bytes) === text).toBe(true)
      }),
    )
  })

  it('refuses anything else without throwing', () => {
    for (const odd of [
      'A',
      'AAA',
      'AAAAAA',
      'MZXW6YT1',
      'MZXW 6YTB',
      'MZ=XW6YT',
      'MY=',
      'MY======='.repeat(2),
      '========',
      'é',
      'MZ\u0000Q',
      'ſMZXQ',
      'MZ',
    ])
      expect(fromBase32(odd)).toBeUndefined()
    fc.assert(
      fc.property(fc.string(), (text) => {
        const bytes = fromBase32(text)
        expect(bytes === undefined || bytes instanceof Uint8Array).toBe(true)
      }),
    )
  })
})
