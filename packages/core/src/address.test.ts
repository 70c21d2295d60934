import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import {
  type Address,
  addressKey,
  type AddressRange,
  canonicalAddress,
  formatAddress,
  formatRange,
  maskWord,
  parseAddress,
  parseRange,
  prefixOf,
} from './address.js'

const word = fc.integer({ min: 0, max: 0xffffffff })
const group = fc.integer({ min: 0, max: 0xffff })
/** Groups with many zeros, so that every shape of `::` comes up. */
const groups = fc.array(fc.oneof({ weight: 2, arbitrary: fc.constant(0) }, { weight: 3, arbitrary: group }), { minLength: 8, maxLength: 8 })

const bits = (address: Address): bigint =>
  address.family === 4 ? BigInt(address.word) : address.words.reduce((sum, next) => (sum << 32n) | BigInt(next), 0n)
const bitsOfGroups = (list: readonly number[]): bigint => list.reduce((sum, next) => (sum << 16n) | BigInt(next), 0n)

/** What folding should do, by its definition over 128 bits. */
const folded = (value: bigint): { family: 4 | 6; value: bigint } => {
  if (value >> 32n === 0xffffn || value >> 32n === 0x64ff9b0000000000000000n) return { family: 4, value: value & 0xffffffffn }
  if (value >> 112n === 0x2002n) return { family: 4, value: (value >> 80n) & 0xffffffffn }
  return { family: 6, value }
}

const v4 = word.map((value): Address => ({ family: 4, word: value }))
const v6 = groups
  .map((list) => parseAddress(list.map((g) => g.toString(16)).join(':')) as Address)
  .filter((address): address is Address => address.family === 6)
const anyAddress = fc.oneof(v4, v6)

