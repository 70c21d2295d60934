import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { fakeClock } from '@parapet/testkit'
import { createClientAddress } from '../client-address/client-address.js'
import { memoryStore } from '../store/memory-store.js'
import { limitHeaders, limitProblem } from './answer.js'
import { createLimiter, type Limiter } from './limiter.js'
import { limitStoreConformance } from './limit-store-conformance.js'
import type { LimitPolicy, LimitReceipt } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })

const HOUR = 3_600_000
const setup = (policies: Record<string, LimitPolicy>, maxKeys?: number): { limiter: Limiter; clock: ReturnType<typeof fakeClock> } => {
  const clock = fakeClock()
  return { limiter: createLimiter({ policies, clock, ...(maxKeys === undefined ? {} : { maxKeys }) }), clock }
}

describe('the limits of memoryStore keep every promise of a store of limits', () => {
  it.each(limitStoreConformance)('$name', async (check) => {
    const clock = fakeClock()
    const { limits } = memoryStore({ clock })
    await check.run({ stores: [limits, limits], skewed: limits, advance: async (ms) => void clock.advance(ms) })
  })

  it('and the checks find a store that reads first and counts later', async () => {
    const clock = fakeClock()
    const { limits } = memoryStore({ clock })
    const racy = {
      ...limits,
      take: async (takes: Parameters<typeof limits.take>[0], lease: string) => {
        const looked = await limits.take(takes.map((take) => ({ ...take, cost: 0 })), lease) // prettier-ignore
        await Promise.resolve()
        if (looked.answers.every(({ remaining }) => remaining > 0)) await limits.take(takes, lease)
        return looked
      },
    }
    const failed: string[] = []
    for (const { name, run } of limitStoreConformance)
      await run({ stores: [racy], skewed: racy, advance: async (ms) => void clock.advance(ms) }).catch(() => failed.push(name))
    expect(failed.some((name) => name.startsWith('trap: read-then-increment races'))).toBe(true)
    expect(failed.length).toBeGreaterThan(4)
  })
})

describe('several policies for one request', () => {
  const POLICIES = {
    minute: { limit: 3, windowMs: 60_000 },
    hour: { kind: 'fixed_window', limit: 5, windowMs: HOUR },
    slots: { kind: 'concurrency', limit: 2, leaseMs: 60_000 },
  } as const
  const all = [
    { policy: 'minute', key: ['a'] },
    { policy: 'hour', key: ['a'] },
    { policy: 'slots', key: ['a'] },
  ]

  it('are judged all or none: who is refused by one is counted by none [ASVS 15.4.2]', () => {
    const { limiter, clock } = setup(POLICIES)
    for (let i = 0; i < 2; i++) expect(limiter.take(all).kind).toBe('allowed')
    // both slots are taken
    for (let i = 0; i < 5; i++) {
      const refused = limiter.take(all)
      expect(refused.kind).toBe('limited')
      expect(refused.verdicts.map(({ kind, remaining }) => [kind, remaining])).toEqual([
        ['allowed', 1],
        ['allowed', 3],
        ['limited', 0],
      ])
    }
    clock.advance(60_000)
    expect(limiter.take(all)).toMatchObject({ kind: 'allowed', verdicts: [{ remaining: 2 }, { remaining: 2 }, { remaining: 1 }] })
  })

  it('give back everything with a refund, and only the slot with a release', () => {
    const { limiter } = setup(POLICIES)
    const first = limiter.take(all)
    if (first.kind !== 'allowed') throw new Error(first.kind)
    limiter.release(first.receipt)
    const looked = (): readonly number[] =>
      limiter.take(all.map((take) => ({ ...take, cost: 0 }))).verdicts.map(({ remaining }) => remaining)
    expect(looked()).toEqual([2, 4, 2])
    limiter.release(first.receipt)
    expect(looked()).toEqual([2, 4, 2])
    const second = limiter.take(all)
    if (second.kind !== 'allowed') throw new Error(second.kind)
    limiter.refund(second.receipt)
    expect(looked()).toEqual([2, 4, 2])
  })

  it('take no refund for a window that is over: it would be a gift to the next one', () => {
    const { limiter, clock } = setup({ hour: { kind: 'fixed_window', limit: 5, windowMs: HOUR } })
    const early = limiter.take([{ policy: 'hour', key: ['a'], cost: 5 }])
    if (early.kind !== 'allowed') throw new Error(early.kind)
    clock.advance(HOUR)
    limiter.take([{ policy: 'hour', key: ['a'], cost: 3 }])
    limiter.refund(early.receipt)
    expect(limiter.check('hour', ['a'], 0).remaining).toBe(2)
  })

  it('refuse the same policy and key twice, no policies, unknown ones and costs that no slot has', () => {
    const { limiter } = setup(POLICIES)
    expect(() => limiter.take([])).toThrow('limiter takes')
    expect(() => limiter.take([{ policy: 'hour', key: ['a'] }, { policy: 'hour', key: ['a'] }])).toThrow('one policy and key twice') // prettier-ignore
    expect(() => limiter.take([{ policy: 'day', key: ['a'] }])).toThrow('there is minute, hour, slots')
    expect(() => limiter.take([{ policy: 'slots', key: ['a'], cost: 2 }])).toThrow('takes 1, or 0 to look')
    expect(() => limiter.take([{ policy: 'hour', key: ['a'], cost: -1 }])).toThrow('limiter cost is -1')
    expect(() => limiter.check('slots', ['a'])).toThrow('whose receipt releases it')
  })

  it('stay all or none when a full table has no place for one of them', () => {
    const { limiter } = setup({ wide: { limit: 100, windowMs: HOUR }, narrow: { limit: 1, windowMs: HOUR } }, 20)
    const both = (key: string) => [
      { policy: 'wide', key: [key] },
      { policy: 'narrow', key: [key] },
    ]
    for (let i = 0; i < 10; i++) expect(limiter.take(both(`k${i}`)).kind).toBe('allowed')
    // "narrow" is full of keys that have nothing left: newcomers share one allowance
    expect(limiter.take(both('first')).kind).toBe('allowed')
    const refused = limiter.take(both('second'))
    expect(refused.kind).toBe('limited')
    expect(limiter.check('wide', ['second'], 0).remaining).toBe(100)
  })
})

