import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limitHeaders, limitProblem } from './answer.js'
import { joinKey } from './key.js'
import { createLimiter, type Limiter } from './limiter.js'
import type { LimitPolicy, LimitVerdict } from './types.js'

const setup = (
  policy: LimitPolicy,
  maxKeys?: number,
): { limiter: Limiter; at: (ms: number) => void; take: (key?: string, cost?: number) => LimitVerdict } => {
  let now = 1_800_000_000_000
  const limiter = createLimiter({ policies: { p: policy }, clock: () => now, ...(maxKeys === undefined ? {} : { maxKeys }) })
  return {
    limiter,
    at: (ms) => {
      now = 1_800_000_000_000 + ms
    },
    take: (key = 'k', cost = 1) => limiter.check('p', [key], cost),
  }
}
const allowed = (verdicts: readonly LimitVerdict[]): number => verdicts.filter(({ kind }) => kind === 'allowed').length

describe('the limiter', () => {
  it('allows the limit at once and counts down', () => {
    const { take } = setup({ limit: 3, windowMs: 1_000 })
    expect([take(), take(), take()].map(({ remaining }) => remaining)).toEqual([2, 1, 0])
    expect(take()).toEqual({
      kind: 'limited',
      policy: 'p',
      limit: 3,
      windowMs: 1_000,
      remaining: 0,
      resetMs: 1_000,
      retryAfterMs: 334,
      retryAfter: 1,
    })
  })

  it('does not let the limit through again at the edge of a window [ASVS 2.4.1]', () => {
    const { take, at } = setup({ limit: 100, windowMs: 60_000 })
    at(59_000)
    expect(allowed(Array.from({ length: 150 }, () => take()))).toBe(100)
    at(61_000)
    expect(allowed(Array.from({ length: 150 }, () => take()))).toBe(3)
  })

  it('with a burst, never lets more than the limit through in any window', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 120 }),
        fc.integer({ min: 1, max: 5 }),
        (gaps, burst) => {
          const { take, at } = setup({ limit: 5, windowMs: 1_000, burst })
          let now = 0
          const passed: number[] = []
          for (const gap of gaps) {
            now += gap
            at(now)
            if (take().kind === 'allowed') passed.push(now)
          }
          for (const start of passed) expect(passed.filter((time) => time >= start && time < start + 1_000).length).toBeLessThanOrEqual(5)
        },
      ),
    )
  })

  it('tells a wait that is enough and not a millisecond too long', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 977 }),
        fc.integer({ min: 1, max: 90_000 }),
        fc.integer({ min: 1, max: 4 }),
        (limit, windowMs, cost) => {
          if (cost > limit) return
          const { take, at } = setup({ limit, windowMs })
          let verdict = take('k', cost)
          for (let i = 0; verdict.kind === 'allowed' && i < 2_000; i++) verdict = take('k', cost)
          if (verdict.kind !== 'limited') throw new Error('never limited')
          expect(verdict.retryAfter).toBe(Math.ceil(verdict.retryAfterMs / 1_000))
          at(verdict.retryAfterMs - 1)
          expect(take('k', cost).kind).toBe('limited')
          at(verdict.retryAfterMs)
          expect(take('k', cost).kind).toBe('allowed')
        },
      ),
    )
  })

  it('reopens under steady traffic: a refused request costs nothing', () => {
    const { take, at } = setup({ limit: 2, windowMs: 2_000 })
    let through = 0
    for (let ms = 0; ms < 20_000; ms += 100) {
      at(ms)
      if (take().kind === 'allowed') through++
    }
    expect(through).toBe(2 + 19)
  })

  it('cannot be raced: judging and counting are one step [ASVS 15.4.2]', async () => {
    const { limiter } = setup({ limit: 5, windowMs: 60_000 })
    const verdicts = await Promise.all(Array.from({ length: 50 }, async () => limiter.check('p', ['k'])))
    expect(allowed(verdicts)).toBe(5)
  })

  it('charges a cost, refuses one that is more than is left, and looks for nothing', () => {
    const { take } = setup({ limit: 10, windowMs: 1_000 })
    expect(take('k', 8)).toMatchObject({ kind: 'allowed', remaining: 2 })
    expect(take('k', 3).kind).toBe('limited')
    expect(take('k', 0)).toMatchObject({ kind: 'allowed', remaining: 2 })
    expect(take('k', 2)).toMatchObject({ kind: 'allowed', remaining: 0 })
    for (const bad of [-1, 0.5, Number.NaN]) expect(() => take('k', bad)).toThrow('limiter cost')
  })

  it('survives a clock that is set back by a day', () => {
    const { take, at } = setup({ limit: 2, windowMs: 1_000 })
    at(86_400_000)
    take()
    take()
    at(0)
    expect(take()).toMatchObject({ kind: 'limited', retryAfter: 1 })
    at(1_000)
    expect(take().kind).toBe('allowed')
  })

  it('takes new keys into a full table after the clock was set back', () => {
    const { limiter, take, at } = setup({ limit: 2, windowMs: 1_000 }, 50)
    at(86_400_000)
    for (let i = 0; i < 50; i++) take(`old-${i}`)
    at(0)
    expect(allowed(Array.from({ length: 50 }, (_, i) => take(`new-${i}`)))).toBe(50)
    expect(limiter.stats().overflow).toBe(0)
  })

  it('gives a key its allowance back on request, and only that key', () => {
    const { limiter, take } = setup({ limit: 1, windowMs: 60_000 })
    take('a')
    take('b')
    limiter.forget('p', ['a'])
    limiter.forget('p', ['never seen'])
    expect(take('a').kind).toBe('allowed')
    expect(take('b').kind).toBe('limited')
  })

  it('keeps policies apart', () => {
    const limiter = createLimiter({ policies: { a: { limit: 1, windowMs: 1_000 }, b: { limit: 1, windowMs: 1_000 } }, clock: () => 0 })
    expect(limiter.check('a', ['k']).kind).toBe('allowed')
    expect(limiter.check('b', ['k']).kind).toBe('allowed')
    expect(limiter.check('a', ['k']).kind).toBe('limited')
    expect(() => limiter.check('c', ['k'])).toThrow('there is a, b')
  })

  it('takes a key such as __proto__ for a key [ASVS 15.3.6]', () => {
    const { take } = setup({ limit: 1, windowMs: 1_000 })
    for (const key of ['__proto__', 'constructor', 'toString']) {
      expect(take(key).kind).toBe('allowed')
      expect(take(key).kind).toBe('limited')
    }
  })
})

