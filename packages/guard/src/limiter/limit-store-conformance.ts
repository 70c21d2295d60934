import { deepEqual, equal, ok } from 'node:assert/strict'
import { giveBack, judge, judgeLease, type Leases, type LimitState } from './rules.js'
import type { LimitAnswer, LimitRule, LimitStore, StoreTake } from './types.js'

/** Stores of limits on one set of counts: several connections or processes, and one whose process has a wrong clock. */
export type LimitStoreUnderTest = {
  readonly stores: readonly LimitStore[]
  readonly skewed: LimitStore
  /** lets time pass in the store; real time where it has a clock of its own */
  readonly advance: (ms: number) => Promise<void>
}

/** One thing that every store of limits must do; `run` rejects with an assertion when it does not. */
export type LimitStoreCheck = { readonly name: string; readonly run: (subject: LimitStoreUnderTest) => Promise<void> }

/** Each key is used by one check only, so that a store that cannot be emptied may run them all. */
let serial = 0
const fresh = (name: string): string => `${name}:${Date.now().toString(36)}:${++serial}`
const LONG = 600_000

const RULES: readonly LimitRule[] = [
  { kind: 'gcra', limit: 5, windowMs: LONG, rate: 5 },
  { kind: 'sliding_window', limit: 5, windowMs: LONG },
  { kind: 'fixed_window', limit: 5, windowMs: LONG },
  { kind: 'concurrency', limit: 5, windowMs: LONG },
]

/** Small repeatable randomness (xorshift), so that a failure comes again. */
const createRandom = (seed: number): ((below: number) => number) => {
  let state = seed
  return (below) => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return (state >>> 0) % below
  }
}

const first = (subject: LimitStoreUnderTest): LimitStore => {
  const [store] = subject.stores
  ok(store)
  return store
}
const one = async (store: LimitStore, take: StoreTake, lease = 'lease'): Promise<LimitAnswer> => {
  const { answers } = await store.take([take], lease)
  equal(answers.length, 1)
  return answers[0] as LimitAnswer
}

/** What the pure rules say about the same takes at the store's own times. */
const createModel = () => {
  const states = new Map<string, LimitState>()
  const leases = new Map<string, Leases>()
  return {
    forget: (key: string): void => {
      states.delete(key)
      leases.delete(key)
    },
    give: ({ key, rule, cost }: StoreTake, lease: string, at: number): void => {
      if (rule.kind === 'concurrency') {
        leases.set(key, new Map([...(leases.get(key) ?? [])].filter(([id]) => id !== lease)))
        return
      }
      const state = giveBack(rule, states.get(key), at, cost)
      if (state === undefined) states.delete(key)
      else states.set(key, state)
    },
    take: (takes: readonly StoreTake[], lease: string, at: number): readonly LimitAnswer[] => {
      const all = (looking: boolean) =>
        takes.map(({ key, rule, cost }) =>
          rule.kind === 'concurrency'
            ? { key, slots: judgeLease(rule, leases.get(key), at, looking ? 0 : cost, lease) }
            : { key, counts: judge(rule, states.get(key), at, looking ? 0 : cost) },
        )
      const wanted = all(false)
      const answersOf = (judged: ReturnType<typeof all>): readonly LimitAnswer[] =>
        judged.map(({ slots, counts }) => (slots ?? counts).answer)
      if (answersOf(wanted).some(({ limited }) => limited)) {
        const looked = answersOf(all(true))
        return answersOf(wanted).map((answer, i) => (answer.limited ? answer : (looked[i] as LimitAnswer)))
      }
      for (const { key, slots, counts } of wanted) {
        if (slots?.next !== undefined) leases.set(key, slots.next)
        if (counts?.next !== undefined) states.set(key, counts.next)
      }
      return answersOf(wanted)
    },
  }
}

