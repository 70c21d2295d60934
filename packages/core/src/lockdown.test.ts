import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Decision, LockdownMode } from './decisions.js'
import { judgeLockdown, type LockdownFacts, lockdownInForce, readLockdown } from './lockdown.js'

const NOW = 1_790_000_000_000
const decisionOf = (mode: LockdownMode, over: Partial<Decision> = {}): Decision => ({
  id: `lockdown-${mode}`,
  revision: 1,
  target: { kind: 'all', value: '*' },
  action: 'lockdown',
  lockdown: { mode, allow: ['198.51.100.0/24', '2001:db8:1:2::/64'] },
  scope: 'all',
  mode: 'enforce',
  reason: 'breach',
  author: { kind: 'operator', id: 'o' },
  batch: 'b',
  startsAt: NOW,
  expiresAt: NOW + 60_000,
  ...over,
})
const judge = (mode: LockdownMode, facts: Partial<LockdownFacts> = {}): string =>
  judgeLockdown(readLockdown(decisionOf(mode))!, { address: '203.0.113.7', method: 'GET', ...facts }).outcome

const BEFORE = { startedAt: NOW - 1, secondFactor: false }
const SINCE = { startedAt: NOW, secondFactor: false }
const PROVED = { startedAt: NOW + 1, secondFactor: true }

describe('a lockdown', () => {
  it.each<[LockdownMode, Partial<LockdownFacts>, string]>([
    ['read_only', { method: 'GET' }, 'allow'],
    ['read_only', { method: 'head' }, 'allow'],
    ['read_only', { method: 'POST' }, 'refuse'],
    ['read_only', { method: 'POST', session: BEFORE }, 'refuse'],
    ['read_only', { method: 'DELETE', session: PROVED }, 'refuse'],
    // a method that nobody knows may change something
    ['read_only', { method: 'PROPPATCH' }, 'refuse'],
    ['read_only', { method: 'POST', purpose: 'sign_in' }, 'allow'],
    ['read_only', { method: 'POST', purpose: 'sign_out' }, 'allow'],
    ['known_users', {}, 'refuse'],
    ['known_users', { method: 'POST', session: BEFORE }, 'allow'],
    ['known_users', { session: SINCE }, 'refuse'],
    ['known_users', { session: PROVED }, 'allow'],
    ['known_users', { method: 'POST', purpose: 'sign_in' }, 'second_factor'],
    ['known_users', { method: 'POST', purpose: 'sign_in', session: BEFORE }, 'allow'],
    ['known_users', { method: 'POST', purpose: 'sign_out', session: SINCE }, 'allow'],
    ['allow_list', { session: BEFORE }, 'refuse'],
    ['allow_list', { purpose: 'sign_in' }, 'refuse'],
    ['all', { session: PROVED }, 'refuse'],
    ['all', { method: 'OPTIONS' }, 'refuse'],
  ])('%s with %j: %s', (mode, facts, outcome) => {
    expect(judge(mode, facts)).toBe(outcome)
  })

  it('lets the allowed ranges in, in every mode, however the address is written', () => {
    for (const mode of ['read_only', 'known_users', 'allow_list', 'all'] as const)
      for (const address of ['198.51.100.9', '::ffff:198.51.100.9', '2001:DB8:1:2::9'])
        expect(judge(mode, { address, method: 'POST' })).toBe('allow')
  })

  it('lets nobody in for an address that is none', () => {
    for (const address of [undefined, '', 'unknown', '198.51.100.0/24', '2001:db8:1:3::1'])
      expect(judge('allow_list', { address })).toBe('refuse')
  })

  it('says why in a sentence', () => {
    const { why } = judgeLockdown(readLockdown(decisionOf('read_only'))!, { method: 'POST' })
    expect(why).toBe('During the lockdown nothing may be changed.')
  })

  it('of a mode that this version does not know is the strictest, not none', () => {
    const newer = { ...decisionOf('all'), lockdown: { mode: 'quantum' as LockdownMode, allow: [] } }
    expect(readLockdown(newer)?.mode).toBe('all')
    expect(readLockdown({ ...decisionOf('all'), lockdown: undefined } as unknown as Decision)?.mode).toBe('all')
  })

  it('with an allowed range that is none keeps the others, and opens to nobody else', () => {
    const held = readLockdown(decisionOf('all', { lockdown: { mode: 'all', allow: ['nonsense', '', '198.51.100.1'] } }))!
    expect(judgeLockdown(held, { address: '198.51.100.1', method: 'GET' }).outcome).toBe('allow')
    expect(judgeLockdown(held, { address: '203.0.113.7', method: 'GET' }).outcome).toBe('refuse')
  })

  it('is no other decision', () => {
    expect(readLockdown(decisionOf('all', { action: 'deny' }))).toBeUndefined()
    expect(readLockdown(decisionOf('all', { target: { kind: 'ip', value: '203.0.113.7' } }))).toBeUndefined()
  })

  it('never lets in more under a stricter mode', () => {
    const facts = fc.record({
      address: fc.constantFrom(undefined, '203.0.113.7', '198.51.100.7'),
      method: fc.constantFrom('GET', 'POST', 'PUT', 'x'),
      purpose: fc.constantFrom(undefined, 'sign_in' as const, 'sign_out' as const),
      session: fc.constantFrom(undefined, BEFORE, SINCE, PROVED),
    })
    fc.assert(
      fc.property(facts, (one) => {
        const [known, listed, all] = (['known_users', 'allow_list', 'all'] as const).map((mode) => judge(mode, one) === 'allow')
        expect([listed && !known, all && !listed]).toEqual([false, false])
      }),
    )
  })
})

describe('what is in force', () => {
  it('is the strictest lockdown of those that bind now', () => {
    const soft = decisionOf('read_only')
    const hard = decisionOf('known_users')
    expect(lockdownInForce([soft, hard], NOW)?.mode).toBe('known_users')
    expect(lockdownInForce([hard, soft], NOW)?.id).toBe('lockdown-known_users')
    expect(lockdownInForce([soft, { ...hard, mode: 'observe' }], NOW)?.mode).toBe('read_only')
    const lifted = { at: NOW, by: { kind: 'operator', id: 'o' }, reason: 'over' } as const
    expect(lockdownInForce([{ ...hard, lifted }], NOW)).toBeUndefined()
  })

  it('ends at its own time, to the millisecond', () => {
    expect(lockdownInForce([decisionOf('all')], NOW + 59_999)).toBeDefined()
    expect(lockdownInForce([decisionOf('all')], NOW + 60_000)).toBeUndefined()
    expect(lockdownInForce([decisionOf('all')], NOW - 1)).toBeUndefined()
  })
})