describe('a flood of keys', () => {
  it('stays within its bound', () => {
    const { limiter, take } = setup({ limit: 10, windowMs: 60_000 }, 1_000)
    for (let i = 0; i < 50_000; i++) take(`flood-${i}`)
    expect(limiter.stats().keys).toBe(1_000)
  })

  it('does not give an attacker a fresh allowance', () => {
    const { take } = setup({ limit: 10, windowMs: 60_000 }, 1_000)
    for (let i = 0; i < 10; i++) take('attacker')
    expect(take('attacker').kind).toBe('limited')
    for (let i = 0; i < 50_000; i++) take(`flood-${i}`)
    expect(take('attacker').kind).toBe('limited')
  })

  it('of keys without allowance leaves newcomers one shared allowance, never an open door', () => {
    const { limiter, take, at } = setup({ limit: 2, windowMs: 60_000 }, 100)
    for (let i = 0; i < 100; i++) for (let n = 0; n < 2; n++) take(`used-${i}`)
    const verdicts = Array.from({ length: 50 }, (_, i) => take(`new-${i}`))
    expect(allowed(verdicts)).toBe(2)
    expect(limiter.stats().overflow).toBe(50)
    for (let i = 0; i < 100; i++) expect(take(`used-${i}`).kind).toBe('limited')
    at(60_000)
    expect(allowed(Array.from({ length: 50 }, (_, i) => take(`new-${i}`)))).toBe(50)
  })

  it('loses nothing while keys whose time has passed make room', () => {
    const { limiter, take, at } = setup({ limit: 2, windowMs: 1_000 }, 100)
    for (let i = 0; i < 100; i++) take(`old-${i}`)
    at(5_000)
    for (let i = 0; i < 100; i++) take(`new-${i}`)
    expect(limiter.stats()).toEqual({ keys: 100, evicted: 0, overflow: 0 })
  })

  it('removes and re-adds keys without losing others', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 20 }), fc.boolean()), { maxLength: 200 }), (steps) => {
        const { limiter, take } = setup({ limit: 3, windowMs: 60_000 })
        const model = new Map<number, number>()
        for (const [key, remove] of steps) {
          if (remove) {
            limiter.forget('p', [String(key)])
            model.delete(key)
            continue
          }
          const used = model.get(key) ?? 0
          expect(take(String(key)).kind).toBe(used < 3 ? 'allowed' : 'limited')
          model.set(key, Math.min(3, used + 1))
        }
        expect(limiter.stats().keys).toBe(model.size)
      }),
    )
  })
})

