import { HOUR, type Lockdown, MINUTE } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decisionOf, NOW, serialIds } from './fixtures/alerts.js'
import {
  confirmLockdown,
  lapseLockdown,
  lockdownDecision,
  type LockdownPlanFacts,
  LONGEST_LOCKDOWN,
  planLockdown,
  POLICY_LOCKDOWN,
  UNCONFIRMED_LOCKDOWN,
} from './lockdown.js'

const facts = (over: Partial<LockdownPlanFacts> = {}): LockdownPlanFacts => ({
  mode: 'known_users',
  durationMs: 30 * MINUTE,
  operatorAddress: '203.0.113.50',
  allowList: ['198.51.100.0/24'],
  proxies: ['10.0.0.5'],
  ownAddresses: ['127.0.0.1', '192.0.2.10'],
  gateways: ['192.0.2.1'],
  dns: [],
  operators: [],
  enforcers: [],
  held: [],
  lastHour: [
    { address: '203.0.113.1', method: 'GET', user: 'ann', signedIn: true, requests: 100 },
    { address: '203.0.113.2', method: 'GET', signedIn: false, requests: 30 },
    { address: '203.0.113.3', method: 'POST', user: 'bob', signedIn: false, requests: 5 },
    { address: '198.51.100.7', method: 'POST', user: 'cid', signedIn: false, requests: 7 },
  ],
  now: NOW,
  ...over,
})
const problems = (over: Partial<LockdownPlanFacts>): string => planLockdown(facts(over)).preflight.problems.join('\n')

const record = (over: Partial<Lockdown> = {}): Lockdown => ({
  id: 'l1',
  mode: 'known_users',
  reason: 'breach',
  by: { id: 'o', name: 'Ann' },
  incidentId: null,
  startedAt: NOW,
  endsAt: NOW + UNCONFIRMED_LOCKDOWN,
  confirmations: 0,
  holdsMs: 30 * MINUTE,
  endedAt: null,
  endedWhy: null,
  decisionId: 'd1',
  ...over,
})

describe('a plan', () => {
  it('names who gets in all the same, each once with the first reason', () => {
    const { allowed } = planLockdown(facts({ operators: ['203.0.113.50', '2001:db8:7:8::9'] })).preflight
    expect(allowed).toEqual([
      { range: '127.0.0.0/8', why: 'this machine itself' },
      { range: '::1', why: 'this machine itself' },
      { range: '203.0.113.50', why: 'where you work from' },
      { range: '127.0.0.1', why: 'an address of the control plane' },
      { range: '192.0.2.10', why: 'an address of the control plane' },
      { range: '2001:db8:7:8::/64', why: 'an operator is signed in from there' },
      { range: '10.0.0.5', why: 'a declared proxy' },
      { range: '192.0.2.1', why: 'the gateway' },
      { range: '198.51.100.0/24', why: 'on the allow-list' },
    ])
  })

  it.each<[LockdownPlanFacts['mode'], { requests: number; refused: number; users: number; usersRefused: number }]>([
    ['read_only', { requests: 142, refused: 5, users: 3, usersRefused: 1 }],
    ['known_users', { requests: 142, refused: 35, users: 3, usersRefused: 1 }],
    ['allow_list', { requests: 142, refused: 135, users: 3, usersRefused: 2 }],
    ['all', { requests: 142, refused: 135, users: 3, usersRefused: 2 }],
  ])('of %s counts whom it would have refused within the last hour', (mode, lastHour) => {
    expect(planLockdown(facts({ mode })).preflight).toMatchObject({ ok: true, lastHour })
  })

  it.each<[string, Partial<LockdownPlanFacts>, RegExp]>([
    ['no address of the operator', { operatorAddress: null }, /not known from which address you work/],
    ['an address that is none', { operatorAddress: 'unix:' }, /not known from which address you work/],
    ['a proxy as the address of the operator', { operatorAddress: '10.0.0.5' }, /seem to work from a declared proxy/],
    ['no address of the control plane', { ownAddresses: null }, /addresses of the control plane cannot be read/],
    ['an empty list of them', { ownAddresses: [] }, /addresses of the control plane cannot be read/],
    [
      'a ban on the operator',
      { held: [decisionOf({ target: { kind: 'cidr', value: '203.0.113.0/24' } })] },
      /Decision held-1 stands against/,
    ],
    ['a moment', { durationMs: 1 }, /1m to 1d at a time/],
    ['a week', { durationMs: 7 * 24 * HOUR }, /1m to 1d at a time/],
    ['no number', { durationMs: Number.NaN }, /1m to 1d at a time/],
  ])('with %s is no plan', (_, over, why) => {
    expect(problems(over)).toMatch(why)
    expect(planLockdown(facts(over)).preflight.ok).toBe(false)
  })

  it('is possible from the machine itself, also where a proxy of it is declared', () => {
    const preflight = planLockdown(facts({ operatorAddress: '127.0.0.1', proxies: ['127.0.0.1', '10.0.0.5'] })).preflight
    expect(preflight).toMatchObject({ ok: true, problems: [] })
  })

  it('of a policy needs no operator, and is at most a quarter of an hour', () => {
    const { operatorAddress: _, ...rest } = facts({ durationMs: POLICY_LOCKDOWN })
    expect(planLockdown(rest).preflight.ok).toBe(true)
    expect(planLockdown({ ...rest, durationMs: POLICY_LOCKDOWN + 1 }).preflight.problems).toEqual([
      'A lockdown holds for 1m to 15m at a time. Choose a duration within that.',
    ])
  })

  it('is not held up by bans that are over, observed, or of others', () => {
    const target = { kind: 'ip', value: '203.0.113.50' } as const
    for (const over of [{ mode: 'observe' as const }, { expiresAt: NOW }, { target: { kind: 'ip' as const, value: '203.0.113.51' } }])
      expect(problems({ held: [decisionOf({ target, ...over })] })).toBe('')
  })

  it('warns of what will surprise', () => {
    const warnings = (over: Partial<LockdownPlanFacts>): string => planLockdown(facts(over)).preflight.warnings.join('\n')
    expect(warnings({ mode: 'allow_list', allowList: [] })).toMatch(/allow-list is empty/)
    expect(warnings({ ownAddresses: ['127.0.0.1', '::1'] })).toMatch(/no address but loopback/)
    expect(warnings({ mode: 'all' })).toMatch(/Every user is shut out/)
    expect(warnings({ lastHour: [] })).toMatch(/No traffic of the last hour is known/)
    expect(warnings({ lastHour: [{ address: '203.0.113.1', method: 'POST', signedIn: false, requests: 1 }] })).toMatch(
      /Every request of the last hour/,
    )
    expect(warnings({ allowList: ['0.0.0.0/0'] })).toMatch(/0\.0\.0\.0\/0 is on the allow-list: the lockdown stops nobody from there/)
    expect(warnings({})).toBe('')
  })

  it('keeps texts that are no address out of the decision, and stays bounded', () => {
    const { allow } = planLockdown(
      facts({ allowList: ['nonsense', '; drop', ...Array.from({ length: 5_000 }, (_, i) => `10.${i >> 8}.${i & 255}.0/24`)] }),
    )
    expect(allow.length).toBeLessThanOrEqual(2_000)
    expect(allow.filter((range) => !/^[\da-f:.]+(?:\/\d+)?$/.test(range))).toEqual([])
  })

  it('always lets in who asks for it, whatever else is asked', () => {
    const text = fc.constantFrom('203.0.113.50', '10.0.0.5', '192.0.2.10', '2001:db8::1', '0.0.0.0/0', 'x', '')
    fc.assert(
      fc.property(
        fc.array(text),
        fc.array(text),
        fc.array(text),
        fc.constantFrom('203.0.113.50', '2001:db8:5::1'),
        (allowList, proxies, operators, operatorAddress) => {
          const plan = planLockdown(facts({ mode: 'all', allowList, proxies, operators, operatorAddress }))
          const own = operatorAddress.includes(':') ? '2001:db8:5::/64' : operatorAddress
          expect(!plan.preflight.ok || plan.allow.includes(own)).toBe(true)
        },
      ),
    )
  })
})

