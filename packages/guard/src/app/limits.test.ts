import { describe, expect, it } from 'vitest'
import type { LimitOutcome, LimitReceipt, LimitVerdict, Take } from '../limiter/types.js'
import type { Case } from './case.js'
import { HERE, request } from './fixtures/world.js'
import { createLimits, limitOfCase } from './limits.js'

const SESSION = {
  kind: 'active',
  session: { id: 's', subject: 'anna', data: {}, createdAt: 0, authenticatedAt: 0, seenAt: 0, expiresAt: 1, factors: [] },
  risk: { kind: 'none', score: 0, signals: [] },
} as const
const caseOf = (over: Partial<Case> = {}): Case => ({
  request: request(),
  id: () => '01999999-0000-7000-8000-000000000001',
  nonce: () => 'n',
  freshNonce: () => 'f',
  path: '/',
  atLogin: false,
  signsIn: false,
  client: { kind: 'known', address: HERE, key: HERE },
  session: { kind: 'none' },
  carried: false,
  network: [],
  lockdown: undefined,
  refusal: undefined,
  watched: undefined,
  acted: undefined,
  receipt: undefined,
  headers: [],
  ...over,
})
const sensitive = (method: string, path: string): boolean => method === 'POST' && path === '/sign-up'
const UNKNOWN = { kind: 'unknown', reason: 'no_peer' } as const
const SIGN_UP = { request: request({ method: 'POST', url: '/sign-up' }), path: '/sign-up' }

describe('which limit a request counts against', () => {
  it.each([
    ['somebody unknown', {}, { policy: 'anonymous', key: [HERE] }],
    ['somebody unknown on a sensitive route', SIGN_UP, { policy: 'sensitive', key: [HERE, 'sensitive'] }],
    ['a signed-in user', { session: SESSION }, { policy: 'user', key: ['anna'] }],
    ['a signed-in user on a sensitive route', { ...SIGN_UP, session: SESSION }, { policy: 'user', key: ['anna'] }],
    ['a signed-in user whose address nobody knows', { session: SESSION, client: UNKNOWN }, { policy: 'user', key: ['anna'] }],
    ['a client that nobody knows', { client: UNKNOWN }, { policy: 'unknown', key: [HERE] }],
    ['a client that nobody knows, on a sensitive route', { ...SIGN_UP, client: UNKNOWN }, { policy: 'unknown', key: [HERE] }],
    ['a Unix socket', { client: UNKNOWN, request: request({ peer: undefined }) }, { policy: 'unknown', key: ['no peer'] }],
    ['a sign-in: the shield alone', { atLogin: true, signsIn: true }, undefined],
    ['a sign-in of somebody signed in', { atLogin: true, signsIn: true, session: SESSION }, undefined],
    ['what only some router takes for a sign-in', { atLogin: true }, { policy: 'anonymous', key: [HERE] }],
    ['whose session nobody could read', { session: { kind: 'degraded', reason: 'x' } }, { policy: 'anonymous', key: [HERE] }],
  ] as const)('%s', (_who, over, expected) => {
    expect(limitOfCase(caseOf(over as Partial<Case>), sensitive, true)).toEqual(expected)
  })

  it('is none for clients that nobody knows, unless the application asks for one bucket of all', () => {
    expect(limitOfCase(caseOf({ client: UNKNOWN }), sensitive, false)).toBeUndefined()
  })

  it('keeps a user apart from an address of the same text', () => {
    const user = limitOfCase(caseOf({ session: { ...SESSION, session: { ...SESSION.session, subject: HERE } } }), sensitive, true)
    const address = limitOfCase(caseOf(), sensitive, true)
    expect([user?.policy, address?.policy]).toEqual(['user', 'anonymous'])
  })
})

describe('the shared limiter', () => {
  const verdict: LimitVerdict = { kind: 'allowed', policy: 'anonymous', limit: 9, windowMs: 1_000, remaining: 8, resetMs: 100 }
  const limited: LimitVerdict = { ...verdict, kind: 'limited', remaining: 0, retryAfterMs: 900, retryAfter: 1 }
  const receipt: LimitReceipt = { takes: [], takenAt: 0, lease: 'l', by: 'store' }
  const setup = (
    outcome: LimitOutcome,
  ): { limits: ReturnType<typeof createLimits>; taken: Take[]; released: LimitReceipt[]; told: string[]; degraded: () => number } => {
    const taken: Take[] = []
    const released: LimitReceipt[] = []
    const told: string[] = []
    let degraded = 0
    const alone = (): never => {
      throw new Error('this process does not count by itself')
    }
    const limits = createLimits({
      limiter: { check: alone, take: alone, release: alone },
      shared: {
        take: async (takes) => {
          taken.push(...takes)
          return outcome
        },
        release: async (one) => {
          released.push(one)
          return { kind: 'done' }
        },
      },
      isSensitive: sensitive,
      hasUnknown: true,
      isConcurrent: () => false,
      degraded: () => {
        degraded++
      },
      tell: (code, detail) => told.push(`${code}: ${detail}`),
    })
    return { limits, taken, released, told, degraded: () => degraded }
  }

  it('is asked once for a request, and its headers go on the answer', async () => {
    const { limits, taken } = setup({ kind: 'allowed', by: 'store', verdicts: [verdict], receipt, unjudged: [] })
    const c = caseOf()
    expect(await limits.take(c)).toBeUndefined()
    expect(taken).toEqual([{ policy: 'anonymous', key: [HERE] }])
    expect(c.headers.map(([name]) => name)).toEqual(['RateLimit-Policy', 'RateLimit'])
  })

  it('refuses what it limits', async () => {
    const { limits } = setup({ kind: 'limited', by: 'deny_cache', verdicts: [limited] })
    expect(await limits.take(caseOf())).toMatchObject({ policy: 'anonymous', refusal: { status: 429, reason: 'limited' } })
  })

  it('that cannot judge refuses or lets pass as declared, and both are told of', async () => {
    const closed = setup({ kind: 'degraded', pass: false, policies: ['anonymous'], reason: 'away' })
    expect(await closed.limits.take(caseOf())).toMatchObject({ refusal: { status: 503, reason: 'store' } })
    const open = setup({ kind: 'degraded', pass: true, policies: ['anonymous'], reason: 'away' })
    expect(await open.limits.take(caseOf())).toBeUndefined()
    expect([closed.degraded(), open.degraded()]).toEqual([1, 1])
    expect([closed.told[0], open.told[0]]).toEqual([
      'limit_store_away: away: anonymous refuse',
      'limit_store_away: away: anonymous let pass unjudged',
    ])
  })

  it('that this process stands in for is counted as such', async () => {
    const local = setup({ kind: 'allowed', by: 'local', verdicts: [verdict], receipt, unjudged: [] })
    await local.limits.take(caseOf())
    expect(local.degraded()).toBe(1)
  })

  it('gives slots of a concurrency limit back once, when the answer is out', async () => {
    const { limits, released } = setup({
      kind: 'allowed',
      by: 'store',
      verdicts: [{ ...verdict, concurrent: true }],
      receipt,
      unjudged: [],
    })
    const c = caseOf()
    await limits.take(c)
    limits.release(c)
    limits.release(c)
    expect(released).toEqual([receipt])
    const plain = setup({ kind: 'allowed', by: 'store', verdicts: [verdict], receipt, unjudged: [] })
    const other = caseOf()
    await plain.limits.take(other)
    plain.limits.release(other)
    expect(plain.released).toEqual([])
  })
})
