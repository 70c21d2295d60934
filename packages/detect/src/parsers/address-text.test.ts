import { canonicalAddress, parseAddress } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { addressAt } from './address-text.js'

fc.configureGlobal({ seed: 20_261_121 })

const whole = (text: string): string | undefined => addressAt(text, 0, text.length)

describe('an address in a line', () => {
  it('is what the one reader of addresses in core says, for every IPv4 and IPv6 address', () => {
    fc.assert(
      fc.property(fc.oneof(fc.ipV4(), fc.ipV6()), (ip) => {
        expect(whole(ip)).toBe(canonicalAddress(ip))
      }),
      { numRuns: 500 },
    )
  })

  it('is never found where core finds none', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('0', '1', '2', '5', '9', '.', ':', 'a', 'f', '%', '/', '[', ']'), maxLength: 20 }),
        (text) => {
          expect(whole(text) === undefined || parseAddress(text) !== undefined).toBe(true)
        },
      ),
      { numRuns: 1000 },
    )
  })

  it('is exactly what stands between the two offsets', () => {
    const line = 'x 1198.18.0.11 y'
    expect(addressAt(line, 3, 13)).toBe('198.18.0.1')
    expect(addressAt(line, 2, 13)).toBeUndefined()
    expect(addressAt(line, 3, 14)).toBe('198.18.0.11')
    expect(addressAt(line, 5, 5)).toBeUndefined()
    expect(addressAt(line, 9, 3)).toBeUndefined()
    expect(addressAt(line, 100, 120)).toBeUndefined()
  })

  it.each([
    '',
    '1',
    '1.2.3',
    '1.2.3.',
    '.1.2.3',
    '1..2.3',
    '1.2.3.4.5',
    '01.2.3.4',
    '1.2.3.04',
    '256.2.3.4',
    '1.2.3.256',
    '1.2.3.999',
    '4294967296',
    '1.2.3.4 ',
    '１.2.3.4',
    '1.2.3.4:22',
    '[2001:db8::1]',
    '[2001:db8::1]:22',
    '2001:db8',
    ':::',
    '2001:db8::1::2',
    'g::1',
    'localhost',
    'unix:',
    `1:${'2'.repeat(80)}`,
  ])('is not %j', (text) => {
    expect(whole(text)).toBeUndefined()
  })

  it.each([
    ['::ffff:198.18.0.1', '198.18.0.1'],
    ['64:ff9b::c612:1', '198.18.0.1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['2001:DB8::00A1', '2001:db8::a1'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
  ])('%s is one with %s, so that writing it otherwise is no disguise', (text, canonical) => {
    expect(whole(text)).toBe(canonical)
  })

  it('stays right when a hundred thousand addresses share the cache', () => {
    let wrong = 0
    for (let i = 0; i < 100_000; i++) {
      const word = Math.imul(i, 2_654_435_761) >>> 0
      const ip = `${word >>> 24}.${(word >>> 16) & 255}.${(word >>> 8) & 255}.${word & 255}`
      if (whole(ip) !== ip || whole('198.18.0.1') !== '198.18.0.1') wrong++
    }
    expect(wrong).toBe(0)
  })
})