describe('parseAddress', () => {
  it.each([
    ['203.0.113.7', '203.0.113.7'],
    ['0.0.0.0', '0.0.0.0'],
    ['255.255.255.255', '255.255.255.255'],
    ['203.0.113.7:443', '203.0.113.7'],
    ['[2001:db8::1]:443', '2001:db8::1'],
    ['[2001:db8::1]', '2001:db8::1'],
    ['[203.0.113.7]:80', '203.0.113.7'],
    ['::', '::'],
    ['::1', '::1'],
    ['1::', '1::'],
    ['2001:DB8:0:0:8:800:200C:417A', '2001:db8::8:800:200c:417a'],
    ['2001:db8:0:1:1:1:1:1', '2001:db8:0:1:1:1:1:1'],
    ['2001:0:0:1:0:0:0:1', '2001:0:0:1::1'],
    ['2001:db8:0:0:1:0:0:1', '2001:db8::1:0:0:1'],
    ['1:2:3:4:5:6:7::', '1:2:3:4:5:6:7:0'],
    ['::2:3:4:5:6:7:8', '0:2:3:4:5:6:7:8'],
    ['1:2:3:4:5:6:203.0.113.7', '1:2:3:4:5:6:cb00:7107'],
    ['::203.0.113.7', '::cb00:7107'],
    ['fe80::1%eth0', 'fe80::1'],
    ['[fe80::1%25eth0]:8080', 'fe80::1'],
    ['::ffff:203.0.113.7', '203.0.113.7'],
    ['::ffff:203.0.113.7%eth0', '203.0.113.7'],
    ['::FFFF:cb00:7107', '203.0.113.7'],
    ['0:0:0:0:0:ffff:cb00:7107', '203.0.113.7'],
    ['64:ff9b::203.0.113.7', '203.0.113.7'],
    ['2002:cb00:7107::1', '203.0.113.7'],
  ])('reads %s as %s', (text, canonical) => {
    expect(canonicalAddress(text)).toBe(canonical)
  })

  it.each([
    '',
    ' ',
    '203.0.113',
    '203.0.113.7.1',
    '203.0.113.',
    '.203.0.113',
    '203..113.7',
    '256.0.0.1',
    '1.2.3.1000',
    '01.2.3.4',
    '1.2.3.04',
    '0x7f.0.0.1',
    '1.2.3.4 ',
    ' 1.2.3.4',
    '1.2.3.4%eth0',
    '203.0.113.7:',
    '203.0.113.7:65536',
    '203.0.113.7:http',
    '203.0.113.7:80:80',
    ':',
    ':::',
    ':1',
    '1:',
    '1:2',
    '1::2::3',
    '1:2:3:4:5:6:7',
    '1:2:3:4:5:6:7:8:9',
    '1:2:3:4:5:6:7:8:',
    '1:2:3:4:5:6:7:8::',
    '::1:2:3:4:5:6:7:8',
    '12345::',
    'g::',
    '::g',
    '::1%',
    '::%',
    '%::1',
    '1.2.3.4::',
    '::1.2.3',
    '::1.2.3.4.5',
    '1:2:3:4:5:6:7:1.2.3.4',
    '::1.2.3.4:5',
    '[::1',
    '::1]',
    '[]',
    '[:]',
    '[::1]x',
    '[::1]:',
    '[::1]:70000',
    '[::1]80',
    'localhost',
    'unknown',
    '_hidden',
    '２０３.0.113.7',
    '1.2.3.4\u0000',
    '2001:db8::1\n',
    '1'.repeat(4096),
    ':'.repeat(4096),
  ])('refuses %j', (text) => {
    expect(parseAddress(text)).toBeUndefined()
  })

  it('gives the bits that any way of writing an IPv6 address stands for', () => {
    fc.assert(
      fc.property(groups, fc.boolean(), fc.nat(7), fc.nat(7), fc.boolean(), (list, upper, from, length, pad) => {
        const text = list.map((g) => g.toString(16).padStart(pad ? 4 : 1, '0'))
        // write any run of zeros as the gap, not only the one that RFC 5952 would choose
        const run = list.slice(from, from + Math.max(1, length))
        const gap = run.every((g) => g === 0) && run.length > 0
        const written = gap ? `${text.slice(0, from).join(':')}::${text.slice(from + run.length).join(':')}` : text.join(':')
        const address = parseAddress(upper ? written.toUpperCase() : written)
        expect(address).toBeDefined()
        const expected = folded(bitsOfGroups(list))
        expect({ family: address?.family, value: bits(address as Address) }).toEqual(expected)
      }),
      { numRuns: 2_000 },
    )
  })

  it('reads a dotted tail like the two groups it stands for', () => {
    fc.assert(
      fc.property(fc.array(group, { minLength: 6, maxLength: 6 }), word, (front, tail) => {
        const head = front.map((g) => g.toString(16)).join(':')
        const dotted = `${head}:${formatAddress({ family: 4, word: tail })}`
        const plain = `${head}:${(tail >>> 16).toString(16)}:${(tail & 0xffff).toString(16)}`
        expect(parseAddress(dotted)).toEqual(parseAddress(plain))
      }),
    )
  })

  it('keeps nothing of one address in the next', () => {
    fc.assert(
      fc.property(groups, groups, (a, b) => {
        const text = b.map((g) => g.toString(16)).join(':')
        const alone = parseAddress(text)
        parseAddress(a.map((g) => g.toString(16)).join(':'))
        parseAddress('1:2:3')
        expect(parseAddress(text)).toEqual(alone)
        expect(formatAddress(parseAddress('::') as Address)).toBe('::')
      }),
    )
  })

  it('never throws and never takes long, whatever the text', () => {
    const hostile = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 200 }),
      fc.stringMatching(/^[0-9a-fA-F:.%[\]/]{0,140}$/),
      fc.constantFrom('[', ']', '%', ':::::::::', '....', '::%%%', '[[[[', '1:'.repeat(70)),
    )
    fc.assert(
      fc.property(hostile, (text) => {
        const address = parseAddress(text)
        expect(address === undefined ? undefined : parseAddress(formatAddress(address))).toEqual(address)
      }),
      { numRuns: 3_000 },
    )
  })
})

