import { formatAddress, parseAddress } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { GuardRequest } from '../request/guard-request.js'
import { createClientAddress, type Topology } from './client-address.js'

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
const proxied: Topology = { trusted: ['10.0.0.0/8', '2001:db8:ffff::/48'] }

describe('a direct topology', () => {
  it('knows only the TCP peer, whatever headers claim', () => {
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
  it('checks the peer first: an untrusted one cannot name anybody', () => {
    expect(ask(proxied, '203.0.113.7', { 'x-forwarded-for': '1.2.3.4' })).toBe('203.0.113.7')
  })

  it('takes the right-most untrusted hop: a forged left part changes nothing', () => {
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

describe('the key', () => {
  const key = (address: string): string => {
    const verdict = createClientAddress('direct')(request(address))
    return verdict.kind === 'known' ? verdict.key : verdict.reason
  }

  it('is one for a whole /64: rotating through it gains nothing', () => {
    expect(key('2001:db8:1:2::1')).toBe('2001:db8:1:2::/64')
    expect(key('2001:db8:1:2:ffff:ffff:ffff:ffff')).toBe('2001:db8:1:2::/64')
    expect(key('2001:db8:1:3::1')).toBe('2001:db8:1:3::/64')
  })

  it('does not collapse mapped IPv4 addresses into one bucket, in either notation', () => {
    expect(key('::ffff:1.2.3.4')).toBe('1.2.3.4')
    expect(key('::ffff:102:304')).toBe('1.2.3.4')
    expect(key('::ffff:1.2.3.5')).not.toBe(key('::ffff:1.2.3.4'))
    expect(key('64:ff9b::102:304')).toBe('1.2.3.4')
    expect(key('2002:102:304::1')).toBe('1.2.3.4')
  })

  it('follows another prefix when told', () => {
    const verdict = createClientAddress('direct', { v6Prefix: 56 })(request('2001:db8:1:2ff::1'))
    expect(verdict).toMatchObject({ key: '2001:db8:1:200::/56' })
  })

  it('is the same for the same address however often peers are forgotten', () => {
    const resolve = createClientAddress('direct')
    for (let i = 0; i < 10_000; i++) resolve(request(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`))
    expect(resolve(request('10.0.0.1'))).toEqual({ kind: 'known', address: '10.0.0.1', key: '10.0.0.1' })
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
  ])('refuses %j at start, by name', (topology, name) => {
    const create = (): unknown => createClientAddress(topology as Topology)
    expect(create).toThrow(name)
    expect(create).toThrow(expect.objectContaining({ code: 'PPT_CONFIG_INVALID' }))
  })

  it('refuses a prefix that would put a country into one bucket', () => {
    expect(() => createClientAddress('direct', { v6Prefix: 16 })).toThrow('clientAddress.v6Prefix is 16')
  })
})
