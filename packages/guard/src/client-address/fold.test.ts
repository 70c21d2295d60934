import { type Address, formatAddress, parseAddress } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { foldClient } from './fold.js'

fc.configureGlobal({ seed: 20_261_122 })
const fold = (text: string): string => formatAddress(foldClient(parseAddress(text) as Address))
const hex = (value: number, bits = 16): string => (value & (2 ** bits - 1)).toString(16)

describe('NAT64 under the local prefix', () => {
  it('is the IPv4 address that the gateway wrote, in the forms that operators choose', () => {
    // a /96 inside the local /48, and the /48 itself: RFC 6052, figure 1
    expect(fold('64:ff9b:1:fffe::203.0.113.7')).toBe('203.0.113.7')
    expect(fold('64:ff9b:1::203.0.113.7')).toBe('203.0.113.7')
    expect(fold('64:ff9b:1:cb00:71:700::')).toBe('203.0.113.7')
  })

  it('gives every client behind one gateway its own address', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 0xffffffff }), fc.integer({ min: 0, max: 0xffff }), (word, subnet) => {
        const plain = formatAddress({ family: 4, word })
        expect(fold(`64:ff9b:1:${hex(subnet)}:0:0:${hex(word >>> 16)}:${hex(word)}`)).toBe(plain)
        // 16 bits, the octet that is zero, 16 bits, zeros
        const middle = ((word & 0xffff) << 8) >>> 0
        expect(fold(`64:ff9b:1:${hex(word >>> 16)}:${hex(middle >>> 16)}:${hex(middle)}:0:0`)).toBe(plain)
      }),
    )
  })

  it('leaves what has no such form alone', () => {
    for (const text of ['64:ff9b:1::1:1:1', '64:ff9b:1:2:ff00:1::', '64:ff9b:2::cb00:7107', '64:ff9c:1::cb00:7107'])
      expect(fold(text)).toBe(text)
  })
})

describe('Teredo', () => {
  it('is the address of the client, not of the server that all its clients share', () => {
    // the example of RFC 4380: client 192.0.2.45 behind port 40000, server 65.54.227.120
    expect(fold('2001:0:4136:e378:8000:63bf:3fff:fdd2')).toBe('192.0.2.45')
    const clients = [1, 2, 3].map((i) => fold(`2001:0:4136:e378:8000:63bf:3fff:fd${hex(0xd0 + i)}`))
    expect(new Set(clients).size).toBe(3)
  })

  it('is the first 32 bits 2001:0000 and nothing else', () => {
    for (const text of ['2001:1::1', '2001:db8::1', '2001:20::1', '2000::1']) expect(fold(text)).toBe(text)
  })
})

describe('any address', () => {
  it('folds to one that folds to itself', () => {
    const word = fc.oneof(fc.integer({ min: 0, max: 0xffffffff }), fc.constantFrom(0, 0x20010000, 0x0064ff9b, 0x00010000, 0xffff))
    fc.assert(
      fc.property(word, word, word, word, (a, b, c, d) => {
        const once = foldClient({ family: 6, words: [a, b, c, d] })
        expect(foldClient(once)).toEqual(once)
      }),
      { numRuns: 2_000 },
    )
  })
})
