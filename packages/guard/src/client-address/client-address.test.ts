import { formatAddress, parseAddress } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GuardRequest } from '../request/guard-request.js'
import { CDNS } from './cdn.js'
import { createClientAddress, type ClientAddressOptions, type Topology } from './client-address.js'

const request = (peer: string | undefined, headers: Record<string, string> = {}): GuardRequest => ({
  method: 'GET',
  url: '/',
  header: (name) => headers[name],
  peer,
  secure: false,
})
const ask = (topology: Topology, peer: string | undefined, headers: Record<string, string> = {}): string => {
  const verdict = createClientAddress(topology)(request(peer, headers))
  return verdict.kind === 'known' ? verdict.address : verdict.reason
}
const keyFor = (address: string, options: ClientAddressOptions = {}): string => {
  const verdict = createClientAddress('direct', options)(request(address))
  return verdict.kind === 'known' ? verdict.key : verdict.reason
}
const proxied: Topology = { trusted: ['10.0.0.0/8', '2001:db8:ffff::/48'] }

describe('a direct topology', () => {
  it('knows only the TCP peer, whatever headers claim [ASVS 4.1.3, 15.3.4]', () => {
    expect(ask('direct', '203.0.113.7', { 'x-forwarded-for': '1.2.3.4', forwarded: 'for=1.2.3.4', 'x-real-ip': '1.2.3.4' })).toBe(
      '203.0.113.7',
    )
  })

  it('says unknown for a Unix socket and for a peer that is no address', () => {
    expect(ask('direct', undefined)).toBe('no_peer')
    expect(ask('direct', 'unix:')).toBe('no_peer')
  })
})

describe('trusted proxies', () => {
  it('checks the peer first: an untrusted one cannot name anybody [ASVS 4.1.3, 15.3.4]', () => {
    expect(ask(proxied, '203.0.113.7', { 'x-forwarded-for': '1.2.3.4' })).toBe('203.0.113.7')
  })

  it('trap: left-most XFF: the right-most untrusted hop is taken, and a forged left part changes nothing [ASVS 15.3.4]', () => {
    expect(ask(proxied, '10.0.0.1', { 'x-forwarded-for': '1.2.3.4, 203.0.113.7' })).toBe('203.0.113.7')
    expect(ask(proxied, '10.0.0.1', { 'x-forwarded-for': '1.2.3.4,203.0.113.7 , 10.2.3.4' })).toBe('203.0.113.7')
    expect(ask(proxied, '10.0.0.1', { 'x-forwarded-for': `${'1.1.1.1,'.repeat(500)}203.0.113.7` })).toBe('203.0.113.7')
  })

  it('believes no single-address header', () => {
    const headers = { 'true-client-ip': '1.2.3.4', 'cf-connecting-ip': '1.2.3.4', 'x-real-ip': '1.2.3.4', 'x-client-ip': '1.2.3.4' }
    expect(ask(proxied, '10.0.0.1', { ...headers, 'x-forwarded-for': '203.0.113.7' })).toBe('203.0.113.7')
  })

  it('reads the declared header only: a proxy passes a forged other one through', () => {
    const headers = { forwarded: 'for=1.2.3.4', 'x-forwarded-for': '203.0.113.7' }
    expect(ask(proxied, '10.0.0.1', headers)).toBe('203.0.113.7')
    expect(
      ask({ trusted: ['10.0.0.0/8'], header: 'forwarded' }, '10.0.0.1', { forwarded: 'for=203.0.113.7', 'x-forwarded-for': '1.2.3.4' }),
    ).toBe('203.0.113.7')
  })

  it('says unknown, never one shared address, when the proxy names nobody or junk', () => {
    expect(ask(proxied, '10.0.0.1')).toBe('no_forwarding_header')
    expect(ask(proxied, '10.0.0.1', { 'x-forwarded-for': '' })).toBe('no_forwarding_header')
    for (const junk of ['unknown', '_hidden', '1.2.3', '1.2.3.4.5', ',', '203.0.113.7,', '203.0.113.7, ', 'localhost', '١.2.3.4']) {
      expect(ask(proxied, '10.0.0.1', { 'x-forwarded-for': junk })).toBe('unreadable_hop')
    }
  })

  it('goes to the left-most hop when all are trusted, and stops at 32', () => {
    expect(ask(proxied, '10.0.0.1', { 'x-forwarded-for': '10.9.9.9, 10.0.0.2' })).toBe('10.9.9.9')
    expect(ask(proxied, '10.0.0.1', { 'x-forwarded-for': '10.0.0.2,'.repeat(100) + '10.0.0.2' })).toBe('too_many_hops')
  })

  it('trusts a proxy that Node writes in mapped form', () => {
    expect(ask(proxied, '::ffff:10.0.0.1', { 'x-forwarded-for': '203.0.113.7' })).toBe('203.0.113.7')
  })

  it('takes ports, brackets and zones off', () => {
    expect(ask(proxied, '10.0.0.1', { 'x-forwarded-for': '203.0.113.7:51234' })).toBe('203.0.113.7')
    expect(ask(proxied, '10.0.0.1', { 'x-forwarded-for': '[2001:db8::7]:443' })).toBe('2001:db8::7')
    expect(ask(proxied, '10.0.0.1', { 'x-forwarded-for': 'fe80::1%eth0' })).toBe('fe80::1')
  })
})

