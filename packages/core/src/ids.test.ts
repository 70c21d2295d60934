import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { randomToken, systemRandom, uuidv7 } from './ids.js'

const zeros = (bytes: number): Uint8Array => new Uint8Array(bytes)
const ones = (bytes: number): Uint8Array => new Uint8Array(bytes).fill(255)

describe('uuidv7', () => {
  it('has the layout of RFC 9562: time, version, variant', () => {
    // the example of RFC 9562, A.6
    expect(uuidv7(0x017f22e279b0, zeros)).toBe('017f22e2-79b0-7000-8000-000000000000')
    expect(uuidv7(0x017f22e279b0, ones)).toBe('017f22e2-79b0-7fff-bfff-ffffffffffff')
  })

  it('carries its time, for every time it can', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 48 - 1 }), (now) => {
        const id = uuidv7(now)
        expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
        expect(Number.parseInt(id.slice(0, 13).replace('-', ''), 16)).toBe(now)
      }),
    )
  })

  it('sorts as text in the order of time', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 47 }), fc.integer({ min: 1, max: 2 ** 40 }), (now, later) => {
        expect(uuidv7(now, ones) < uuidv7(now + later, zeros)).toBe(true)
      }),
    )
  })

  it('does not repeat within a millisecond', () => {
    const made = Array.from({ length: 10_000 }, () => uuidv7(1_790_000_000_000))
    expect(new Set(made).size).toBe(made.length)
  })
})

describe('randomToken', () => {
  it('is base64url of as many random bytes as asked for', () => {
    expect(randomToken()).toMatch(/^[\w-]{43}$/)
    expect(randomToken(16, ones)).toBe('_____________________w')
    expect(randomToken(3, zeros)).toBe('AAAA')
  })

  it('comes from the randomness of the machine by default', () => {
    expect(randomToken()).not.toBe(randomToken())
    expect(systemRandom(8)).toHaveLength(8)
  })
})