/** Random takes of random rules, with waits between them, beside the pure rules. */
const agreesWithTheRules = async (subject: LimitStoreUnderTest, seed: number, steps: number): Promise<void> => {
  const random = createRandom(seed)
  const model = createModel()
  const subjects = Array.from({ length: 10 }, (_, i): { key: string; rule: LimitRule } => {
    const limit = 1 + random(7)
    const windowMs = 20 + random(300)
    const key = fresh(`model${i}`)
    if (i % 4 === 0) return { key, rule: { kind: 'gcra', limit, windowMs, rate: 1 + random(limit + 3) } }
    return {
      key,
      rule: { kind: (['sliding_window', 'fixed_window', 'concurrency'] as const)[(i % 4) - 1] ?? 'fixed_window', limit, windowMs },
    }
  })
  const takesOf = (): StoreTake[] => {
    const from = random(subjects.length)
    return subjects
      .slice(from, from + 1 + random(3))
      .map(({ key, rule }) => ({ key, rule, cost: random(rule.kind === 'concurrency' ? 2 : 4) }))
  }
  for (let step = 0; step < steps; step++) {
    const store = subject.stores[random(subject.stores.length)] as LimitStore
    const takes = takesOf()
    const lease = `lease${random(9)}`
    const { at, answers } = await store.take(takes, lease)
    const expected = model.take(takes, lease, at)
    deepEqual(answers, expected, `step ${step}: ${JSON.stringify(takes)} at ${at}`)
    if (random(5) === 0 && expected.every(({ limited }) => !limited)) {
      await store.give(takes, lease)
      const after = (await store.take([{ ...(takes[0] as StoreTake), cost: 0 }], lease)).at
      for (const take of takes) {
        // at which side of a window's edge the store gave it back is its secret
        if (Math.floor(after / take.rule.windowMs) !== Math.floor(at / take.rule.windowMs) || after - at > 5) {
          await store.forget([take])
          model.forget(take.key)
        } else model.give(take, lease, after)
      }
    }
    if (random(3) === 0) await subject.advance(1 + random(40))
  }
}

