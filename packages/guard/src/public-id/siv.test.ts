import { createCipheriv, createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createSiv, SIV_OVERHEAD } from './siv.js'

fc.configureGlobal({ seed: 20_261_122 })

const KEY = Buffer.alloc(32, 7)
const LENGTHS = [8, 16, 32] as const

/** The same construction from the library's CBC and CTR modes. */
const slowly = (name: string, value: Uint8Array): Buffer => {
  const keyOf = (use: string): Buffer => createHmac('sha256', KEY).update(`${use}\n${name}`).digest()
  const padded = Buffer.alloc(Math.ceil(value.length / 16) * 16)
  padded.set(value)
  const cbc = createCipheriv('aes-256-cbc', keyOf('mac'), Buffer.alloc(16)).setAutoPadding(false)
  const tag = cbc.update(padded).subarray(-16, -4)
  const ctr = createCipheriv('aes-256-ctr', keyOf('encrypt'), Buffer.concat([tag, Buffer.alloc(4)]))
  return Buffer.concat([tag, ctr.update(value)])
}

describe('createSiv', () => {
  it.each(LENGTHS)('is CBC-MAC and counter mode of AES-256 for %i bytes', (length) => {
    const siv = createSiv(KEY, 'doc', length)
    fc.assert(
      fc.property(fc.uint8Array({ minLength: length, maxLength: length }), (value) => {
        const sealed = Buffer.from(siv.seal(value))
        expect(sealed.toString('hex')).toBe(slowly('doc', value).toString('hex'))
        expect(sealed).toHaveLength(length + SIV_OVERHEAD)
        expect(Buffer.from(siv.open(sealed) ?? []).toString('hex')).toBe(Buffer.from(value).toString('hex'))
      }),
    )
  })

  it.each(LENGTHS)('opens nothing in which a bit was changed, of %i bytes', (length) => {
    const siv = createSiv(KEY, 'doc', length)
    const sealed = Buffer.from(siv.seal(Buffer.alloc(length, 3)))
    for (let i = 0; i < sealed.length * 8; i++) {
      const changed = Buffer.from(sealed)
      changed[i >> 3] = (changed[i >> 3] ?? 0) ^ (1 << (i & 7))
      expect(siv.open(changed)).toBeUndefined()
    }
    expect(siv.open(sealed)).toBeDefined()
  })

  it('keeps names and keys apart', () => {
    const sealed = Buffer.from(createSiv(KEY, 'doc', 8).seal(Buffer.alloc(8)))
    expect(createSiv(KEY, 'user', 8).open(sealed)).toBeUndefined()
    expect(createSiv(Buffer.alloc(32, 8), 'doc', 8).open(sealed)).toBeUndefined()
  })

  it('shows nothing of how near two values are', () => {
    const siv = createSiv(KEY, 'doc', 8)
    const seal = (value: number): Buffer => {
      const bytes = Buffer.alloc(8)
      bytes.writeUInt32BE(value, 4)
      return Buffer.from(siv.seal(bytes))
    }
    let changed = 0
    for (let i = 0; i < 1_000; i++) {
      const [a, b] = [seal(i), seal(i + 1)]
      for (let j = 0; j < a.length; j++) for (let bits = (a[j] ?? 0) ^ (b[j] ?? 0); bits > 0; bits >>= 1) changed += bits & 1
    }
    // half of 160 bits: 80,000 of 1,000 pairs, with a deviation of 200
    expect(Math.abs(changed - 80_000)).toBeLessThan(1_200)
  })
})
