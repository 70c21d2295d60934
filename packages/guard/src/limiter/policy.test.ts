import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { checkCost, compilePolicies, policyNamed, toVerdict } from './policy.js'
import type { LimitPolicy } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })

const one = (policy: LimitPolicy) => policyNamed(compilePolicies({ p: policy }), 'p')

describe('a policy becomes a rule', () => {
  it.each([
    [
      { limit: 5, windowMs: 60_000 },
      { kind: 'gcra', limit: 5, windowMs: 60_000, rate: 5 },
    ],
    [
      { limit: 5, windowMs: 60_000, burst: 3 },
      { kind: 'gcra', limit: 3, windowMs: 60_000, rate: 3 },
    ],
    [
      { limit: 5, windowMs: 60_000, burst: 1 },
      { kind: 'gcra', limit: 1, windowMs: 60_000, rate: 5 },
    ],
    [
      { kind: 'fixed_window', limit: 5, windowMs: 60_000 },
      { kind: 'fixed_window', limit: 5, windowMs: 60_000 },
    ],
    [
      { kind: 'concurrency', limit: 5, leaseMs: 60_000 },
      { kind: 'concurrency', limit: 5, windowMs: 60_000 },
    ],
  ] as const)('%j', (policy, rule) => {
    expect(one(policy).rule).toEqual(rule)
    expect(one(policy)).toMatchObject({ name: 'p', limit: 5, windowMs: 60_000, onOutage: 'local', login: false })
  })

  it('of whole numbers whose products stay exact, whatever was declared', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: 1, max: 31 * 86_400_000 }),
        fc.option(fc.integer({ min: 1, max: 100_000 }), { nil: undefined }),
        (limit, windowMs, burst) => {
          fc.pre(burst === undefined || burst <= limit)
          const { rule } = one(burst === undefined ? { limit, windowMs } : { limit, windowMs, burst })
          expect(rule.kind === 'gcra' && rule.rate >= 1 && Number.isInteger(rule.rate)).toBe(true)
          // an arrival time may be twice the depth ahead while it is judged
          expect(Number.isSafeInteger(2 * rule.limit * rule.windowMs)).toBe(true)
        },
      ),
    )
  })

  it('keeps what it does in an outage, and refuses to open a sign-in, by name', () => {
    for (const onOutage of ['closed', 'local', 'open'] as const) expect(one({ limit: 1, windowMs: 1, onOutage }).onOutage).toBe(onOutage)
    for (const onOutage of ['closed', 'local'] as const) expect(one({ limit: 1, windowMs: 1, onOutage, login: true }).login).toBe(true)
    expect(() => compilePolicies({ signIn: { limit: 1, windowMs: 1, onOutage: 'open', login: true } })).toThrow(
      'policies.signIn.onOutage is "open"; a policy that guards a sign-in takes',
    )
  })
})

describe('what is refused', () => {
  it.each(['', '1a', 'a b', 'a"b', 'a\nb', 'ä', 'x'.repeat(65)])('a name that could not stand in a header: %j', (name) => {
    expect(() => compilePolicies({ [name]: { limit: 1, windowMs: 1 } })).toThrow('name a policy with letters, digits, - _ and .')
  })

  it.each([null, undefined, [], 'p', {}])('%j for policies', (policies) => {
    expect(() => compilePolicies(policies as Record<string, LimitPolicy>)).toThrow(/limiter\.policies|policies/)
  })

  it('a policy that is not there, though an object would have one of that name', () => {
    const policies = compilePolicies({ a: { limit: 1, windowMs: 1 }, b: { limit: 1, windowMs: 1 } })
    for (const name of ['c', '__proto__', 'constructor', '']) expect(() => policyNamed(policies, name)).toThrow('there is a, b')
  })

  it.each([-1, 0.5, Number.NaN, Infinity])('a cost of %d', (cost) => {
    expect(() => checkCost(cost, one({ limit: 1, windowMs: 1 }).rule)).toThrow('give a whole number from 0')
  })
})

describe('an answer becomes a verdict', () => {
  it('with the wait in whole seconds that are enough, for every wait', () => {
    const policy = one({ limit: 1, windowMs: 1_000 })
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 31 * 86_400_000 }), (retryAfterMs) => {
        const verdict = toVerdict(policy, { limited: true, remaining: 0, resetMs: retryAfterMs, retryAfterMs })
        if (verdict.kind !== 'limited') throw new Error(verdict.kind)
        expect(Number.isInteger(verdict.retryAfter)).toBe(true)
        expect(verdict.retryAfter * 1_000 - retryAfterMs).toBeGreaterThanOrEqual(0)
        expect(verdict.retryAfter * 1_000 - retryAfterMs).toBeLessThan(1_000)
      }),
    )
  })

  it('that says of which sort it is only where that matters', () => {
    const answer = { limited: false, remaining: 1, resetMs: 5, retryAfterMs: 0 }
    expect(Object.keys(toVerdict(one({ limit: 2, windowMs: 9 }), answer))).toEqual([
      'kind',
      'policy',
      'limit',
      'windowMs',
      'remaining',
      'resetMs',
    ])
    expect(toVerdict(one({ limit: 2, windowMs: 9, login: true }), answer)).toMatchObject({ login: true })
    expect(toVerdict(one({ kind: 'concurrency', limit: 2, leaseMs: 9 }), answer)).toMatchObject({ concurrent: true, windowMs: 9 })
  })
})
