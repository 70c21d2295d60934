import { type DecisionRequest, HOUR } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decisionOf, NOW, serialIds } from './fixtures/alerts.js'
import { createProtectedTargets } from './protected-targets.js'
import { lift, validateRequest } from './request.js'

const guarded = createProtectedTargets({ allowList: ['198.51.100.0/24'] })
const request = (over: object = {}): DecisionRequest => ({
  target: { kind: 'ip', value: '203.0.113.7' },
  action: 'deny',
  scope: 'all',
  duration: '1h',
  reason: 'scraping',
  ...over,
})
const author = { kind: 'operator', id: 'o1', name: 'ada' } as const
const make = (over: object = {}) => validateRequest(request(over), guarded, NOW, { author, newId: serialIds() })

describe('validateRequest', () => {
  it('makes an enforced decision that expires, under the name of who asked', () => {
    expect(make()).toEqual({
      id: 'id-1',
      batch: 'id-2',
      target: { kind: 'ip', value: '203.0.113.7' },
      action: 'deny',
      scope: 'all',
      mode: 'enforce',
      reason: 'scraping',
      author,
      startsAt: NOW,
      expiresAt: NOW + HOUR,
    })
  })

  it.each([
    ['ip', '::ffff:203.0.113.7', { kind: 'ip', value: '203.0.113.7' }],
    ['ip', '2001:db8:1:2::5', { kind: 'cidr', value: '2001:db8:1:2::/64' }],
    ['ip', '203.0.113.0/24', { kind: 'cidr', value: '203.0.113.0/24' }],
    ['cidr', '203.0.113.7/32', { kind: 'ip', value: '203.0.113.7' }],
    ['cidr', '203.0.113.99/24', { kind: 'cidr', value: '203.0.113.0/24' }],
    ['cidr', '2001:db8:1:2::5/128', { kind: 'cidr', value: '2001:db8:1:2::5' }],
    ['user', ' u1 ', { kind: 'user', value: 'u1' }],
    ['session', 's1', { kind: 'session', value: 's1' }],
    ['country', 'de', { kind: 'country', value: 'DE' }],
    ['asn', 'as64500', { kind: 'asn', value: 'AS64500' }],
    ['asn', '64500', { kind: 'asn', value: 'AS64500' }],
  ])('writes %s %s in its one form', (kind, value, target) => {
    expect(make({ target: { kind, value } }).target).toEqual(target)
  })

  it.each([
    ['PPT_ADDRESS_INVALID', { target: { kind: 'ip', value: 'proxy.internal' } }],
    ['PPT_ADDRESS_INVALID', { target: { kind: 'cidr', value: '203.0.113.0/99' } }],
    ['PPT_PROTECTED_TARGET', { target: { kind: 'ip', value: '127.0.0.1' } }],
    ['PPT_PROTECTED_TARGET', { target: { kind: 'ip', value: '198.51.100.4' } }],
    ['PPT_PROTECTED_TARGET', { target: { kind: 'cidr', value: '198.51.0.0/16' } }],
    ['PPT_INVALID', { target: { kind: 'cidr', value: '0.0.0.0/0' } }],
    ['PPT_INVALID', { target: { kind: 'cidr', value: '203.0.0.0/8' } }],
    ['PPT_INVALID', { target: { kind: 'ip', value: '203.0.0.0/8' } }],
    ['PPT_INVALID', { target: { kind: 'cidr', value: '2001::/16' } }],
    ['PPT_INVALID', { target: { kind: 'all', value: '*' } }],
    ['PPT_INVALID', { target: { kind: 'country', value: 'Germany' } }],
    ['PPT_INVALID', { target: { kind: 'country', value: 'D1' } }],
    ['PPT_INVALID', { target: { kind: 'asn', value: 'AS0' } }],
    ['PPT_INVALID', { target: { kind: 'asn', value: '4294967296' } }],
    ['PPT_INVALID', { target: { kind: 'asn', value: 'AS1; drop' } }],
    ['PPT_INVALID', { target: { kind: 'planet', value: 'earth' } }],
    ['PPT_INVALID', { action: 'lockdown' }],
    ['PPT_INVALID', { action: 'toString' }],
    ['PPT_INVALID', { action: 'require_mfa' }],
    ['PPT_INVALID', { action: 'suspend', target: { kind: 'session', value: 's' } }],
    ['PPT_INVALID', { action: 'suspend', target: { kind: 'all', value: '*' } }],
    ['PPT_INVALID', { enforcers: [] }],
    ['PPT_INVALID', { enforcers: ['iptables'] }],
    ['PPT_INVALID', { enforcers: ['nftables'], scope: 'login' }],
    ['PPT_INVALID', { enforcers: ['guard', 'nginx'], target: { kind: 'user', value: 'u' } }],
    ['PPT_INVALID', { enforcers: ['nftables'], action: 'challenge' }],
    ['PPT_INVALID', { limit: { limit: 5, windowMs: 60_000 } }],
    ['PPT_INVALID', { action: 'throttle', limit: { limit: 0, windowMs: 60_000 } }],
    ['PPT_INVALID', { action: 'throttle', limit: { limit: 5, windowMs: 1.5 } }],
    ['PPT_INVALID', { target: { kind: 'user', value: '' } }],
    ['PPT_INVALID', { target: { kind: 'user', value: 'a\u202eb' } }],
    ['PPT_INVALID', { target: { kind: 'user', value: 'u'.repeat(257) } }],
    ['PPT_INVALID', { action: 'suspend' }],
    ['PPT_INVALID', { scope: 'everything' }],
    ['PPT_INVALID', { duration: '59s' }],
    ['PPT_INVALID', { duration: '31d' }],
    ['PPT_INVALID', { duration: 'forever' }],
    ['PPT_INVALID', { reason: ' \u200b\n ' }],
  ])('refuses with %s: %j', (code, over) => {
    expect(() => make(over)).toThrow(expect.objectContaining({ code }))
  })

  it.each([
    ['throttle', 'ip', '203.0.113.7', { limit: { limit: 5, windowMs: 60_000 } }],
    ['challenge', 'country', 'DE', {}],
    ['require_mfa', 'user', 'ann', {}],
    ['require_reset', 'user', 'ann', {}],
    ['suspend', 'user', 'ann', {}],
    ['end_sessions', 'session', 's1', {}],
    ['deny', 'cidr', '203.0.113.0/24', { enforcers: ['nftables', 'feed'] }],
    ['deny', 'user', 'ann', { enforcers: ['guard'] }],
  ])('takes %s of %s %s', (action, kind, value, over) => {
    expect(make({ action, target: { kind, value }, ...over })).toMatchObject({ action, target: { kind }, ...over })
  })

  it('writes enforcers in one order, whatever order they were named in', () => {
    expect(make({ enforcers: ['nftables', 'guard', 'nftables'] }).enforcers).toEqual(['guard', 'nftables'])
    expect(make()).not.toHaveProperty('enforcers')
  })

  it('keeps the reason to one bounded line', () => {
    const { reason } = make({ reason: `two\nlines\u001b[0m ${'x'.repeat(9_999)}` })
    expect(reason.startsWith('two lines [0m xxx')).toBe(true)
    expect(reason.length).toBeLessThanOrEqual(500)
  })

  it('lets nothing through that it did not check, whatever is asked', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('ip', 'cidr', 'user', 'session', 'country', 'asn', 'all'),
        fc.string(),
        fc.string(),
        fc.string(),
        (kind, value, duration, reason) => {
          let made: ReturnType<typeof make> | undefined
          let name = 'ParapetError'
          try {
            made = make({ target: { kind, value }, duration, reason })
          } catch (error) {
            ;({ name } = error as Error)
          }
          expect(name).toBe('ParapetError')
          expect(made === undefined || (made.expiresAt > NOW && guarded.reasonFor(made.target) === undefined)).toBe(true)
        },
      ),
    )
  })
})

describe('lift', () => {
  const by = { at: NOW, by: author, reason: 'our own\noffice' }

  it('records who took it back and why, and changes nothing else', () => {
    const decision = decisionOf()
    expect(lift(decision, by)).toEqual({ ...decision, lifted: { at: NOW, by: author, reason: 'our own office' } })
    expect(decision.lifted).toBeUndefined()
  })

  it('leaves the first undo as it was', () => {
    const once = lift(decisionOf(), by)
    expect(lift(once, { at: NOW + 1, by: { kind: 'cli', id: 'x' }, reason: 'again' })).toBe(once)
  })
})