describe('its decision', () => {
  const decide = (endsAt: number, over: Partial<LockdownPlanFacts> = {}) =>
    lockdownDecision({
      plan: planLockdown(facts(over)),
      mode: 'known_users',
      reason: 'breach\nof\u202e data',
      author: { kind: 'operator', id: 'o' },
      alertId: 'a1',
      startsAt: NOW,
      endsAt,
      newId: serialIds(),
    })

  it('acts on all, carries the ranges, and ends by itself', () => {
    expect(decide(NOW + HOUR)).toMatchObject({
      target: { kind: 'all', value: '*' },
      action: 'lockdown',
      lockdown: { mode: 'known_users', allow: expect.arrayContaining(['203.0.113.50']) as string[] },
      reason: 'breach of data',
      alertId: 'a1',
      startsAt: NOW,
      expiresAt: NOW + HOUR,
    })
    expect(decide(NOW + 999 * HOUR).expiresAt).toBe(NOW + LONGEST_LOCKDOWN)
  })

  it('is not made of a plan with a problem', () => {
    expect(() => decide(NOW + HOUR, { operatorAddress: null })).toThrow(expect.objectContaining({ code: 'PPT_CONFLICT' }))
  })
})

describe('its end', () => {
  it('comes by itself when nobody confirms, and when the confirmation lapses', () => {
    expect(lapseLockdown(record(), NOW + UNCONFIRMED_LOCKDOWN - 1)).toEqual(record())
    expect(lapseLockdown(record(), NOW + UNCONFIRMED_LOCKDOWN)).toMatchObject({
      endedWhy: 'not_confirmed',
      endedAt: NOW + UNCONFIRMED_LOCKDOWN,
    })
    const confirmed = confirmLockdown(record(), NOW + MINUTE)
    expect(confirmed).toMatchObject({ confirmations: 1, endsAt: NOW + 31 * MINUTE, endedAt: null })
    expect(lapseLockdown(confirmed, NOW + 31 * MINUTE)).toMatchObject({ endedWhy: 'confirmation_lapsed', endedAt: NOW + 31 * MINUTE })
  })

  it('stays as it was recorded', () => {
    const ended = record({ endedAt: NOW + 5, endedWhy: 'ended' })
    expect(lapseLockdown(ended, NOW + HOUR)).toBe(ended)
    expect(() => confirmLockdown(ended, NOW + 6)).toThrow(expect.objectContaining({ code: 'PPT_CONFLICT' }))
    expect(() => confirmLockdown(record(), NOW + UNCONFIRMED_LOCKDOWN)).toThrow(expect.objectContaining({ code: 'PPT_CONFLICT' }))
  })

  it('is never further away than one confirmation, and a confirmation never brings it nearer', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: HOUR }), { maxLength: 20 }), (waits) => {
        let lockdown = record()
        let now = NOW
        for (const wait of waits) {
          now += wait
          if (lapseLockdown(lockdown, now).endedAt !== null) break
          const next = confirmLockdown(lockdown, now)
          expect(next.endsAt).toBeGreaterThanOrEqual(lockdown.endsAt)
          expect(next.endsAt - now).toBeLessThanOrEqual(lockdown.holdsMs)
          lockdown = next
        }
        expect(lapseLockdown(lockdown, now + lockdown.holdsMs).endedAt).not.toBeNull()
      }),
    )
  })
})
