import { describe, expect, it } from 'vitest'
import { fakeClock } from '@parapet/testkit'
import { createKeyring } from '../keyring/keyring.js'
import { memoryStore } from '../store/memory-store.js'
import { createSharedLimiter, type SharedLimiterOptions } from './shared-limiter.js'
import type { LimitOutageReport, LimitPolicy, LimitStore, StoreTake } from './types.js'

const HOUR = 3_600_000
const keyring = createKeyring({ keys: [Buffer.alloc(32, 7)] })
const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5))

/** A store in this process that can be told to fail or to hang, and that writes down what it was asked. */
const setup = (policies: Record<string, LimitPolicy>, options: Partial<SharedLimiterOptions> = {}) => {
  const clock = fakeClock()
  const { limits } = memoryStore({ clock })
  const asked: { takes: readonly StoreTake[]; lease: string }[] = []
  const reports: LimitOutageReport[] = []
  let trouble: 'none' | 'fails' | 'hangs' | 'throws' | 'forgets' = 'none'
  let held: (() => void)[] = []
  const meet = async <T>(work: () => Promise<T>): Promise<T> => {
    if (trouble === 'fails') throw new Error('ECONNREFUSED 10.0.0.5')
    if (trouble === 'hangs') await new Promise<void>((resolve) => held.push(resolve))
    return work()
  }
  const store: LimitStore = {
    shared: true,
    take: (takes, lease) => {
      if (trouble === 'throws') throw new Error('no connection')
      asked.push({ takes, lease })
      return meet(async () => (trouble === 'forgets' ? { at: 0, answers: [] } : limits.take(takes, lease)))
    },
    give: (takes, lease) => meet(() => limits.give(takes, lease)),
    forget: (takes) => meet(() => limits.forget(takes)),
  }
  const limiter = createSharedLimiter({
    policies, store, keyring, clock, timeoutMs: 30, failures: 2, retryMs: 1_000, onOutage: (report) => reports.push(report), ...options,
  }) // prettier-ignore
  return {
    clock,
    limits,
    limiter,
    store,
    asked,
    reports,
    set: (next: typeof trouble) => {
      trouble = next
      const waiting = held
      held = []
      if (next === 'none') for (const resolve of waiting) resolve()
    },
    take: (policy: string, key = 'k', cost = 1) => limiter.take([{ policy, key: [key], cost }]),
  }
}

describe('the limiter over a shared store', () => {
  it('judges all policies in one call, and counts none when one refuses', async () => {
    const { limiter, asked } = setup({ a: { limit: 5, windowMs: HOUR }, b: { limit: 1, windowMs: HOUR } }, { denyCacheMs: 0 })
    const both = [{ policy: 'a', key: ['k'] }, { policy: 'b', key: ['k'] }] // prettier-ignore
    expect(await limiter.take(both)).toMatchObject({ kind: 'allowed', by: 'store', unjudged: [] })
    expect(await limiter.take(both)).toMatchObject({ kind: 'limited', by: 'store', verdicts: [{ kind: 'allowed', remaining: 4 }, { kind: 'limited' }] }) // prettier-ignore
    expect(asked.map(({ takes }) => takes.length)).toEqual([2, 2])
    expect(asked[0]?.lease).not.toBe(asked[1]?.lease)
  })

  it('writes no address and no name into a store that others read', async () => {
    const { take, asked } = setup({ 'sign-in': { limit: 5, windowMs: HOUR } })
    await take('sign-in', 'alice@example.org')
    expect(asked[0]?.takes[0]?.key).toMatch(/^sign-in:[\w-]{24}$/)
  })

  it('counts together with other processes of the same keyring', async () => {
    const { store, clock, take } = setup({ p: { limit: 3, windowMs: HOUR } })
    const other = createSharedLimiter({ policies: { p: { limit: 3, windowMs: HOUR } }, store, keyring, clock })
    await take('p')
    await other.take([{ policy: 'p', key: ['k'] }])
    expect(await take('p')).toMatchObject({ kind: 'allowed', verdicts: [{ remaining: 0 }] })
    expect((await other.take([{ policy: 'p', key: ['k'] }])).kind).toBe('limited')
  })

  it('gives back by receipt, and a key by its name', async () => {
    const { take, limiter } = setup({ p: { limit: 1, windowMs: HOUR } })
    const first = await take('p')
    expect((await take('p')).kind).toBe('limited')
    if (first.kind !== 'allowed') throw new Error(first.kind)
    expect(await limiter.refund(first.receipt)).toEqual({ kind: 'done' })
    expect((await take('p')).kind).toBe('allowed')
    expect((await take('p')).kind).toBe('limited')
    expect(await limiter.forget('p', ['k'])).toEqual({ kind: 'done' })
    expect((await take('p')).kind).toBe('allowed')
  })
})

