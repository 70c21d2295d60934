import { createDecisionSet, type Decision, type DecisionAction, type TargetKind } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { createEnforcement } from '../enforcement/enforcement.js'
import type { EnrolmentVerdict } from '../enforcement/types.js'
import type { Session } from '../session/record.js'
import type { SessionVerdict } from '../session/sessions.js'
import { createEnrolment, flaggedBy } from './enrolment.js'
import { decide, geo, HERE, request } from './fixtures/world.js'
import { factorAt } from './judge.js'

const session = (over: Partial<Session> = {}): Session => ({
  id: 's1',
  subject: 'anna',
  data: {},
  createdAt: 0,
  authenticatedAt: 50,
  seenAt: 50,
  expiresAt: 9e15,
  factors: [],
  ...over,
})
const on = (kind: TargetKind, action: DecisionAction, over: Partial<Decision> = {}): Decision => {
  const value = { user: 'anna', session: 's1', ip: HERE, cidr: '203.0.113.0/24', country: 'DE', asn: '3320', all: '*' }[kind]
  return decide(100, { action, target: { kind, value }, ...over })
}

describe('the last factor of a session', () => {
  it('is the latest proof that is not a first one', () => {
    expect(factorAt({ factors: [] })).toBeUndefined()
    expect(factorAt({ factors: [{ factor: 'password', at: 9 }] })).toBeUndefined()
    expect(
      factorAt({
        factors: [
          { factor: 'totp', at: 3 },
          { factor: 'passkey', at: 7 },
          { factor: 'reset_token', at: 9 },
          { factor: 'api_key', at: 11 },
        ],
      }),
    ).toBe(7)
  })
})

describe('a session is flagged', () => {
  it.each(['user', 'session'] as const)('by whatever decision names its %s, whatever was proven since', (kind) => {
    const proven = session({ authenticatedAt: 500, factors: [{ factor: 'totp', at: 500 }] })
    for (const action of ['deny', 'suspend', 'require_reset', 'require_mfa', 'challenge'] as const)
      expect([action, flaggedBy([on(kind, action)], proven) !== undefined]).toEqual([action, true])
  })

  it.each(['ip', 'cidr', 'country', 'asn', 'all'] as const)('by one on its %s until it has done what is asked', (kind) => {
    expect(flaggedBy([on(kind, 'challenge')], session())).toBeDefined()
    expect(flaggedBy([on(kind, 'challenge')], session({ authenticatedAt: 101 }))).toBeUndefined()
    expect(flaggedBy([on(kind, 'require_mfa')], session({ authenticatedAt: 101 }))).toBeDefined()
    expect(flaggedBy([on(kind, 'require_mfa')], session({ factors: [{ factor: 'totp', at: 101 }] }))).toBeUndefined()
    expect(flaggedBy([on(kind, 'require_mfa')], session({ factors: [{ factor: 'totp', at: 100 }] }))).toBeDefined()
    expect(flaggedBy([on(kind, 'suspend')], session())).toBeDefined()
  })

  it('not by a reset of everybody, nor by an end of sessions, where the session began since', () => {
    for (const [kind, action] of [
      ['all', 'require_reset'],
      ['all', 'end_sessions'],
      ['user', 'end_sessions'],
    ] as const) {
      expect(flaggedBy([on(kind, action)], session({ createdAt: 100 }))).toBeDefined()
      expect(flaggedBy([on(kind, action)], session({ createdAt: 101 }))).toBeUndefined()
    }
    // his own: whoever had the session may be the one who set the password
    expect(flaggedBy([on('user', 'require_reset')], session({ createdAt: 101 }))).toBeDefined()
  })

  it('by no limit, no lockdown, and by nothing where there is nothing', () => {
    expect(flaggedBy([on('user', 'throttle'), on('ip', 'throttle'), on('all', 'lockdown')], session())).toBeUndefined()
    expect(flaggedBy([], session())).toBeUndefined()
  })
})

describe('who may enrol a factor', () => {
  const ask = (
    verdict: SessionVerdict,
    decisions: readonly Decision[] = [],
    over: { readonly until?: number | undefined; readonly fails?: boolean; readonly subject?: string } = {},
  ): Promise<EnrolmentVerdict> => {
    const set = createDecisionSet()
    set.reset(decisions)
    const enrolment = createEnrolment({
      sessions: { read: async () => verdict },
      enforcement: createEnforcement({ set, clock: () => 200, has: { keyring: true, geo: true } }),
      clientAddress: () => ({ kind: 'known', address: HERE, key: HERE }),
      geo,
      flaggedUntil: async () => {
        if (over.fails === true) throw new Error('down')
        return over.until
      },
      clock: () => 200,
    })
    return over.subject === undefined ? enrolment(request()) : enrolment(request(), over.subject)
  }
  const active = (over: Partial<Session> = {}): SessionVerdict => ({
    kind: 'active',
    session: session(over),
    risk: { kind: 'none', score: 0, signals: [] },
  })

  it('is whoever is signed in and nobody suspects', async () => {
    expect(await ask(active())).toEqual({ kind: 'allowed' })
    expect(await ask(active(), [], { subject: 'anna' })).toEqual({ kind: 'allowed' })
  })

  it('is nobody who is not, or not any more, or somebody else', async () => {
    for (const verdict of [
      { kind: 'none' },
      { kind: 'replayed', session: { id: 's1', subject: 'anna' } },
      { kind: 'revoked', session: { id: 's1', subject: 'anna' }, risk: { kind: 'revoke', score: 200, signals: [] } },
    ] as const)
      expect(await ask(verdict)).toEqual({ kind: 'refused', reason: 'not_signed_in' })
    expect(await ask(active(), [], { subject: 'bert' })).toEqual({ kind: 'refused', reason: 'not_signed_in' })
  })

  it('is no session that looks stolen, however little', async () => {
    const flag = { kind: 'observe', score: 20, signals: ['country_changed'], at: 1 } as const
    expect(await ask(active({ flag }))).toEqual({ kind: 'refused', reason: 'flagged' })
  })

  it.each(['user', 'session', 'ip', 'cidr', 'country', 'asn', 'all'] as const)(
    'is nobody whom a decision on his %s flags',
    async (kind) => {
      const decision = on(kind, 'require_mfa')
      expect(await ask(active(), [decision])).toEqual({ kind: 'refused', reason: 'flagged', decisionId: decision.id })
      expect(await ask(active(), [{ ...decision, mode: 'observe' }])).toEqual({ kind: 'allowed' })
      expect(await ask(active(), [{ ...decision, expiresAt: 200 }])).toEqual({ kind: 'allowed' })
    },
  )

  it('is nobody one of whose sessions was flagged, as long as that lasts', async () => {
    expect(await ask(active(), [], { until: 201 })).toEqual({ kind: 'refused', reason: 'flagged' })
    expect(await ask(active(), [], { until: 200 })).toEqual({ kind: 'allowed' })
  })

  it('is nobody while the store is away', async () => {
    expect(await ask({ kind: 'degraded', reason: 'away' })).toEqual({ kind: 'degraded', reason: 'away' })
    expect((await ask(active(), [], { fails: true })).kind).toBe('degraded')
  })
})
