import { createHmac } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTextHmac } from './hmac.js'

fc.configureGlobal({ seed: 20_261_122 })

describe('createTextHmac', () => {
  it('is HMAC-SHA-256, whatever the text and its length', () => {
    const key = Buffer.from('k'.repeat(32))
    const mac = createTextHmac(key)
    fc.assert(
      fc.property(fc.oneof(fc.string({ unit: 'binary', maxLength: 200 }), fc.string({ maxLength: 3_000 })), (text) => {
        expect(mac(text)).toBe(createHmac('sha256', key).update(text).digest('base64url'))
      }),
      { numRuns: 500 },
    )
    for (const length of [0, 1, 681, 682, 683, 684, 2_048, 100_000]) {
      for (const unit of ['a', 'é', '€', '\u{1F600}', '\uD800'])
        expect(mac(unit.repeat(length))).toBe(createHmac('sha256', key).update(unit.repeat(length)).digest('base64url'))
    }
  })

  it('gives the published values for a key of 32 bytes', () => {
    // RFC 4231 has no key of 32 bytes; RFC 2104 pads a shorter one with zeros, which is test case 2 with its key written out
    const padded = Buffer.alloc(32)
    padded.write('Jefe')
    expect(Buffer.from(createTextHmac(padded)('what do ya want for nothing?'), 'base64url').toString('hex')).toBe(
      '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
    )
    const first = Buffer.alloc(32)
    first.fill(0x0b, 0, 20)
    expect(Buffer.from(createTextHmac(first)('Hi There'), 'base64url').toString('hex')).toBe(
      'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
    )
  })

  it('leaves nothing of a longer text behind for the next one', () => {
    const mac = createTextHmac(Buffer.alloc(32, 9))
    const before = mac('a')
    mac('a long text that was signed in between')
    expect(mac('a')).toBe(before)
  })

  it('keeps keys apart, and takes a key of 32 bytes only', () => {
    const [one, two] = [createTextHmac(Buffer.alloc(32, 1)), createTextHmac(Buffer.alloc(32, 2))]
    expect(one('x')).not.toBe(two('x'))
    expect(one('x')).toBe(createTextHmac(Buffer.alloc(32, 1))('x'))
    for (const length of [0, 16, 31, 33, 64]) expect(() => createTextHmac(Buffer.alloc(length))).toThrow(RangeError)
  })
})