describe('the deny cache', () => {
  it('refuses a key that is known to be limited without asking, with the wait that is left', async () => {
    const { take, asked, clock, limiter } = setup({ p: { limit: 1, windowMs: 4_000 } })
    await take('p')
    await take('p')
    expect(asked).toHaveLength(2)
    clock.advance(1_500)
    expect(await take('p')).toEqual({
      kind: 'limited',
      by: 'deny_cache',
      verdicts: [
        { kind: 'limited', policy: 'p', limit: 1, windowMs: 4_000, remaining: 0, resetMs: 2_500, retryAfterMs: 2_500, retryAfter: 3 },
      ],
    })
    expect(asked).toHaveLength(2)
    expect(limiter.stats().denyCached).toBe(1)
    await take('p', 'somebody else')
    expect(asked).toHaveLength(3)
  })

  it('does not outlive the answer of the store by a millisecond', async () => {
    const { take, clock } = setup({ p: { limit: 1, windowMs: 4_000 } })
    await take('p')
    await take('p')
    clock.advance(3_999)
    expect((await take('p')).kind).toBe('limited')
    clock.advance(1)
    expect(await take('p')).toMatchObject({ kind: 'allowed', by: 'store' })
  })

  it('asks again after a while, so that an unlock in another process is noticed here', async () => {
    const { take, clock, limits, asked } = setup({ p: { limit: 1, windowMs: HOUR } })
    await take('p')
    await take('p')
    await limits.forget(asked[0]?.takes ?? [])
    expect(await take('p')).toMatchObject({ kind: 'limited', by: 'deny_cache' })
    clock.advance(5_000)
    expect((await take('p')).kind).toBe('allowed')
  })

  it('lets a smaller cost be judged: it was the larger one that did not fit', async () => {
    const { take } = setup({ p: { limit: 5, windowMs: HOUR } })
    expect((await take('p', 'k', 3)).kind).toBe('allowed')
    expect((await take('p', 'k', 3)).kind).toBe('limited')
    expect(await take('p', 'k', 4)).toMatchObject({ by: 'deny_cache' })
    expect(await take('p', 'k', 2)).toMatchObject({ kind: 'allowed', by: 'store' })
  })

  it('is cleared by a refund and by an unlock, even while an older answer is on its way', async () => {
    const { take, limiter, set } = setup({ p: { limit: 1, windowMs: HOUR } }, { timeoutMs: 2_000 })
    await take('p')
    set('hangs')
    const late = take('p')
    const unlocked = limiter.forget('p', ['k'])
    await settle()
    set('none')
    // the refusal was made before the unlock, and comes back with it
    await Promise.all([late, unlocked])
    expect((await take('p')).kind).toBe('allowed')
  })

  it('never answers for slots: they may be free at any moment', async () => {
    const { take, limiter } = setup({ slots: { kind: 'concurrency', limit: 1, leaseMs: 60_000 } })
    const first = await take('slots')
    expect((await take('slots')).kind).toBe('limited')
    if (first.kind !== 'allowed') throw new Error(first.kind)
    await limiter.release(first.receipt)
    expect((await take('slots')).kind).toBe('allowed')
  })

  it('stays bounded under a flood of limited keys', async () => {
    const { take, asked } = setup({ p: { limit: 1, windowMs: HOUR } })
    await take('p', 'old')
    await take('p', 'old')
    for (let i = 0; i < 17_000; i++) await take('p', `k${i}`, 1).then(() => take('p', `k${i}`))
    const before = asked.length
    expect(await take('p', 'old')).toMatchObject({ kind: 'limited', by: 'store' })
    expect(asked.length).toBe(before + 1)
    expect(await take('p', 'k16999')).toMatchObject({ by: 'deny_cache' })
  })
})

