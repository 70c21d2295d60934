import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { type Book, createBook, takeAll } from './book.js'
import { adopt, giveBack, judge, judgeLease, type Leases, type LimitState } from './rules.js'
import type { LimitAnswer, LimitRule } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })

type Counted = Exclude<LimitRule, { kind: 'concurrency' }>
const START = 1_800_000_000_000
const KEYS = ['a', 'b', '__proto__'] as const

const counted = fc
  .record({
    kind: fc.constantFrom('gcra', 'sliding_window', 'fixed_window'),
    limit: fc.integer({ min: 1, max: 30 }),
    windowMs: fc.integer({ min: 1, max: 20_000 }),
    rate: fc.integer({ min: 1, max: 30 }),
  })
  .map(({ kind, limit, windowMs, rate }): Counted =>
    kind === 'gcra' ? { kind, limit, windowMs, rate } : { kind: kind as 'fixed_window', limit, windowMs },
  )
/** What may happen to a book: time passes or is set back, somebody takes, looks, gives back, is forgotten. */
const step = fc.record({
  gap: fc.oneof(
    { weight: 9, arbitrary: fc.integer({ min: 0, max: 8_000 }) },
    { weight: 1, arbitrary: fc.integer({ min: -90_000, max: -1 }) },
  ),
  key: fc.constantFrom(...KEYS),
  cost: fc.integer({ min: 0, max: 4 }),
  what: fc.constantFrom('take', 'take', 'take', 'look', 'give', 'forget'),
})

describe('the book of a rule', () => {
  it('agrees with the pure rules on every key, whatever is taken, looked at, given back or forgotten, and however clocks jump', () => {
    fc.assert(
      fc.property(counted, fc.array(step, { maxLength: 80 }), (rule, steps) => {
        const book = createBook(rule, 100)
        const model = new Map<string, LimitState>()
        const keep = (key: string, state: LimitState | undefined): void =>
          void (state === undefined ? model.delete(key) : model.set(key, state))
        let now = START
        const said: LimitAnswer[] = []
        const expected: LimitAnswer[] = []
        for (const { gap, key, cost, what } of steps) {
          now += gap
          const state = model.get(key)
          if (what === 'forget') {
            book.forget(key)
            model.delete(key)
          } else if (what === 'give') {
            book.give(key, now, cost, '')
            keep(key, giveBack(rule, state, now, cost))
          } else {
            const looked = judge(rule, state, now, 0).next ?? state
            const { answer, next } = judge(rule, looked, now, cost)
            said.push(book[what](key, now, cost, ''))
            expected.push(answer)
            keep(key, what === 'take' ? (next ?? looked) : looked)
          }
        }
        expect(said).toEqual(expected)
        for (const key of KEYS) expect(book.look(key, now, 1, '')).toEqual(judge(rule, model.get(key), now, 1).answer)
      }),
      { numRuns: 500 },
    )
  })

  it('agrees with the pure rule for leases', () => {
    const rule: LimitRule = { kind: 'concurrency', limit: 3, windowMs: 1_000 }
    const action = fc.record({
      gap: fc.integer({ min: 0, max: 500 }),
      key: fc.constantFrom(...KEYS),
      lease: fc.constantFrom('1', '2', '3', '4', '5'),
      what: fc.constantFrom('take', 'take', 'look', 'give'),
    })
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80 }), (actions) => {
        const book = createBook(rule, 100)
        const model = new Map<string, Leases>()
        let now = START
        for (const { gap, key, lease, what } of actions) {
          now += gap
          const held = model.get(key)
          if (what === 'give') {
            book.give(key, now, 1, lease)
            model.set(key, new Map([...(held ?? [])].filter(([id]) => id !== lease)))
            continue
          }
          const { answer, next } = judgeLease(rule, held, now, 1, lease)
          expect(book[what](key, now, 1, lease)).toEqual(answer)
          if (what === 'take' && next !== undefined) model.set(key, next)
        }
      }),
    )
  })

  it('takes over what a shared store says, as the pure rules do, and never becomes less strict by it', () => {
    fc.assert(
      fc.property(counted, fc.array(step, { maxLength: 30 }), fc.array(step, { maxLength: 30 }), (rule, ours, theirs) => {
        const [here, there] = [createBook(rule, 10), createBook(rule, 10)]
        let now = START
        let state: LimitState | undefined
        for (const [i, { gap, cost }] of ours.entries()) {
          now += Math.abs(gap)
          here.take('k', now, cost, '')
          state = judge(rule, state, now, cost).next ?? state
          there.take('k', now, theirs[i]?.cost ?? 0, '')
        }
        const answer = there.look('k', now, 0, '')
        const before = here.look('k', now, 0, '').remaining
        here.adopt('k', now, answer)
        const after = here.look('k', now, 0, '')
        expect(after.remaining).toBeLessThanOrEqual(Math.min(before, answer.remaining))
        expect(after).toEqual(judge(rule, adopt(rule, state, now, answer), now, 0).answer)
      }),
      { numRuns: 300 },
    )
  })

  it('knows of a key only what the store said of it, when it never saw the key itself', () => {
    for (const kind of ['gcra', 'sliding_window', 'fixed_window'] as const) {
      const rule: LimitRule = kind === 'gcra' ? { kind, limit: 5, windowMs: 60_000, rate: 5 } : { kind, limit: 5, windowMs: 60_000 }
      const [book, store] = [createBook(rule, 10), createBook(rule, 10)]
      let answer: LimitAnswer = store.look('k', START, 0, '')
      for (let i = 0; i < 5; i++) answer = store.take('k', START, 1, '')
      book.adopt('k', START, answer)
      expect(book.look('k', START, 1, '')).toMatchObject({ limited: true })
      expect(book.look('other', START, 5, '')).toMatchObject({ limited: false })
    }
  })

  it('stays within its bound whatever comes, and says what it had to do', () => {
    fc.assert(
      fc.property(
        counted,
        fc.integer({ min: 1, max: 8 }),
        fc.array(fc.tuple(fc.integer({ min: 0, max: 40 }), fc.integer({ min: 0, max: 3_000 }))),
        (rule, bound, visits) => {
          const book = createBook(rule, bound)
          let now = START
          for (const [key, gap] of visits) {
            now += gap
            const answer = book.take(`k${key}`, now, 1, '')
            expect(answer.remaining).toBeLessThan(rule.limit)
            expect(book.stats().keys).toBeLessThanOrEqual(bound)
          }
          const { evicted, overflow } = book.stats()
          expect(evicted + overflow).toBeLessThanOrEqual(visits.length)
        },
      ),
    )
  })
})