describe('formatAddress', () => {
  it('is read back as the same address', () => {
    fc.assert(
      fc.property(anyAddress, (address) => {
        expect(parseAddress(formatAddress(address))).toEqual(address)
      }),
      { numRuns: 2_000 },
    )
  })

  it('writes every IPv6 address in the one form of RFC 5952', () => {
    fc.assert(
      fc.property(v6, (address) => {
        const text = formatAddress(address)
        expect(text).toMatch(/^[0-9a-f:]+$/)
        expect(text.split('::').length).toBeLessThanOrEqual(2)
        expect(text).not.toMatch(/(?:^|:)0[0-9a-f]/)
        // the gap stands for the first of the longest runs of two zeros or more
        const zeros = text.includes('::') ? 8 - text.split(':').filter((part) => part !== '').length : 1
        const [before = ''] = text.split('::')
        const longest = (part: string): number =>
          Math.max(
            0,
            ...(
              part
                .split(':')
                .join(' ')
                .match(/(?:\b0\b ?)+/g) ?? []
            ).map((run) => run.trim().split(' ').length),
          )
        expect(zeros === 1 || longest(before) < zeros).toBe(true)
        expect(longest(text)).toBeLessThanOrEqual(zeros)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('ranges', () => {
  const prefixed = fc.oneof(fc.tuple(v4, fc.integer({ min: 0, max: 32 })), fc.tuple(v6, fc.integer({ min: 0, max: 128 })))

  it('keeps the first bits and clears the rest, as big integers do', () => {
    fc.assert(
      fc.property(prefixed, ([address, prefix]) => {
        const width = address.family === 4 ? 32n : 128n
        const shift = width - BigInt(prefix)
        expect(bits(prefixOf(address, prefix).address)).toBe((bits(address) >> shift) << shift)
      }),
      { numRuns: 2_000 },
    )
  })

  it('is read back as it was written', () => {
    fc.assert(
      fc.property(prefixed, ([address, prefix]) => {
        const range = prefixOf(address, prefix)
        // what a cleared range folds to is IPv4, written as such
        fc.pre(parseAddress(formatAddress(range.address))?.family === address.family)
        expect(parseRange(formatRange(range))).toEqual(range)
      }),
      { numRuns: 2_000 },
    )
  })

  it.each<[string, string]>([
    ['203.0.113.99/24', '203.0.113.0/24'],
    ['203.0.113.99', '203.0.113.99'],
    ['203.0.113.99/32', '203.0.113.99'],
    ['0.0.0.0/0', '0.0.0.0/0'],
    ['2001:db8:1:2:3::/64', '2001:db8:1:2::/64'],
    ['::/0', '::/0'],
    ['::ffff:203.0.113.99/120', '203.0.113.0/24'],
    ['::ffff:203.0.113.99/128', '203.0.113.99'],
    ['64:ff9b::203.0.113.99/120', '203.0.113.0/24'],
    ['2002:cb00:7163::/40', '203.0.113.0/24'],
    ['2002:cb00:7163::/48', '203.0.113.99'],
    ['2002:cb00:7163::1/128', '203.0.113.99'],
  ])('reads %s as %s', (text, expected) => {
    expect(formatRange(parseRange(text) as AddressRange)).toBe(expected)
  })

  it.each(['', '/', '/24', '203.0.113.0/', '203.0.113.0/33', '203.0.113.0/-1', '203.0.113.0/024', '203.0.113.0/24/24', '203.0.113.0/ 24'])(
    'refuses %j',
    (text) => {
      expect(parseRange(text)).toBeUndefined()
    },
  )

  it.each([
    '2001:db8::/129',
    '2001:db8::/1e2',
    '::ffff:1.2.3.4/95',
    '::ffff:1.2.3.4/129',
    '2002:cb00::/8',
    '2002::/16',
    '64:ff9b::/96',
    '::ffff:0:0/96',
    'x/24',
    '1.2.3.4/9999999999',
    `1.2.3.4/${'1'.repeat(500)}`,
  ])('refuses %j', (text) => {
    expect(parseRange(text)).toBeUndefined()
  })

  it('clamps a prefix beyond the width of the address to the address itself', () => {
    expect(formatRange(prefixOf({ family: 4, word: 0xcb007107 }, 64))).toBe('203.0.113.7')
    expect(maskWord(0xffffffff, 40)).toBe(0xffffffff)
    expect(maskWord(0xffffffff, -8)).toBe(0)
  })
})

describe('addressKey', () => {
  it('counts a whole /64 as one, so that rotating through it gains nothing', () => {
    fc.assert(
      fc.property(
        fc.array(group, { minLength: 4, maxLength: 4 }),
        fc.array(group, { minLength: 4, maxLength: 4 }),
        fc.array(group, { minLength: 4, maxLength: 4 }),
        (net, a, b) => {
          const write = (host: readonly number[]): string => [...net, ...host].map((g) => g.toString(16)).join(':')
          fc.pre(folded(bitsOfGroups([...net, ...a])).family === 6 && folded(bitsOfGroups([...net, ...b])).family === 6)
          expect(addressKey(write(a))).toBe(addressKey(write(b)))
        },
      ),
    )
  })

  it('is the written form of the prefix for every address and prefix', () => {
    fc.assert(
      fc.property(v6, fc.integer({ min: 1, max: 128 }), (address, prefix) => {
        const text = formatAddress(address)
        expect(addressKey(text, prefix)).toBe(formatRange(prefixOf(address, prefix)))
        expect(addressKey(text)).toBe(formatRange(prefixOf(address, 64)))
      }),
      { numRuns: 1_000 },
    )
  })

  it('gives one IPv4 address one key, however it is written', () => {
    const keys = [
      '203.0.113.7',
      '::ffff:203.0.113.7',
      '::ffff:cb00:7107',
      '64:ff9b::cb00:7107',
      '[::ffff:203.0.113.7]:443',
      '203.0.113.7:443',
    ]
    expect(new Set(keys.map((text) => addressKey(text)))).toEqual(new Set(['203.0.113.7']))
    expect(addressKey('junk')).toBeUndefined()
  })
})
