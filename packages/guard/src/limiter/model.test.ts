import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLimiter } from './limiter.js'
import type { GcraPolicy } from './types.js'

/** A leaking bucket in exact numbers: what is in it is counted in (ms x requests), and leaks by `rate` each ms. */
const createBucket = (limit: number, windowMs: number, burst: number | undefined): ((now: bigint, cost: number) => boolean) => {
  const rate = BigInt(burst === undefined ? limit : limit - burst + 1)
  const size = BigInt(burst ?? limit) * BigInt(windowMs)
  let level = 0n
  let since = 0n
  return (now, cost) => {
    const leaked = (now - since) * rate
    level = leaked > level ? 0n : level - leaked
    since = now
    const wanted = level + BigInt(cost) * BigInt(windowMs)
    if (wanted > size) return false
    level = wanted
    return true
  }
}

const policy = fc
  .record({
    limit: fc.integer({ min: 1, max: 50 }),
    windowMs: fc.integer({ min: 1, max: 100_000 }),
    part: fc.option(fc.double({ min: 0, max: 1, noNaN: true }), { nil: undefined }),
  })
  .map(({ limit, windowMs, part }): GcraPolicy =>
    part === undefined ? { limit, windowMs } : { limit, windowMs, burst: 1 + Math.floor(part * (limit - 1)) },
  )
const steps = fc.array(
  fc.record({
    wait: fc.oneof(fc.constant(0), fc.integer({ min: 0, max: 50_000 })),
    cost: fc.integer({ min: 0, max: 6 }),
    key: fc.constantFrom('a', 'b'),
  }),
  { maxLength: 80 },
)

describe('the limiter', () => {
  it('allows exactly what a leaking bucket allows, for any policy, cost and time, and keeps keys apart', () => {
    fc.assert(
      fc.property(policy, steps, (one, sequence) => {
        let now = 1_800_000_000_000
        const limiter = createLimiter({ policies: { p: one }, clock: () => now })
        const started = now
        const buckets = new Map(['a', 'b'].map((key) => [key, createBucket(one.limit, one.windowMs, one.burst)]))
        for (const { wait, cost, key } of sequence) {
          now += wait
          const verdict = limiter.check('p', [key], cost)
          expect(verdict.kind === 'allowed').toBe(buckets.get(key)?.(BigInt(now - started), cost))
          expect(verdict.remaining).toBeGreaterThanOrEqual(0)
          expect(verdict.remaining).toBeLessThanOrEqual(one.limit)
        }
      }),
      { numRuns: 300 },
    )
  })

  it('says a wait that is enough, and no time earlier, for any cost that can ever pass', () => {
    fc.assert(
      fc.property(policy, fc.integer({ min: 1, max: 6 }), (one, cost) => {
        fc.pre(cost <= (one.burst ?? one.limit))
        let now = 1_800_000_000_000
        const limiter = createLimiter({ policies: { p: one }, clock: () => now })
        let verdict = limiter.check('p', ['k'], cost)
        for (let i = 0; i < 60 && verdict.kind === 'allowed'; i++) verdict = limiter.check('p', ['k'], cost)
        const wait = verdict.kind === 'limited' ? verdict.retryAfterMs : 0
        expect(wait).toBeGreaterThan(0)
        now += wait - 1
        expect(limiter.check('p', ['k'], cost).kind).toBe('limited')
        now += 1
        expect(limiter.check('p', ['k'], cost).kind).toBe('allowed')
      }),
      { numRuns: 200 },
    )
  })
})
