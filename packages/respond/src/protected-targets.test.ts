import { formatRange, prefixOf } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createProtectedTargets } from './protected-targets.js'
import type { Target } from './targets.js'

const targets = createProtectedTargets({
  allowList: ['198.51.100.0/24', '2001:db8:aaaa::/48'],
  proxies: ['192.0.2.10'],
  ownAddresses: ['192.0.2.1', '2001:db8:1:1::1'],
  gateways: ['192.0.2.254'],
  dns: ['192.0.2.53'],
  operators: ['203.0.113.99'],
  enforcers: ['192.0.2.77'],
})

const reason = (kind: Target['kind'], value: string): string | undefined => targets.reasonFor({ kind, value })

describe('one address', () => {
  it.each([
    ['127.0.0.1', /loopback/],
    ['127.8.9.10', /loopback/],
    ['::ffff:127.0.0.1', /loopback/],
    ['::1', /loopback/],
    ['0.0.0.0', /unspecified/],
    ['::', /loopback|unspecified/],
    ['192.0.2.1', /address of this machine/],
    ['192.0.2.10', /declared proxy/],
    ['192.0.2.254', /gateway/],
    ['192.0.2.77', /where a guard or an agent works/],
    ['192.0.2.53', /DNS/],
    ['198.51.100.200', /allow-list/],
    ['203.0.113.99', /operator/],
    ['2001:db8:aaaa:1::1', /allow-list/],
    // the ban would be of the whole /64, in which this machine is
    ['2001:db8:1:1::bad', /address of this machine/],
  ])('%s is protected', (value, why) => {
    expect(reason('ip', value)).toMatch(why)
  })

  it.each(['203.0.113.7', '192.0.2.2', '2001:db8:1:2::1', '198.51.101.1'])('%s is not', (value) => {
    expect(reason('ip', value)).toBeUndefined()
  })
})

describe('a range', () => {
  it('is refused when it holds a protected address, and names it', () => {
    expect(reason('cidr', '192.0.2.0/28')).toBe('192.0.2.0/28 holds 192.0.2.1, which is an address of this machine')
    expect(reason('cidr', '198.51.100.128/25')).toMatch(/198\.51\.100\.0\/24, which is on the allow-list/)
    expect(reason('cidr', '2001:db8:1::/48')).toMatch(/address of this machine/)
    expect(reason('cidr', '203.0.113.0/26')).toBeUndefined()
  })

  it.each([
    ['0.0.0.0/0', /too wide/],
    ['::/0', /too wide/],
    ['203.0.0.0/15', /too wide/],
    ['2001:db8::/31', /too wide/],
    ['64:ff9b::/96', /not an address/],
    ['203.0.113.0/33', /not an address/],
    ['', /not an address/],
  ])('%j is refused whatever lies in it', (value, why) => {
    expect(createProtectedTargets({}).reasonFor({ kind: 'cidr', value })).toMatch(why)
  })

  it('may be as wide as a /16 or a /32', () => {
    const empty = createProtectedTargets({})
    expect(empty.reasonFor({ kind: 'cidr', value: '203.0.0.0/16' })).toBeUndefined()
    expect(empty.reasonFor({ kind: 'cidr', value: '2001:db8::/32' })).toBeUndefined()
  })

  it('that holds any protected address is refused at every width', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), fc.integer({ min: 0, max: 32 }), (word, prefix) => {
        const own = { family: 4, word } as const
        const guarded = createProtectedTargets({ ownAddresses: [formatRange(prefixOf(own, 32))] })
        expect(guarded.reasonFor({ kind: 'cidr', value: formatRange(prefixOf(own, prefix)) })).toBeDefined()
      }),
    )
  })
})

describe('other targets', () => {
  it('are never addresses, and everybody is never a target', () => {
    expect(reason('user', '127.0.0.1')).toBeUndefined()
    expect(reason('session', 's')).toBeUndefined()
    expect(reason('all', '*')).toMatch(/everybody/)
  })
})

describe('the options', () => {
  it('are checked when built: the message names the option and the text', () => {
    expect(() => createProtectedTargets({ proxies: ['10.0.0.1', 'proxy.internal'] })).toThrow(
      expect.objectContaining({ code: 'PPT_ADDRESS_INVALID', detail: 'proxies: "proxy.internal"' }),
    )
  })
})

describe('a long allow-list', () => {
  it('is asked quickly about ranges, and finds the one line that holds or lies in the target', () => {
    const allowList = Array.from({ length: 10_000 }, (_, n) =>
      n % 2 === 0 ? `10.${n >> 8}.${n & 255}.0/24` : `2001:db8:${n.toString(16)}::/48`,
    )
    const targets = createProtectedTargets({ allowList })
    const began = process.cpuUsage()
    for (let n = 0; n < 500; n++) expect(targets.reasonFor({ kind: 'cidr', value: `2001:db9:${n.toString(16)}::/64` })).toBeUndefined()
    // 25 ms each when every line was written out as text
    expect(process.cpuUsage(began).user / 1_000).toBeLessThan(2_500)
    expect(targets.reasonFor({ kind: 'cidr', value: '2001:db8:1:ff::/64' })).toContain('allow-list')
    expect(targets.reasonFor({ kind: 'cidr', value: '2001:db8::/32' })).toContain('holds 2001:db8:1::/48')
    expect(targets.reasonFor({ kind: 'cidr', value: '10.0.0.128/25' })).toContain('allow-list')
    expect(targets.reasonFor({ kind: 'cidr', value: '10.0.1.0/24' })).toBeUndefined()
  })
})
