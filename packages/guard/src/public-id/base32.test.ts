import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ALPHABET, decodeBase32, encodeBase32, encodedLength } from './base32.js'

fc.configureGlobal({ seed: 20_261_122 })

const decode = (text: string, bytes: number, from = 0): Uint8Array | undefined => {
  const into = new Uint8Array(bytes)
  return decodeBase32(text, from, into) ? into : undefined
}

/** The same by arithmetic on one large number. */
const slowly = (bytes: Uint8Array): string => {
  const length = encodedLength(bytes.length)
  let number = 0n
  for (const byte of bytes) number = number * 256n + BigInt(byte)
  number <<= BigInt(length * 5 - bytes.length * 8)
  let text = ''
  for (let i = 0; i < length; i++) {
    text = (ALPHABET[Number(number % 32n)] ?? '') + text
    number /= 32n
  }
  return text
}

describe('base 32', () => {
  it('has no two characters that look alike, in one case', () => {
    expect(new Set(ALPHABET).size).toBe(32)
    expect(ALPHABET).toMatch(/^[0-9a-hjkmnp-tv-z]+$/)
  })

  it('gives the values of RFC 4648 in its own alphabet', () => {
    const standard = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'
    const of = (text: string): string =>
      encodeBase32(Buffer.from(text))
        .split('')
        .map((c) => standard[ALPHABET.indexOf(c)])
        .join('')
    expect(['f', 'fo', 'foo', 'foob', 'fooba', 'foobar'].map((text) => of(text))).toEqual([
      'MY',
      'MZXQ',
      'MZXW6',
      'MZXW6YQ',
      'MZXW6YTB',
      'MZXW6YTBOI',
    ])
  })

  it('is the number that the bytes are', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 50 }), (bytes) => {
        expect(encodeBase32(bytes)).toBe(slowly(bytes))
        expect(encodeBase32(bytes)).toHaveLength(encodedLength(bytes.length))
        expect(decode(encodeBase32(bytes), bytes.length)).toEqual(bytes)
        expect(decode(`doc_${encodeBase32(bytes)}`, bytes.length, 4)).toEqual(bytes)
      }),
    )
  })

  it('reads one spelling only', () => {
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom(...ALPHABET.split('')), maxLength: 50 }), fc.nat({ max: 40 }), (text, bytes) => {
        const read = decode(text, bytes)
        if (read === undefined) return
        expect(encodeBase32(read)).toBe(text)
      }),
      { numRuns: 2_000 },
    )
    const text = encodeBase32(Buffer.alloc(16, 0xff))
    for (const odd of [
      text.toUpperCase(),
      ` ${text.slice(1)}`,
      `${text.slice(1)}=`,
      `o${text.slice(1)}`,
      `é${text.slice(1)}`,
      `${text.slice(0, -1)}z`,
    ])
      expect(decode(odd, 16)).toBeUndefined()
    for (const odd of [text.slice(1), `${text}0`, '']) expect(decode(odd, 16)).toBeUndefined()
  })
})