/** What a `LimitStore` promises, as checks that any store can be run through, in any test runner. */
export const limitStoreConformance: readonly LimitStoreCheck[] = [
  {
    name: 'comes to the verdicts of the pure rules at its own time, whatever the policies, costs and pauses',
    run: async (subject) => {
      for (const seed of [20_261_122, 7, 4_711]) await agreesWithTheRules(subject, seed, 150)
    },
  },
  {
    name: 'trap: read-then-increment races: exactly as many of many parallel takers pass as are allowed, over several connections',
    run: async ({ stores }) => {
      for (const rule of RULES) {
        const key = fresh('race')
        const answers = await Promise.all(
          Array.from({ length: 60 }, (_, i) => one(stores[i % stores.length] as LimitStore, { key, rule, cost: 1 }, `lease${i}`)),
        )
        equal(answers.filter(({ limited }) => !limited).length, 5, rule.kind)
      }
    },
  },
  {
    name: 'does not stand still when takers name the same keys in different orders',
    run: async ({ stores }) => {
      const keys = [fresh('order'), fresh('order'), fresh('order')]
      const rule: LimitRule = { kind: 'fixed_window', limit: 1_000, windowMs: LONG }
      await Promise.all(
        Array.from({ length: 40 }, (_, i) => {
          const takes = keys.map((key) => ({ key, rule, cost: 1 }))
          return (stores[i % stores.length] as LimitStore).take(i % 2 === 0 ? takes : takes.toReversed(), 'lease')
        }),
      )
      for (const key of keys) equal((await one(stores[0] as LimitStore, { key, rule, cost: 0 })).remaining, 960)
    },
  },
  {
    name: 'counts a request that one rule refuses by none of the others, and says what they hold',
    run: async (subject) => {
      const store = first(subject)
      for (const rule of RULES) {
        const narrow: StoreTake = { key: fresh('narrow'), rule: { kind: 'fixed_window', limit: 1, windowMs: LONG }, cost: 1 }
        const wide: StoreTake = { key: fresh('wide'), rule, cost: 1 }
        const passed = await store.take([wide, narrow], 'a')
        deepEqual(passed.answers.map(({ limited }) => limited), [false, false]) // prettier-ignore
        for (let i = 0; i < 3; i++) {
          const { answers } = await store.take([wide, narrow], `b${i}`)
          deepEqual(answers.map(({ limited, remaining }) => [limited, remaining]), [[false, 4], [true, 0]]) // prettier-ignore
        }
        equal((await one(store, { ...wide, cost: 0 })).remaining, 4, rule.kind)
      }
    },
  },
  {
    name: 'gives back a cost, and never more than was taken',
    run: async (subject) => {
      const store = first(subject)
      for (const rule of RULES) {
        const take: StoreTake = { key: fresh('back'), rule, cost: 1 }
        await one(store, take, 'a')
        await one(store, take, 'b')
        await store.give([take], 'b')
        equal((await one(store, { ...take, cost: 0 })).remaining, 4, rule.kind)
        for (let i = 0; i < 9; i++) await store.give([take], 'a')
        equal((await one(store, { ...take, cost: 0 })).remaining, 5, rule.kind)
      }
      await store.give([{ key: fresh('never'), rule: RULES[0] as LimitRule, cost: 1 }], 'a')
    },
  },
  {
    name: 'forgets a key and only that key',
    run: async (subject) => {
      const store = first(subject)
      for (const rule of RULES) {
        const [mine, other] = [fresh('mine'), fresh('other')]
        for (const key of [mine, other]) for (let i = 0; i < 5; i++) await one(store, { key, rule, cost: 1 }, `l${i}`)
        await store.forget([{ key: mine, rule }])
        equal((await one(store, { key: mine, rule, cost: 0 })).remaining, 5, rule.kind)
        equal((await one(store, { key: other, rule, cost: 1 }, 'new')).limited, true, rule.kind)
      }
    },
  },
  {
    name: 'frees the slot of a holder that died when its lease ends, and not before; a renewed lease holds one slot',
    run: async (subject) => {
      const store = first(subject)
      const rule: LimitRule = { kind: 'concurrency', limit: 2, windowMs: 250 }
      const key = fresh('slots')
      const ends = new Map<string, number>()
      const ask = async (lease: string): Promise<boolean> => {
        const { at, answers } = await store.take([{ key, rule, cost: 1 }], lease)
        const others = [...ends].filter(([id, end]) => id !== lease && end > at)
        const [answer] = answers
        equal(answer?.limited, others.length >= 2, `${lease} at ${at}: ${JSON.stringify([...ends])}`)
        if (answer?.limited) {
          const soonest = Math.min(...others.map(([, end]) => end)) - at
          equal(answer.retryAfterMs, Math.max(1, Math.min(1_000, soonest)))
          return false
        }
        ends.set(lease, at + 250)
        return true
      }
      ok(await ask('dead'))
      await subject.advance(100)
      await ask('alive')
      await ask('alive')
      for (let tries = 0; !(await ask('third')); tries++) {
        ok(tries < 100)
        await subject.advance(10)
      }
    },
  },
  {
    name: 'tells a wait after which the request passes, and no time earlier',
    run: async (subject) => {
      const store = first(subject)
      for (const kind of ['gcra', 'sliding_window', 'fixed_window'] as const) {
        const key = fresh('wait')
        const rule: LimitRule = kind === 'gcra' ? { kind, limit: 3, windowMs: 210, rate: 3 } : { kind, limit: 3, windowMs: 210 }
        let told = { at: 0, wait: 0 }
        for (let i = 0; told.wait === 0 && i < 50; i++) {
          const { at, answers } = await store.take([{ key, rule, cost: 1 }], 'l')
          told = { at, wait: answers[0]?.retryAfterMs ?? 0 }
        }
        for (;;) {
          const { at, answers } = await store.take([{ key, rule, cost: 1 }], 'l')
          equal(answers[0]?.limited, at < told.at + told.wait, `${kind}: ${at - told.at} of ${told.wait} ms`)
          if (at >= told.at + told.wait) break
          await subject.advance(3)
        }
      }
    },
  },
  {
    name: 'takes its own time: a process whose clock is wrong changes nothing',
    run: async (subject) => {
      for (const rule of RULES) {
        const key = fresh('skew')
        const answers: boolean[] = []
        for (let i = 0; i < 12; i++) {
          const store = i % 2 === 0 ? first(subject) : subject.skewed
          answers.push((await one(store, { key, rule, cost: 1 }, `l${i}`)).limited)
        }
        deepEqual(answers, Array.from({ length: 12 }, (_, i) => i >= 5), rule.kind) // prettier-ignore
      }
      const [right, wrong] = [await first(subject).take([take('at')], 'l'), await subject.skewed.take([take('at')], 'l')]
      ok(Math.abs(right.at - wrong.at) < 60_000, `${right.at} ${wrong.at}`)
    },
  },
  {
    name: 'trap: `__proto__` as key: it is a key like any other, and so are quotes, wildcards and 128 characters',
    run: async (subject) => {
      const store = first(subject)
      const rule: LimitRule = { kind: 'fixed_window', limit: 1, windowMs: LONG }
      const keys = ['__proto__', 'constructor', "a'b", 'a%b', 'a b\n', 'ä{x}'].map((part) => `${fresh('key')}:${part}`)
      keys.push(fresh('long').padEnd(128, 'k'))
      for (const key of keys) equal((await one(store, { key, rule, cost: 1 })).limited, false, key)
      for (const key of keys) equal((await one(store, { key, rule, cost: 1 })).limited, true, key)
    },
  },
]

const take = (name: string): StoreTake => ({ key: fresh(name), rule: RULES[0] as LimitRule, cost: 1 })