describe('Forwarded', () => {
  const topology: Topology = { trusted: ['10.0.0.0/8'], header: 'forwarded' }
  const from = (forwarded: string): string => ask(topology, '10.0.0.1', { forwarded })

  it('reads quoted IPv6 with a port, other parameters and any case', () => {
    expect(from('for="[2001:db8::7]:4711";proto=https')).toBe('2001:db8::7')
    expect(from('Proto=http; FOR=203.0.113.7 ; by=10.0.0.1')).toBe('203.0.113.7')
  })

  it('does not let a quote that the client left open swallow what the proxy wrote', () => {
    expect(from('for="1.2.3.4, for=203.0.113.7')).toBe('203.0.113.7')
    expect(from('for=1.2.3.4;host="x, for=203.0.113.7')).toBe('203.0.113.7')
  })

  it("does not let a quoted host in the proxy's own element forge a hop", () => {
    expect(from('for=203.0.113.7;host="a, for=1.2.3.4"')).toBe('203.0.113.7')
    expect(from('for=203.0.113.7;host="a\\", for=1.2.3.4"')).toBe('203.0.113.7')
    expect(from('for=203.0.113.7;host="a;for=1.2.3.4"')).toBe('203.0.113.7')
  })

  it('says unknown for hidden nodes, a missing or doubled for, and quotes that never open', () => {
    for (const junk of ['for=unknown', 'for=_x', 'proto=https', 'for=1.2.3.4;for=5.6.7.8', 'host=x"', '"'])
      expect(from(junk)).toBe('unreadable_hop')
  })
})

describe('a count of hops', () => {
  it('counts from the right', () => {
    const headers = { 'x-forwarded-for': '1.2.3.4, 203.0.113.7, 198.51.100.9' }
    expect(ask({ hops: 1 }, '10.0.0.1', headers)).toBe('198.51.100.9')
    expect(ask({ hops: 2 }, '10.0.0.1', headers)).toBe('203.0.113.7')
  })

  it('says unknown when fewer proxies were passed than declared, instead of taking the nearest', () => {
    expect(ask({ hops: 3 }, '10.0.0.1', { 'x-forwarded-for': '203.0.113.7' })).toBe('too_few_hops')
    expect(ask({ hops: 1 }, '10.0.0.1')).toBe('no_forwarding_header')
  })
})