describe('joinKey', () => {
  it('never gives two lists of parts one key', () => {
    const part = fc.oneof(
      fc.string({ maxLength: 5 }),
      fc.constantFrom('\u0000s1:a', '\u0001', 's1:a', '1:a', ''),
      fc.integer({ min: 0, max: 30 }),
    )
    fc.assert(
      fc.property(fc.array(part, { minLength: 1, maxLength: 3 }), fc.array(part, { minLength: 1, maxLength: 3 }), (a, b) => {
        const same = a.length === b.length && a.every((value, i) => value === b[i])
        expect(joinKey(a) === joinKey(b)).toBe(same)
      }),
      { numRuns: 2_000 },
    )
    expect(joinKey(['ab', 'c'])).not.toBe(joinKey(['a', 'bc']))
  })

  it('holds long keys as a hash', () => {
    expect(joinKey(['x'.repeat(100_000)]).length).toBeLessThan(64)
    expect(joinKey(['x'.repeat(1_000)])).not.toBe(joinKey(['x'.repeat(1_001)]))
  })
})

describe('what a limited client is told', () => {
  const { take } = setup({ limit: 1, windowMs: 90_500 })
  const ok = take()
  const no = take()

  it('follows draft 10 of the RateLimit fields', () => {
    expect(limitHeaders([ok])).toEqual([
      ['RateLimit-Policy', '"p";q=1;w=91'],
      ['RateLimit', '"p";r=0;t=91'],
    ])
    expect(limitHeaders([])).toEqual([])
  })

  it('gives Retry-After in whole seconds, the longest wait of all policies', () => {
    expect(limitHeaders([ok, no])).toContainEqual(['Retry-After', '91'])
    expect(new Map(limitHeaders([no])).get('Retry-After')).toMatch(/^\d+$/)
  })

  it('names the violated policies in a problem body, without the key', () => {
    expect(limitProblem([ok, no])).toMatchObject({
      type: 'https://iana.org/assignments/http-problem-types#quota-exceeded',
      status: 429,
      code: 'PPT_RATE_LIMITED',
      'violated-policies': ['p'],
    })
  })
})

describe('options', () => {
  const policies = (policy: unknown): Record<string, LimitPolicy> => ({ p: policy as LimitPolicy })

  it.each([
    [{ limit: 0, windowMs: 1 }, 'policies.p.limit is 0'],
    [{ limit: 1 }, 'policies.p.windowMs is undefined'],
    [{ windowMs: 1 }, 'policies.p.limit is undefined'],
    [{ limit: 1, windowMs: -1 }, 'policies.p.windowMs is -1'],
    [{ limit: 5, windowMs: 1, burst: 6 }, 'policies.p.burst is 6'],
    [{ limit: 5, window: 1 }, 'policies.p has no option "window"'],
    [null, 'policies.p is null'],
  ])('refuses %j at start, by name', (policy, message) => {
    expect(() => createLimiter({ policies: policies(policy) })).toThrow(message)
  })

  it('refuses no policies, odd names and an odd bound', () => {
    expect(() => createLimiter({ policies: {} })).toThrow('limiter.policies')
    expect(() => createLimiter({ policies: { 'a"b': { limit: 1, windowMs: 1 } } })).toThrow('name a policy with letters')
    expect(() => createLimiter({ policies: policies({ limit: 1, windowMs: 1 }), maxKeys: 0 })).toThrow('limiter.maxKeys')
  })
})
