import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createDenyCache } from './deny-cache.js'
import type { LimitAnswer } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })

const limited = (retryAfterMs: number, resetMs = retryAfterMs): LimitAnswer => ({ limited: true, remaining: 0, resetMs, retryAfterMs })

describe('the deny cache', () => {
  it('says "limited" while the store would, at most as long as it is trusted, and never for a cost that was not refused', () => {
    const visit = fc.record({
      gap: fc.integer({ min: 0, max: 900 }),
      key: fc.constantFrom('a', 'b', '__proto__'),
      cost: fc.integer({ min: 1, max: 4 }),
      wait: fc.option(fc.integer({ min: 1, max: 3_000 })),
    })
    fc.assert(
      fc.property(fc.array(visit, { maxLength: 60 }), fc.integer({ min: 0, max: 2_000 }), (visits, trust) => {
        const cache = createDenyCache(trust)
        const model = new Map<string, { cost: number; until: number; trusted: number }>()
        let now = 1_000
        for (const { gap, key, cost, wait } of visits) {
          now += gap
          const held = model.get(key)
          const isKnown = held !== undefined && now < Math.min(held.until, held.trusted) && cost >= held.cost
          expect(cache.find(key, cost, now)?.retryAfterMs).toBe(isKnown ? held.until - now : undefined)
          if (wait === null) continue
          cache.add(key, cost, limited(wait), now)
          if (trust > 0) model.set(key, { cost, until: now + wait, trusted: now + trust })
        }
      }),
      { numRuns: 300 },
    )
  })

  it('tells the wait that is left, and when all is free again', () => {
    const cache = createDenyCache(10_000)
    cache.add('k', 1, limited(4_000, 9_000), 0)
    expect(cache.find('k', 1, 1_500)).toEqual({ limited: true, remaining: 0, retryAfterMs: 2_500, resetMs: 7_500 })
  })

  it('holds nothing when it is turned off, for a look, or for an answer without a wait', () => {
    const [off, on] = [createDenyCache(0), createDenyCache(1_000)]
    off.add('k', 1, limited(500), 0)
    on.add('k', 0, limited(500), 0)
    on.add('k', 1, limited(0), 0)
    expect([off.size, on.size]).toEqual([0, 0])
  })

  it('believes nothing after the clock was set back', () => {
    const cache = createDenyCache(5_000)
    cache.add('k', 1, limited(5_000), 86_400_000)
    expect(cache.find('k', 1, 0)).toBeUndefined()
    expect(cache.size).toBe(0)
  })

  it('drops the oldest key when it is full, and what has ended when it is looked for', () => {
    const cache = createDenyCache(5_000)
    for (let i = 0; i < 20_000; i++) cache.add(`k${i}`, 1, limited(5_000), 0)
    expect(cache.size).toBe(16_384)
    expect(cache.find('k0', 1, 1)).toBeUndefined()
    expect(cache.find('k19999', 1, 1)).toMatchObject({ limited: true })
    expect(cache.find('k19999', 1, 5_000)).toBeUndefined()
    cache.remove('k19998')
    expect(cache.find('k19998', 1, 1)).toBeUndefined()
    expect(cache.size).toBe(16_382)
  })
})
