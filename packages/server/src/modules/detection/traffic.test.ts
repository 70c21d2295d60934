import type { SecurityEvent } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createTraffic, isSignIn, userOf } from './traffic.js'

const HOUR = 3_600_000
const NOW = 1_795_000_000_000
const make = () => {
  let now = NOW
  return { traffic: createTraffic(() => now), advance: (ms: number) => (now += ms) }
}
const request = (address: string, extra: Partial<SecurityEvent> = {}): SecurityEvent => ({
  '@timestamp': NOW,
  'source.ip': address,
  'http.response.status_code': 200,
  ...extra,
})
const signIn = (address: string, user: string, extra: Partial<SecurityEvent> = {}): SecurityEvent => ({
  '@timestamp': NOW,
  'source.ip': address,
  'user.id': user,
  'event.category': 'authentication',
  'event.action': 'login',
  'event.outcome': 'success',
  ...extra,
})
const ip = (value: string) => ({ kind: 'ip', value }) as const

describe('what was seen of late', () => {
  it('counts requests that went well and sign-ins, of all and of one address', () => {
    const { traffic } = make()
    for (let i = 0; i < 3; i++) traffic.note(request('203.0.113.1'))
    traffic.note(request('203.0.113.1', { 'http.response.status_code': 404 }))
    traffic.note(signIn('203.0.113.2', 'ann'))
    traffic.note(signIn('203.0.113.2', 'bob', { 'event.outcome': 'failure' }))
    const facts = traffic.facts()
    expect(facts).toMatchObject({ requests: 4, signIns: 1 })
    expect(facts.of(ip('203.0.113.1'))).toEqual({ requests: 3, signIns: 0, users: 0, mfaUsers: [] })
    expect(facts.of(ip('203.0.113.2'))).toEqual({ requests: 1, signIns: 1, users: 1, mfaUsers: [] })
  })

  it('knows nothing of who was not seen, rather than nothing bad', () => {
    const { traffic } = make()
    traffic.note(request('203.0.113.1', { 'http.response.status_code': 500 }))
    expect(traffic.facts().of(ip('203.0.113.1'))).toBeUndefined()
    expect(traffic.facts().of({ kind: 'session', value: 's' })).toBeUndefined()
  })

  it('counts IPv6 by its /64, and for the wider ranges that may be acted on', () => {
    const { traffic } = make()
    traffic.note(signIn('2001:db8:1:200::1', 'ann'))
    traffic.note(signIn('2001:db8:1:201::2', 'bob'))
    const facts = traffic.facts()
    expect(facts.of({ kind: 'cidr', value: '2001:db8:1:200::/64' })).toMatchObject({ signIns: 1, users: 1 })
    expect(facts.of({ kind: 'cidr', value: '2001:db8:1:200::/56' })).toMatchObject({ signIns: 2, users: 2 })
    expect(facts.of({ kind: 'cidr', value: '2001:db8:1::/48' })).toMatchObject({ signIns: 2, users: 2 })
  })

  it('remembers who passed a second factor from where, for a day, the latest eight', () => {
    const { traffic, advance } = make()
    const factor = { 'event.category': 'iam', 'event.action': 'factor-verified' }
    for (let i = 0; i < 12; i++) traffic.note(signIn('203.0.113.3', `u${i}`, factor))
    expect(traffic.facts().of(ip('203.0.113.3'))?.mfaUsers).toEqual(['u4', 'u5', 'u6', 'u7', 'u8', 'u9', 'u10', 'u11'])
    advance(24 * HOUR)
    expect(traffic.facts().of(ip('203.0.113.3'))?.mfaUsers ?? []).toEqual([])
  })

  it('forgets requests after the hour, and takes no logs of last week for traffic of now', () => {
    const { traffic, advance } = make()
    traffic.note(request('203.0.113.4', { '@timestamp': NOW - 7 * 24 * HOUR }))
    traffic.note(request('203.0.113.4', { '@timestamp': NOW + HOUR }))
    expect(traffic.facts().requests).toBe(0)
    traffic.note(request('203.0.113.4'))
    advance(HOUR + 10 * 60_000)
    expect(traffic.facts()).toMatchObject({ requests: 0 })
    expect(traffic.facts().of(ip('203.0.113.4'))).toBeUndefined()
  })

  it('counts for a user too, apart from addresses', () => {
    const { traffic } = make()
    traffic.note(signIn('203.0.113.5', '203.0.113.6'))
    expect(traffic.facts().of({ kind: 'user', value: '203.0.113.6' })).toMatchObject({ requests: 1, signIns: 1 })
    expect(traffic.facts().of(ip('203.0.113.6'))).toBeUndefined()
  })

  it('keeps those that are much of the traffic while a flood of strangers passes through', () => {
    const { traffic } = make()
    for (let i = 0; i < 500; i++) traffic.note(request('203.0.113.7'))
    for (let i = 0; i < 60_000; i++) traffic.note(request(`10.${i >> 16}.${(i >> 8) & 255}.${i & 255}`))
    expect(traffic.facts().requests).toBe(60_500)
    expect(traffic.facts().of(ip('203.0.113.7'))?.requests).toBe(500)
  })

  it('takes any event without harm, and never counts more of a part than of all', () => {
    fc.assert(
      fc.property(
        fc.array(fc.dictionary(fc.constantFrom('source.ip', 'event.outcome', 'user.id', 'event.action'), fc.anything()), { maxLength: 20 }),
        (list) => {
          const { traffic } = make()
          for (const fields of list) traffic.note({ '@timestamp': NOW, ...fields })
          const facts = traffic.facts()
          expect((facts.of(ip('203.0.113.1'))?.requests ?? 0) <= facts.requests).toBe(true)
        },
      ),
      { seed: 20_261_122, numRuns: 60 },
    )
  })
})

describe('a sign-in', () => {
  it('is one that succeeded, and no sign-out', () => {
    expect(isSignIn(signIn('::1', 'a'))).toBe(true)
    expect(isSignIn(signIn('::1', 'a', { 'event.action': 'logout' }))).toBe(false)
    expect(isSignIn(signIn('::1', 'a', { 'event.outcome': 'failure' }))).toBe(false)
  })

  it('is of a user as decisions name him: by id, else by name', () => {
    expect(userOf({ '@timestamp': 1, 'user.id': 'u1', 'user.name': 'ann' })).toBe('u1')
    expect(userOf({ '@timestamp': 1, 'user.name': 'ann' })).toBe('ann')
    expect(userOf({ '@timestamp': 1, 'user.name': '' })).toBeUndefined()
  })
})
