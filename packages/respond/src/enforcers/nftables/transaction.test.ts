import { isParapetError, parseAddress, parseRange } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { denial } from './fixtures/decisions.js'
import { createAllowList } from '../allow-list.js'
import { NOTHING_HELD } from './held.js'
import { nftablesModel } from './model.js'
import { readSets } from './read-back.js'
import { readOperations } from './read-operations.js'
import { renderTransaction } from './render.js'
import { MAX_TIMEOUT_MS, TABLE } from './table.js'

/** Words that stand in a transaction which changes elements. */
const KEYWORDS = new Set(['ipv4', 'ipv6', 'add', 'delete', 'flush', 'element', 'set', 'inet', 'parapet', '{', '}', 'timeout'])
const NAMES = /^(?:allow|ban|range|open)[46]$|^lockdown$|^\d+ms$|^60s$/

const isClean = (text: string): boolean =>
  text
    .split('\n')
    .flatMap((line) => line.replaceAll(',', ' ').split(' '))
    .filter(Boolean)
    .every((word) => KEYWORDS.has(word) || NAMES.test(word) || (parseRange(word) !== undefined && /^[0-9a-f.:/]+$/.test(word)))

const settings = { allowed: createAllowList([]), most: 1_000, lockdown: true, open: [], mayEnter: true }

describe('a transaction', () => {
  const hostile = fc.oneof(
    fc.string({ maxLength: 40 }),
    fc.constantFrom(
      '1.2.3.4 }; flush ruleset; add element inet x y { 1.2.3.4',
      '1.2.3.4\nflush ruleset',
      '$(reboot)',
      '1.2.3.4 timeout 1s',
      '@allow4',
      '1.2.3.4-255.255.255.255',
      '0.0.0.0/0',
      '::/0',
      '2001:db8::1%eth0 accept',
      'example.org',
      '1.2.3.4/24/8',
    ),
    fc.ipV4(),
    fc.ipV6(),
    fc.tuple(fc.ipV4(), fc.integer({ min: 0, max: 33 })).map(([ip, bits]) => `${ip}/${bits}`),
    fc.tuple(fc.ipV6(), fc.integer({ min: 0, max: 129 })).map(([ip, bits]) => `${ip}/${bits}`),
  )

  it('holds nothing but keywords of ours and addresses, whatever stands in decisions', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(hostile, fc.boolean()), { maxLength: 20 }), (given) => {
        const decisions = given.map(([value, isRange]) => denial(value, { target: { kind: isRange ? 'cidr' : 'ip', value } }))
        const lockdown = denial('*', {
          target: { kind: 'all', value: '*' },
          action: 'lockdown',
          lockdown: { mode: 'all', allow: given.map(([value]) => value) },
        })
        const { operations } = nftablesModel.plan(
          { ...NOTHING_HELD, built: true },
          nftablesModel.wanted([...decisions, lockdown], 1, settings),
          1,
        )
        const text = renderTransaction(readOperations(operations, 1), 1_000)
        expect(isClean(text) ? '' : text).toBe('')
      }),
      { seed: 3, numRuns: 500 },
    )
  })

  it('is refused whole, or holds nothing but keywords and addresses, whatever is sent to the helper', () => {
    const ms = fc.oneof(fc.integer(), fc.double(), fc.constantFrom('60s', null, '1s; flush ruleset', MAX_TIMEOUT_MS + 1))
    const operation = fc.record(
      {
        op: fc.constantFrom('add', 'renew', 'remove', 'empty', 'ranges', 'allow', 'open', 'flush ruleset', null),
        set: fc.constantFrom('ban4', 'ban6', 'allow4', 'ban4 { } ; flush ruleset', 1),
        elements: fc.oneof(
          fc.array(fc.tuple(hostile, fc.oneof(ms, fc.integer({ min: 1, max: 1_000_000 }))), { maxLength: 4 }),
          fc.anything(),
        ),
        addresses: fc.oneof(fc.array(hostile, { maxLength: 4 }), fc.anything()),
        ranges: fc.oneof(fc.array(hostile, { maxLength: 4 }), fc.anything()),
        until: ms,
      },
      { requiredKeys: [] },
    )
    let taken = 0
    fc.assert(
      fc.property(fc.oneof(fc.array(operation, { maxLength: 3 }), fc.anything()), (sent) => {
        let text = ''
        try {
          text = renderTransaction(readOperations(sent, 0), 1_000)
          taken++
        } catch (error) {
          if (!isParapetError(error) || (error.code !== 'PPT_ADDRESS_INVALID' && error.code !== 'PPT_HELPER')) throw error
        }
        expect(isClean(text) ? '' : text).toBe('')
      }),
      { seed: 5, numRuns: 2_000 },
    )
    expect(taken).toBeGreaterThan(50)
  })

  it('never makes a set hold an address of the other family or a range as a host', () => {
    for (const [set, address] of [
      ['ban4', '2001:db8::1'],
      ['ban6', '192.0.2.1'],
      ['ban4', '192.0.2.0/24'],
      ['ban6', '2001:db8::/48'],
      // what is written as IPv6 and means IPv4
      ['ban6', '::ffff:192.0.2.1'],
    ])
      expect(() => readOperations([{ op: 'add', set, elements: [[address, 1_000]] }], 0)).toThrow('not an IP address')
    expect(renderTransaction(readOperations([{ op: 'add', set: 'ban6', elements: [['2001:db8:0:7:1:2:3:4', 1_900]] }], 900), 10)).toBe(
      `add element ${TABLE} ban6 { 2001:db8:0:7:: timeout 1000ms }\n`,
    )
  })

  it('is bounded: too many operations, ranges that are too wide, ends that no kernel takes', () => {
    expect(() =>
      readOperations(
        Array.from({ length: 65 }, () => ({ op: 'build' })),
        0,
      ),
    ).toThrow('longer than 64')
    expect(() => readOperations([{ op: 'ranges', elements: [['10.0.0.0/8', 1_000]] }], 0)).toThrow('too wide')
    for (const until of [-1, 1.5, Number.NaN, MAX_TIMEOUT_MS + 60_001, '1000'])
      expect(() => readOperations([{ op: 'add', set: 'ban4', elements: [['192.0.2.1', until]] }], 0)).toThrow('an end is')
  })
})