describe('slots', () => {
  it('are freed when their holders die, by themselves', () => {
    const { limiter, clock } = setup({ slots: { kind: 'concurrency', limit: 2, leaseMs: 30_000 } })
    const ask = () => limiter.take([{ policy: 'slots', key: ['a'] }]).kind
    expect([ask(), ask(), ask()]).toEqual(['allowed', 'allowed', 'limited'])
    clock.advance(30_000)
    expect([ask(), ask(), ask()]).toEqual(['allowed', 'allowed', 'limited'])
  })

  it('are never more than there are, however many come and go', () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 60 }), (steps) => {
        const { limiter } = setup({ slots: { kind: 'concurrency', limit: 3, leaseMs: 30_000 } })
        const held: LimitReceipt[] = []
        for (const comes of steps) {
          const free = 3 - held.length
          const outcome = limiter.take([{ policy: 'slots', key: ['a'], cost: comes ? 1 : 0 }])
          expect(outcome.kind).toBe(comes && free === 0 ? 'limited' : 'allowed')
          if (comes && outcome.kind === 'allowed') held.push(outcome.receipt)
          const done = comes ? undefined : held.shift()
          if (done !== undefined) limiter.release(done)
        }
      }),
    )
  })

  it('refuse newcomers, not holders, when more keys hold slots than there is room for', () => {
    const { limiter, clock } = setup({ slots: { kind: 'concurrency', limit: 2, leaseMs: 30_000 } }, 5)
    for (let i = 0; i < 5; i++) expect(limiter.take([{ policy: 'slots', key: [`k${i}`] }]).kind).toBe('allowed')
    expect(limiter.take([{ policy: 'slots', key: ['new'] }]).kind).toBe('limited')
    expect(limiter.take([{ policy: 'slots', key: ['k0'] }]).kind).toBe('allowed')
    expect(limiter.stats()).toMatchObject({ keys: 5, overflow: 1 })
    clock.advance(30_000)
    expect(limiter.take([{ policy: 'slots', key: ['new'] }]).kind).toBe('allowed')
  })
})

describe('parallel requests', () => {
  it('trap: read-then-increment races: exactly as many pass as are allowed, in one step over several policies [ASVS 2.4.1, 15.4.2]', async () => {
    const { limiter } = setup({ a: { limit: 7, windowMs: HOUR }, b: { kind: 'sliding_window', limit: 9, windowMs: HOUR } })
    const takes = [{ policy: 'a', key: ['k'] }, { policy: 'b', key: ['k'] }] // prettier-ignore
    const kinds = await Promise.all(
      Array.from({ length: 100 }, async (_, i) => {
        await new Promise((resolve) => setTimeout(resolve, i % 3))
        return limiter.take(takes).kind
      }),
    )
    expect(kinds.filter((kind) => kind === 'allowed')).toHaveLength(7)
    // the 93 that "a" refused took nothing of "b"
    expect(limiter.check('b', ['k'], 0).remaining).toBe(2)
  })
})