describe('a content delivery network', () => {
  const edge = '104.16.0.9'
  const cloudflare = (peer: string, headers: Record<string, string>, more: Partial<Topology & object> = {}): string =>
    ask({ cdn: 'cloudflare', ...more }, peer, headers)

  it('names the client in its own header, which only its edges are believed in', () => {
    expect(ask('cloudflare', edge, { 'cf-connecting-ip': '203.0.113.7' })).toBe('203.0.113.7')
    expect(ask('cloudflare', '2606:4700::9', { 'cf-connecting-ip': '2001:db8::7' })).toBe('2001:db8::7')
    expect(ask('cloudflare', '::ffff:104.16.0.9', { 'cf-connecting-ip': '203.0.113.7' })).toBe('203.0.113.7')
  })

  it('trap: single-IP headers from an unchecked peer: whoever reaches the origin past the network is who he is', () => {
    const forged = { 'cf-connecting-ip': '1.2.3.4', 'true-client-ip': '1.2.3.4', 'x-real-ip': '1.2.3.4', 'x-forwarded-for': '1.2.3.4' }
    expect(ask('cloudflare', '203.0.113.66', forged)).toBe('203.0.113.66')
    expect(ask('cloudflare', undefined, forged)).toBe('no_peer')
    expect(ask('fastly', '203.0.113.66', { ...forged, 'fastly-client-ip': '1.2.3.4' })).toBe('203.0.113.66')
    expect(ask(proxied, '10.0.0.1', { ...forged, 'x-forwarded-for': '203.0.113.66' })).toBe('203.0.113.66')
    expect(ask({ hops: 1 }, '10.0.0.1', { ...forged, 'x-forwarded-for': '203.0.113.66' })).toBe('203.0.113.66')
    expect(ask('direct', '203.0.113.66', forged)).toBe('203.0.113.66')
  })

  it('whose edge names nobody, twice somebody, or junk leaves the client unknown', () => {
    expect(ask('cloudflare', edge, { 'x-forwarded-for': '1.2.3.4' })).toBe('no_forwarding_header')
    expect(ask('cloudflare', edge, { 'cf-connecting-ip': '' })).toBe('no_forwarding_header')
    for (const junk of ['1.2.3.4, 5.6.7.8', 'unknown', '1.2.3', '9'.repeat(400), 'for=1.2.3.4'])
      expect(ask('cloudflare', edge, { 'cf-connecting-ip': junk })).toBe('unreadable_hop')
  })

  it('before proxies of your own is found behind them, and only there', () => {
    const through = { through: ['10.0.0.0/8'] }
    const named = { 'cf-connecting-ip': '203.0.113.7' }
    expect(cloudflare('10.0.0.1', { ...named, 'x-forwarded-for': `203.0.113.7, ${edge}` }, through)).toBe('203.0.113.7')
    expect(cloudflare('10.0.0.1', { ...named, 'x-forwarded-for': `${edge}, 10.0.0.2` }, through)).toBe('203.0.113.7')
    // past the network, straight to our nginx, with both headers forged
    expect(cloudflare('10.0.0.1', { ...named, 'x-forwarded-for': `${edge}, 198.51.100.66` }, through)).toBe('198.51.100.66')
    expect(cloudflare('10.0.0.1', named, through)).toBe('no_forwarding_header')
    // an answer remembered for one forwarding header is not given for another client behind it
    const resolve = createClientAddress({ cdn: 'cloudflare', ...through })
    const header = { 'x-forwarded-for': edge }
    for (const client of ['203.0.113.1', '203.0.113.2', '203.0.113.1'])
      for (let i = 0; i < 3; i++)
        expect(resolve(request('10.0.0.1', { ...header, 'cf-connecting-ip': client }))).toMatchObject({ address: client })
  })

  it('that passes forged single-address headers on is read by what it appends', () => {
    const headers = { 'fastly-client-ip': '1.2.3.4', 'x-forwarded-for': '1.2.3.4, 203.0.113.7' }
    expect(ask('fastly', '151.101.1.1', headers)).toBe('203.0.113.7')
    expect(ask('fastly', '2a04:4e42::1', headers)).toBe('203.0.113.7')
    expect(ask({ cdn: 'fastly', through: ['10.0.0.0/8'] }, '10.0.0.1', { 'x-forwarded-for': '203.0.113.7, 151.101.1.1' })).toBe(
      '203.0.113.7',
    )
  })

  it('may be given newer ranges than those built in, which then count alone', () => {
    const named = { 'cf-connecting-ip': '203.0.113.7' }
    expect(cloudflare('192.0.2.9', named, { ranges: ['192.0.2.0/24'] })).toBe('203.0.113.7')
    expect(cloudflare(edge, named, { ranges: ['192.0.2.0/24'] })).toBe(edge)
  })

  it('is data with a source and a date, of ranges that are public and do not cover the world', () => {
    for (const [name, { ranges, source, asOf }] of Object.entries(CDNS)) {
      expect([name, new Set(ranges).size]).toEqual([name, ranges.length])
      expect(source).toMatch(/^https:\/\//)
      expect(Date.parse(asOf)).toBeGreaterThan(Date.parse('2025-01-01'))
      for (const range of ranges) {
        const prefix = Number(range.split('/')[1])
        expect([range, prefix >= (range.includes(':') ? 29 : 13)]).toEqual([range, true])
        expect(range).not.toMatch(/^(?:10|127|192\.168|172\.(?:1[6-9]|2\d|3[01])|169\.254|f[cde])[.:]/)
      }
    }
  })
})

describe('the key', () => {
  it('trap: IPv6 rotation in a /64: its whole range is one client, and rotating through it gains nothing', () => {
    expect(keyFor('2001:db8:1:2::1')).toBe('2001:db8:1:2::/64')
    expect(keyFor('2001:db8:1:2:ffff:ffff:ffff:ffff')).toBe('2001:db8:1:2::/64')
    expect(keyFor('2001:db8:1:3::1')).toBe('2001:db8:1:3::/64')
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 0xffff }), { minLength: 4, maxLength: 4 }), (host) => {
        expect(keyFor(`2001:db8:1:2:${host.map((g) => g.toString(16)).join(':')}`)).toBe('2001:db8:1:2::/64')
      }),
    )
  })

  it('trap: mapped IPv4 collapsing to one bucket: each address has its own, in either notation', () => {
    expect(keyFor('::ffff:1.2.3.4')).toBe('1.2.3.4')
    expect(keyFor('::ffff:102:304')).toBe('1.2.3.4')
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 0xffffffff }), (word) => {
        const plain = formatAddress({ family: 4, word })
        const [high, low] = [(word >>> 16).toString(16), (word & 0xffff).toString(16)]
        for (const form of [
          `::ffff:${plain}`,
          `::ffff:${high}:${low}`,
          `64:ff9b::${plain}`,
          `2002:${high}:${low}::1`,
          `[::ffff:${plain}]:80`,
        ])
          expect(keyFor(form)).toBe(plain)
      }),
    )
  })

  it('follows another prefix when told', () => {
    expect(keyFor('2001:db8:1:2ff::1', { v6Prefix: 56 })).toBe('2001:db8:1:200::/56')
  })

  it('follows the prefix of the narrowest range that holds the address', () => {
    const prefixes = { '2001:db8::/32': 48, '2001:db8:5::/48': 56, '100.64.0.0/10': 24, '203.0.113.9': 32 }
    expect(keyFor('2001:db8:1:2ff::1', { prefixes })).toBe('2001:db8:1::/48')
    expect(keyFor('2001:db8:5:2ff::1', { prefixes })).toBe('2001:db8:5:200::/56')
    expect(keyFor('2001:db9:5:2ff::1', { prefixes })).toBe('2001:db9:5:2ff::/64')
    expect(keyFor('100.100.7.9', { prefixes })).toBe('100.100.7.0/24')
    expect(keyFor('100.128.7.9', { prefixes })).toBe('100.128.7.9')
    expect(keyFor('::ffff:203.0.113.9', { prefixes })).toBe('203.0.113.9')
  })

  it('is the same for the same address however often peers are forgotten', () => {
    const resolve = createClientAddress('direct')
    for (let round = 0; round < 3; round++) for (let i = 0; i < 50_000; i++) resolve(request(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`))
    expect(resolve(request('10.0.0.1'))).toEqual({ kind: 'known', address: '10.0.0.1', key: '10.0.0.1' })
  })

  it('is never shared by junk: what cannot be read is unknown, with a reason', () => {
    for (const junk of ['', 'unknown', '1.2.3', '::g', '1.2.3.4.5', 'fe80::1%', '١.2.3.4'])
      expect(createClientAddress('direct')(request(junk))).toEqual({ kind: 'unknown', reason: 'no_peer' })
  })
})

describe('any header', () => {
  const v4 = fc.ipV4().filter((text) => !text.startsWith('10.'))

  it('never makes the resolver throw', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 120 }), fc.constantFrom('x-forwarded-for', 'forwarded'), (text, header) => {
        for (const topology of [
          { trusted: ['10.0.0.0/8'], header },
          { hops: 2, header },
        ] as Topology[]) {
          expect(['known', 'unknown']).toContain(createClientAddress(topology)(request('10.0.0.1', { [header]: text })).kind)
        }
      }),
    )
  })

  it('left of the real hop never changes the answer', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 60 }), v4, (forged, real) => {
        const address = parseAddress(real)
        expect(ask(proxied, '10.0.0.1', { 'x-forwarded-for': `${forged},${real}` })).toBe(
          address === undefined ? '' : formatAddress(address),
        )
        expect(ask({ trusted: ['10.0.0.0/8'], header: 'forwarded' }, '10.0.0.1', { forwarded: `${forged},for=${real}` })).toBe(real)
      }),
    )
  })
})

describe('options', () => {
  it.each([
    ['trusting', 'clientAddress'],
    [null, 'clientAddress'],
    [{}, 'clientAddress.trusted'],
    [{ trusted: [] }, 'clientAddress.trusted'],
    [{ trusted: '10.0.0.0/8' }, 'clientAddress.trusted'],
    [{ trusted: ['10.0.0.0/33'] }, 'clientAddress.trusted'],
    [{ trusted: ['loopback'] }, 'clientAddress.trusted'],
    [{ trusted: ['0.0.0.0/0'] }, 'clientAddress.trusted'],
    [{ trusted: ['::/0'] }, 'clientAddress.trusted'],
    [{ hops: 0 }, 'clientAddress.hops'],
    [{ hops: 1.5 }, 'clientAddress.hops'],
    [{ hops: '1' }, 'clientAddress.hops'],
    [{ hops: 1, trusted: ['10.0.0.1'] }, 'clientAddress'],
    [{ hops: 1, header: 'x-real-ip' }, 'clientAddress.header'],
    [{ hop: 1 }, 'clientAddress'],
    ['akamai', 'clientAddress'],
    ['__proto__', 'clientAddress'],
    [{ cdn: 'akamai' }, 'clientAddress.cdn'],
    [{ cdn: 'cloudflare', ranges: [] }, 'clientAddress.ranges'],
    [{ cdn: 'cloudflare', ranges: ['0.0.0.0/0'] }, 'clientAddress.ranges'],
    [{ cdn: 'cloudflare', ranges: ['cloud'] }, 'clientAddress.ranges'],
    [{ cdn: 'cloudflare', through: ['::/0'] }, 'clientAddress.through'],
    [{ cdn: 'cloudflare', through: '10.0.0.1' }, 'clientAddress.through'],
    [{ cdn: 'cloudflare', trusted: ['10.0.0.1'] }, 'clientAddress has no option "trusted"'],
  ])('refuses %j at start, by name', (topology, name) => {
    const create = (): unknown => createClientAddress(topology as Topology)
    expect(create).toThrow(name)
    expect(create).toThrow(expect.objectContaining({ code: 'PPT_CONFIG_INVALID' }))
  })

  it.each<[unknown, string]>([
    [{ v6Prefix: 16 }, 'clientAddress.v6Prefix is 16'],
    [{ prefixes: { '2001:db8::/32': 8 } }, "clientAddress.prefixes['2001:db8::/32'] is 8"],
    [{ prefixes: { '10.0.0.0/8': 4 } }, "clientAddress.prefixes['10.0.0.0/8'] is 4"],
    [{ prefixes: { '10.0.0.0/8': '24' } }, "clientAddress.prefixes['10.0.0.0/8']"],
    [{ prefixes: { office: 24 } }, 'clientAddress.prefixes is "office"'],
    [{ prefixes: ['10.0.0.0/8'] }, 'clientAddress.prefixes'],
    [{ prefix: 64 }, 'clientAddress has no option "prefix"'],
  ])('refuses a key of %j, which would put a country into one bucket or means nothing', (options, message) => {
    expect(() => createClientAddress('direct', options as ClientAddressOptions)).toThrow(message)
  })
})