describe('the store is away', () => {
  const POLICIES = {
    local: { limit: 2, windowMs: HOUR },
    closed: { limit: 2, windowMs: HOUR, onOutage: 'closed' },
    open: { limit: 2, windowMs: HOUR, onOutage: 'open' },
  } as const

  it.each(['fails', 'hangs', 'throws', 'forgets'] as const)(
    'trap: fail-open in a catch block: a store that %s lets nothing pass but what is declared open [ASVS 16.5.3]',
    async (how) => {
      const { take, set } = setup(POLICIES)
      set(how)
      for (let i = 0; i < 4; i++) {
        expect(await take('closed')).toMatchObject({ kind: 'degraded', pass: false, policies: ['closed'] })
        expect(await take('open')).toMatchObject({ kind: 'degraded', pass: true, policies: ['open'] })
      }
      const local = [await take('local'), await take('local'), await take('local')]
      expect(local.map((outcome) => [outcome.kind, outcome.kind !== 'degraded' && outcome.by])).toEqual([
        ['allowed', 'local'],
        ['allowed', 'local'],
        ['limited', 'local'],
      ])
    },
  )

  it('takes the strictest word of several policies, and names those that nobody judged', async () => {
    const { limiter, set } = setup(POLICIES)
    set('fails')
    const takes = (...names: string[]) => names.map((policy) => ({ policy, key: ['k'] }))
    expect(await limiter.take(takes('local', 'open', 'closed'))).toMatchObject({ kind: 'degraded', pass: false, policies: ['closed'] })
    expect(await limiter.take(takes('local', 'open'))).toMatchObject({ kind: 'allowed', by: 'local', unjudged: ['open'] })
    await limiter.take(takes('local'))
    expect(await limiter.take(takes('local', 'open'))).toMatchObject({ kind: 'limited', by: 'local', verdicts: [{ policy: 'local' }] })
  })

  it.each(['gcra', 'sliding_window', 'fixed_window'] as const)(
    'starts nobody afresh: what %s had counted anywhere still counts',
    async (kind) => {
      const policies = { p: { kind, limit: 5, windowMs: HOUR } as LimitPolicy }
      const { take, store, set, clock } = setup(policies)
      const other = createSharedLimiter({ policies, store, keyring, clock })
      for (let i = 0; i < 3; i++) await other.take([{ policy: 'p', key: ['k'] }])
      // this process sees one request of his, and the store's answer to it
      await take('p')
      set('fails')
      expect(await take('p')).toMatchObject({ kind: 'allowed', by: 'local', verdicts: [{ remaining: 0 }] })
      expect(await take('p')).toMatchObject({ kind: 'limited', by: 'local' })
      expect(await take('p', 'never seen')).toMatchObject({ kind: 'allowed', by: 'local', verdicts: [{ remaining: 4 }] })
    },
  )

  it('forgives nothing of what was taken meanwhile when the store is back, for one window', async () => {
    const { take, set, clock } = setup({ p: { limit: 3, windowMs: 60_000 } })
    await take('p', 'warm')
    set('fails')
    for (let i = 0; i < 3; i++) expect((await take('p')).kind).toBe('allowed')
    set('none')
    clock.advance(1_000)
    await take('p', 'probe')
    await settle()
    expect(await take('p')).toMatchObject({ kind: 'limited', by: 'local' })
    clock.advance(60_000)
    expect(await take('p')).toMatchObject({ kind: 'allowed', by: 'store' })
  })

  it('is not asked by everybody, and found again by one request that does not wait', async () => {
    const { take, set, asked, clock, limiter } = setup(POLICIES)
    set('hangs')
    await Promise.all([take('local', 'a'), take('local', 'b')])
    const before = asked.length
    for (let i = 0; i < 20; i++) await take('local', `c${i}`)
    expect(asked.length).toBe(before)
    clock.advance(1_000)
    const since = performance.now()
    expect(await take('local', 'probe')).toMatchObject({ kind: 'allowed', by: 'local' })
    expect(performance.now() - since).toBeLessThan(20)
    expect(asked.length).toBe(before + 1)
    expect(limiter.stats().store).toBe('away')
    set('none')
    await settle()
    expect(limiter.stats().store).toBe('up')
    expect(await take('local', 'after')).toMatchObject({ by: 'store' })
  })

  it('tells of the outage once, with what each policy does, and of its end with how many were answered how', async () => {
    const { take, set, reports, clock } = setup(POLICIES)
    const began = clock()
    set('fails')
    for (let i = 0; i < 4; i++) await take('local', `k${i}`)
    await take('closed')
    await take('open')
    clock.advance(7_000)
    set('none')
    await take('local', 'probe')
    await settle()
    expect(reports).toEqual([
      {
        kind: 'limit_store_away',
        at: began,
        reason: 'ECONNREFUSED 10.0.0.5',
        policies: { closed: ['closed'], local: ['local'], open: ['open'] },
      },
      // the two before the store was taken to be away were answered as well, but are not of the outage
      { kind: 'limit_store_back', at: began + 7_000, lastedMs: 7_000, answered: { closed: 1, local: 4, open: 1 } },
    ])
  })

  it('survives a listener that throws', async () => {
    const { take, set } = setup(POLICIES, {
      onOutage: () => {
        throw new Error('listener')
      },
    })
    set('fails')
    for (let i = 0; i < 3; i++) expect((await take('closed')).kind).toBe('degraded')
  })

  it('says so when something could not be given back', async () => {
    const { take, set, limiter } = setup(POLICIES)
    const outcome = await take('local')
    if (outcome.kind !== 'allowed') throw new Error(outcome.kind)
    set('fails')
    expect(await limiter.refund(outcome.receipt)).toEqual({ kind: 'degraded', reason: 'ECONNREFUSED 10.0.0.5' })
    expect(await limiter.forget('local', ['k'])).toMatchObject({ kind: 'degraded' })
    expect(await limiter.forget('local', ['k'])).toEqual({ kind: 'degraded', reason: 'the store of limits is away' })
    // here at least it holds
    expect(await take('local')).toMatchObject({ kind: 'allowed', by: 'local', verdicts: [{ remaining: 1 }] })
  })

  it('gives back a slot that was granted after nobody waited for it any more', async () => {
    const { take, set, limits, asked } = setup({ slots: { kind: 'concurrency', limit: 1, leaseMs: HOUR, onOutage: 'closed' } })
    set('hangs')
    expect((await take('slots')).kind).toBe('degraded')
    set('none')
    await settle()
    const { answers } = await limits.take(asked[0]?.takes ?? [], 'another')
    expect(answers[0]?.limited).toBe(false)
  })

  it('keeps what it held before: slots of this process count while nobody else can say', async () => {
    const { take, set } = setup({ slots: { kind: 'concurrency', limit: 2, leaseMs: HOUR } })
    await take('slots')
    set('fails')
    expect(await take('slots')).toMatchObject({ kind: 'allowed', by: 'local' })
    expect(await take('slots')).toMatchObject({ kind: 'limited', by: 'local' })
  })
})

