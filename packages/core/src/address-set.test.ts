import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Address, type AddressRange, formatAddress, formatRange, parseAddress, prefixOf } from './address.js'
import { createAddressSet } from './address-set.js'

const bits = (address: Address): bigint =>
  address.family === 4 ? BigInt(address.word) : address.words.reduce((sum, next) => (sum << 32n) | BigInt(next), 0n)

/** Membership by definition: the first bits are equal. */
const naive = (ranges: readonly AddressRange[], address: Address): boolean =>
  ranges.some((range) => {
    if (range.address.family !== address.family) return false
    const shift = BigInt((address.family === 4 ? 32 : 128) - range.prefix)
    return bits(range.address) >> shift === bits(address) >> shift
  })

/** Few distinct values and long prefixes, so that ranges touch, nest and overlap. */
const near = fc.integer({ min: 0, max: 3 }).chain((high) => fc.integer({ min: 0, max: 31 }).map((low) => ((high << 30) | low) >>> 0))
const extreme = fc.oneof(near, fc.constantFrom(0, 1, 0x7fffffff, 0x80000000, 0xffffffff))
const address4 = extreme.map((word): Address => ({ family: 4, word }))
const address6 = fc
  .tuple(fc.constantFrom(0x20010db8, 0x20010db9, 0xfd000000, 0xffffffff), extreme, extreme, extreme)
  .map(([a, b, c, d]): Address => ({ family: 6, words: [a, b, c, d] }))
const address = fc.oneof(address4, address6)
const range = address.chain((held) => fc.integer({ min: 0, max: held.family === 4 ? 32 : 128 }).map((prefix) => prefixOf(held, prefix)))

describe('AddressSet', () => {
  it('holds exactly the addresses that one of its ranges holds', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 30 }), fc.array(address, { minLength: 1, maxLength: 30 }), (ranges, asked) => {
        const set = createAddressSet(ranges)
        for (const one of [...asked, ...ranges.map((held) => held.address)]) expect(set.has(one)).toBe(naive(ranges, one))
      }),
      { numRuns: 1_000 },
    )
  })

  it('answers the same for text as for the address', () => {
    fc.assert(
      fc.property(fc.array(range, { maxLength: 10 }), address, (ranges, asked) => {
        fc.pre(ranges.every((held) => parseAddress(formatAddress(held.address))?.family === held.address.family))
        expect(createAddressSet(ranges.map(formatRange)).has(formatAddress(asked))).toBe(naive(ranges, asked))
      }),
    )
  })

  it('includes the first and the last address of a range and neither neighbour', () => {
    const set = createAddressSet(['198.51.100.64/26', '2001:db8:0:40::/58'])
    expect(['198.51.100.63', '198.51.100.64', '198.51.100.127', '198.51.100.128'].map((text) => set.has(text))).toEqual([
      false,
      true,
      true,
      false,
    ])
    const six = ['2001:db8:0:3f:ffff:ffff:ffff:ffff', '2001:db8:0:40::', '2001:db8:0:7f:ffff:ffff:ffff:ffff', '2001:db8:0:80::']
    expect(six.map((text) => set.has(text))).toEqual([false, true, true, false])
  })

  it('keeps the families apart: all of IPv6 holds no IPv4 address', () => {
    expect(createAddressSet(['::/0']).has('203.0.113.7')).toBe(false)
    expect(createAddressSet(['0.0.0.0/0']).has('2001:db8::1')).toBe(false)
    expect(createAddressSet(['0.0.0.0/0']).has('::ffff:203.0.113.7')).toBe(true)
  })

  it('holds nothing when it is empty, and no text that is no address', () => {
    expect(createAddressSet([]).has('203.0.113.7')).toBe(false)
    expect(createAddressSet(['0.0.0.0/0', '::/0']).has('unknown')).toBe(false)
    expect(createAddressSet([]).size).toBe(0)
  })

  it('names the text that is no range, cut to a bounded length', () => {
    expect(() => createAddressSet(['203.0.113.0/24', '10.0.0.0/40'])).toThrow(
      expect.objectContaining({ code: 'PPT_ADDRESS_INVALID', detail: '"10.0.0.0/40"' }),
    )
    expect(() => createAddressSet(['x'.repeat(9999)])).toThrow(expect.objectContaining({ detail: `"${'x'.repeat(64)}"` }))
  })
})