describe('what nft lists', () => {
  const listing = (sets: Readonly<Record<string, readonly unknown[]>>): string =>
    JSON.stringify({ nftables: [{ metainfo: {} }, ...Object.entries(sets).map(([name, elem]) => ({ set: { name, elem } }))] })

  it('is read as hosts, ranges and what is left of them, without our canaries', () => {
    const timed = (val: unknown, expires: number): unknown => ({ elem: { val, timeout: 100, expires } })
    expect(
      readSets(
        listing({
          ban4: [timed('192.0.2.1', 60), '255.255.255.255'],
          ban6: ['ffff:ffff:ffff:ffff::', timed('2001:db8::', 7)],
          range4: [timed({ prefix: { addr: '198.51.100.0', len: 24 } }, 9)],
          range6: [timed({ prefix: { addr: '2001:db8:1::', len: 48 } }, 10), 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff'],
          allow4: ['192.0.2.9', { prefix: { addr: '203.0.113.0', len: 24 } }],
          lockdown: [timed('ipv4', 30), timed('ipv6', 29)],
        }),
      ),
    ).toEqual({
      ban4: [['192.0.2.1', 60_000]],
      ban6: [['2001:db8::', 7_000]],
      ranges: [
        ['198.51.100.0/24', 9_000],
        ['2001:db8:1::/48', 10_000],
      ],
      allow: ['192.0.2.9', '203.0.113.0/24'],
      open: [],
      lockdownMs: 29_000,
    })
  })

  it('is nothing of ours when a set holds what we never put there', () => {
    expect(readSets(listing({ range4: [{ range: ['192.0.2.1', '192.0.2.9'] }] }))).toBeNull()
    expect(readSets(listing({ ban6: ['::ffff:192.0.2.1'] }))).toBeNull()
    expect(parseAddress('::ffff:192.0.2.1')?.family).toBe(4)
  })

  it('that is no listing is said to be none', () => {
    for (const text of ['', 'null', '{}', '[', '{"nftables":7}']) expect(() => readSets(text)).toThrow('helper')
  })
})