describe('memory under a flood of keys', () => {
  it.each(['gcra', 'sliding_window', 'fixed_window'] as const)(
    'stays bounded for %s, and opens nothing for who had used everything',
    (kind) => {
      const { limiter, clock } = setup({ p: { kind, limit: 5, windowMs: HOUR } }, 500)
      for (let i = 0; i < 5; i++) limiter.check('p', ['attacker'])
      let passed = 0
      for (let i = 0; i < 20_000; i++) {
        limiter.check('p', [`made-up-${i}`])
        if (i % 100 === 0) {
          clock.advance(100)
          if (limiter.check('p', ['attacker']).kind === 'allowed') passed++
        }
      }
      expect(passed).toBe(0)
      expect(limiter.stats().keys).toBe(500)
      // the flood took 20 seconds: of the hour he has to wait, nothing has been forgiven
      expect(limiter.check('p', ['attacker']).kind).toBe('limited')
    },
  )

  it('lets keys without a place share one allowance, whatever the policy', () => {
    const { limiter } = setup({ p: { kind: 'fixed_window', limit: 2, windowMs: HOUR } }, 10)
    for (let i = 0; i < 10; i++) for (let j = 0; j < 2; j++) limiter.check('p', [`full-${i}`])
    const kinds = Array.from({ length: 30 }, (_, i) => limiter.check('p', [`new-${i}`]).kind)
    expect(kinds.filter((kind) => kind === 'allowed')).toHaveLength(2)
    expect(limiter.stats()).toMatchObject({ keys: 10, overflow: 30 })
  })
})

describe('who is counted', () => {
  const clientAddress = createClientAddress('direct')
  const keyOf = (remoteAddress: string): string => {
    const client = clientAddress({ method: 'GET', url: '/', headers: {}, socket: { remoteAddress } })
    return client.kind === 'known' ? client.key : 'unknown'
  }

  it('trap: IPv6 rotation in a /64: an attacker who changes his address for every request gains nothing [ASVS 2.4.1]', () => {
    const { limiter } = setup({ p: { limit: 5, windowMs: HOUR } })
    let passed = 0
    for (let i = 0; i < 5_000; i++) {
      const host = `${(i * 2_654_435_761) >>> 0}`.padStart(8, '0')
      if (limiter.check('p', [keyOf(`2001:db8:1:2:${host.slice(0, 4)}:${host.slice(4, 8)}:0:${i.toString(16)}`)]).kind === 'allowed')
        passed++
    }
    expect(passed).toBe(5)
    expect(limiter.stats().keys).toBe(1)
    expect(limiter.check('p', [keyOf('2001:db8:1:3::1')]).kind).toBe('allowed')
  })

  it('trap: mapped IPv4 collapsing to one bucket: clients of a dual-stack socket are counted one by one, and as one with their plain form', () => {
    const { limiter } = setup({ p: { limit: 1, windowMs: HOUR } })
    for (let i = 0; i < 200; i++) expect(limiter.check('p', [keyOf(`::ffff:198.51.100.${i}`)]).kind).toBe('allowed')
    expect(limiter.stats().keys).toBe(200)
    for (const same of ['198.51.100.7', '::ffff:c633:6407', '0:0:0:0:0:ffff:198.51.100.7'])
      expect(limiter.check('p', [keyOf(same)]).kind).toBe('limited')
  })

  it('trap: `__proto__` as key: names of the prototype are counted like any other, and break nothing', () => {
    for (const kind of ['gcra', 'fixed_window', 'sliding_window'] as const) {
      const { limiter } = setup({ p: { kind, limit: 1, windowMs: HOUR } })
      for (const key of ['__proto__', 'constructor', 'toString', 'hasOwnProperty']) {
        expect(limiter.check('p', [key]).kind).toBe('allowed')
        expect(limiter.check('p', [key]).kind).toBe('limited')
        limiter.forget('p', [key])
        expect(limiter.check('p', [key]).kind).toBe('allowed')
      }
    }
    expect(() => createLimiter({ policies: { p: { limit: 1, windowMs: 1 } } }).check('__proto__', ['k'])).toThrow('there is p')
  })
})