describe('options', () => {
  const build = (options: object) => () =>
    createSharedLimiter({ policies: { p: { limit: 1, windowMs: 1 } }, store: memoryStore().limits, ...options })

  it('needs no keyring for a store of this process, and one for a store that others read', async () => {
    expect(await build({})().take([{ policy: 'p', key: ['k'] }])).toMatchObject({ kind: 'allowed', by: 'store' })
    expect(build({ store: { ...memoryStore().limits, shared: true } })).toThrow('sharedLimiter.keyring')
  })

  it.each([
    [{ policies: {} }, 'limiter.policies'],
    [{ store: undefined }, 'sharedLimiter.store'],
    [{ timeoutMs: 1 }, 'sharedLimiter.timeoutMs is 1'],
    [{ failures: 0 }, 'sharedLimiter.failures is 0'],
    [{ retryMs: 1 }, 'sharedLimiter.retryMs is 1'],
    [{ denyCacheMs: -1 }, 'sharedLimiter.denyCacheMs is -1'],
    [{ maxKeys: 0 }, 'sharedLimiter.maxKeys is 0'],
    [{ timeout: 5 }, 'sharedLimiter has no option "timeout"'],
    [{ policies: { p: { limit: 1, windowMs: 1, login: true, onOutage: 'open' } } }, 'policies.p.onOutage'],
  ])('refuses %j when built, by name', (options, message) => {
    expect(build(options)).toThrow(message)
  })

  it('refuses a policy that it does not have, and a key named twice', async () => {
    const limiter = build({})()
    await expect(limiter.take([{ policy: 'q', key: ['k'] }])).rejects.toThrow('there is p')
    await expect(limiter.take([{ policy: 'p', key: ['k'] }, { policy: 'p', key: ['k'] }])).rejects.toThrow('twice') // prettier-ignore
  })
})