describe('several books in one step', () => {
  const rules: readonly LimitRule[] = [
    { kind: 'gcra', limit: 3, windowMs: 60_000, rate: 3 },
    { kind: 'fixed_window', limit: 5, windowMs: 60_000 },
    { kind: 'concurrency', limit: 2, windowMs: 60_000 },
  ]
  const all = (books: readonly Book[], cost = 1) =>
    books.map((book) => ({ book, key: 'k', cost: book.rule.kind === 'concurrency' ? Math.min(cost, 1) : cost }))

  it('count in all or in none, for any costs', () => {
    fc.assert(
      fc.property(
        fc.array(fc.record({ cost: fc.integer({ min: 0, max: 4 }), gap: fc.integer({ min: 0, max: 40_000 }) }), { maxLength: 40 }),
        (steps) => {
          const books = rules.map((rule) => createBook(rule, 10))
          let now = START
          for (const [i, { cost, gap }] of steps.entries()) {
            now += gap
            const before = all(books, 0).map(({ book }) => book.look('k', now, 0, `l${i}`))
            const answers = takeAll(all(books, cost), now, `l${i}`)
            const after = all(books, 0).map(({ book }) => book.look('k', now, 0, `l${i}`))
            const isRefused = answers.some(({ limited }) => limited)
            expect(after.map(({ remaining }) => remaining)).toEqual(
              before.map(({ remaining }, at) => (isRefused ? remaining : remaining - (at === 2 ? Math.min(cost, 1) : cost))),
            )
            // who did not refuse says what he holds, not what he would have held
            expect(answers.every((answer, at) => answer.limited || answer.remaining === after[at]?.remaining)).toBe(true)
          }
        },
      ),
      { numRuns: 200 },
    )
  })
})