describe('what a client is told', () => {
  it('trap: fractional `Retry-After`: whole seconds, rounded up, for every rule and every moment', () => {
    fc.assert(
      fc.property(
        fc.constantFrom('gcra', 'sliding_window', 'fixed_window'),
        fc.integer({ min: 1, max: 9 }),
        fc.integer({ min: 1, max: 100_000 }),
        fc.integer({ min: 0, max: 99_999 }),
        (kind, limit, windowMs, gap) => {
          const { limiter, clock } = setup({ p: { kind, limit, windowMs } })
          let verdict = limiter.check('p', ['k'])
          clock.advance(gap % windowMs)
          for (let i = 0; i < 20 && verdict.kind === 'allowed'; i++) verdict = limiter.check('p', ['k'])
          if (verdict.kind !== 'limited') throw new Error('never limited')
          const told = new Map(limitHeaders([verdict])).get('Retry-After')
          expect(told).toMatch(/^[1-9]\d*$/)
          clock.advance(Number(told) * 1_000)
          expect(limiter.check('p', ['k']).kind).toBe('allowed')
        },
      ),
      { numRuns: 300 },
    )
  })

  it('trap: 2x burst at window edges: the default lets nothing through twice around an edge', () => {
    const { limiter, clock } = setup({ p: { limit: 100, windowMs: 60_000 } })
    const burst = (): number => Array.from({ length: 150 }, () => limiter.check('p', ['k'])).filter(({ kind }) => kind === 'allowed').length
    clock.advance(59_990)
    expect(burst()).toBe(100)
    clock.advance(20)
    expect(burst()).toBe(0)
  })

  it('gives the unit of what runs at the same time, and no window', () => {
    const { limiter } = setup({ slots: { kind: 'concurrency', limit: 2, leaseMs: 30_000 }, p: { limit: 3, windowMs: 60_000 } })
    const { verdicts } = limiter.take([{ policy: 'slots', key: ['a'] }, { policy: 'p', key: ['a'] }]) // prettier-ignore
    expect(limitHeaders(verdicts)).toEqual([
      ['RateLimit-Policy', '"slots";q=2;qu="concurrent-requests", "p";q=3;w=60'],
      ['RateLimit', '"slots";r=1;t=30, "p";r=2;t=20'],
    ])
  })

  it('says nothing of policies that guard a sign-in: an attacker does not learn his budget', () => {
    const { limiter } = setup({ login: { limit: 1, windowMs: 900_000, login: true }, p: { limit: 9, windowMs: 60_000 } })
    const ask = () => limiter.take([{ policy: 'login', key: ['a'] }, { policy: 'p', key: ['a'] }]).verdicts // prettier-ignore
    expect(JSON.stringify(limitHeaders(ask()))).not.toContain('login')
    const refused = ask()
    expect(refused[0]?.kind).toBe('limited')
    expect(limitHeaders(refused).map(([name]) => name)).toEqual(['RateLimit-Policy', 'RateLimit'])
    expect(JSON.stringify(limitProblem(refused))).not.toContain('login')
    expect(limitHeaders([refused[0] as (typeof refused)[number]])).toEqual([])
  })

  it('describes a policy as it is now, though another limiter has one of the same name', () => {
    const told = (limit: number): string | undefined =>
      new Map(limitHeaders([createLimiter({ policies: { same: { limit, windowMs: 60_000 } } }).check('same', ['k'])])).get(
        'RateLimit-Policy',
      )
    expect([told(5), told(7), told(5)]).toEqual(['"same";q=5;w=60', '"same";q=7;w=60', '"same";q=5;w=60'])
    for (let i = 0; i < 600; i++) createLimiter({ policies: { [`p${i}`]: { limit: 1, windowMs: 1_000 } } }).check(`p${i}`, ['k'])
    expect(told(9)).toBe('"same";q=9;w=60')
  })
})

describe('options of a policy', () => {
  const build = (policy: unknown) => () => createLimiter({ policies: { p: policy as LimitPolicy } })

  it.each([
    [{ kind: 'leaky', limit: 1, windowMs: 1 }, 'policies.p.kind is "leaky"'],
    [{ kind: 'fixed_window', limit: 1, windowMs: 1, burst: 1 }, 'policies.p has no option "burst"'],
    [{ kind: 'concurrency', limit: 1, windowMs: 1 }, 'policies.p has no option "windowMs"'],
    [{ kind: 'concurrency', limit: 1 }, 'policies.p.leaseMs is undefined'],
    [{ limit: 1, windowMs: 1, onOutage: 'ignore' }, 'policies.p.onOutage is "ignore"'],
    [{ limit: 1, windowMs: 1, login: 'yes' }, 'policies.p.login is "yes"'],
    [
      { limit: 1, windowMs: 1, login: true, onOutage: 'open' },
      "policies.p.onOutage is \"open\"; a policy that guards a sign-in takes 'local' or 'closed'",
    ],
    [{ limit: 100_001, windowMs: 1 }, 'policies.p.limit is 100001'],
  ])('refuses %j, by name', (policy, message) => {
    expect(build(policy)).toThrow(message)
  })
})
