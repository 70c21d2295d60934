import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { adopt, giveBack, judge, judgeLease, type Leases, type LimitState, validFor } from './rules.js'
import type { LimitRule } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })

type Counted = Exclude<LimitRule, { kind: 'concurrency' }>
const START = 1_800_000_000_000

/** A rule under test with its state, at times that the test chooses. */
const open = (rule: Counted) => {
  let state: LimitState | undefined
  return {
    take: (ms: number, cost = 1) => {
      const { answer, next } = judge(rule, state, START + ms, cost)
      state = next ?? state
      return answer
    },
    give: (ms: number, cost = 1): void => {
      state = giveBack(rule, state, START + ms, cost)
    },
    state: () => state,
  }
}

const counted = fc
  .record({
    kind: fc.constantFrom('gcra', 'sliding_window', 'fixed_window'),
    limit: fc.integer({ min: 1, max: 40 }),
    windowMs: fc.integer({ min: 1, max: 100_000 }),
    rate: fc.integer({ min: 1, max: 40 }),
  })
  .map(({ kind, limit, windowMs, rate }): Counted =>
    kind === 'gcra' ? { kind, limit, windowMs, rate } : { kind: kind as 'fixed_window', limit, windowMs },
  )
const steps = fc.array(fc.record({ gap: fc.integer({ min: 0, max: 60_000 }), cost: fc.integer({ min: 0, max: 5 }) }), { maxLength: 60 })

describe('every rule', () => {
  it('allows its limit at once and then no more [ASVS 2.4.1]', () => {
    for (const kind of ['sliding_window', 'fixed_window'] as const) {
      const { take } = open({ kind, limit: 3, windowMs: 1_000 })
      expect([take(100), take(100), take(100)].map(({ remaining }) => remaining)).toEqual([2, 1, 0])
      expect(take(100).limited).toBe(true)
    }
  })

  it('tells a wait after which a cost that fits passes, and not a millisecond less', () => {
    fc.assert(
      fc.property(counted, steps, fc.integer({ min: 1, max: 5 }), (rule, sequence, cost) => {
        fc.pre(cost <= rule.limit)
        const { take } = open(rule)
        let now = 0
        for (const step of sequence) take((now += step.gap), step.cost)
        let verdict = take(now, cost)
        for (let i = 0; i < 50 && !verdict.limited; i++) verdict = take(now, cost)
        expect(verdict.limited).toBe(true)
        expect(Number.isInteger(verdict.retryAfterMs)).toBe(true)
        expect(verdict.retryAfterMs).toBeGreaterThan(0)
        expect(take(now + verdict.retryAfterMs - 1, cost).limited).toBe(true)
        expect(take(now + verdict.retryAfterMs, cost).limited).toBe(false)
      }),
      { numRuns: 400 },
    )
  })

  it('says what is left: exactly that passes at once', () => {
    fc.assert(
      fc.property(counted, steps, (rule, sequence) => {
        const { take } = open(rule)
        let now = 0
        for (const { gap, cost } of sequence) take((now += gap), cost)
        const { remaining, limited } = take(now, 0)
        expect(limited).toBe(false)
        expect(remaining).toBeGreaterThanOrEqual(0)
        // a cost of nothing is only a look
        expect(take(now, remaining).limited).toBe(false)
        expect(take(now, 1).limited).toBe(true)
      }),
      { numRuns: 400 },
    )
  })

  it('has forgotten everything when it says so', () => {
    fc.assert(
      fc.property(counted, steps, (rule, sequence) => {
        const { take } = open(rule)
        let now = 0
        for (const { gap, cost } of sequence) take((now += gap), cost)
        const { resetMs } = take(now, 0)
        expect(take(now + resetMs, 0)).toEqual({ limited: false, remaining: rule.limit, resetMs: 0, retryAfterMs: 0 })
      }),
      { numRuns: 300 },
    )
  })

  it('takes nothing for a look and nothing for a refusal', () => {
    fc.assert(
      fc.property(counted, steps, (rule, sequence) => {
        const [looked, plain] = [open(rule), open(rule)]
        let now = 0
        for (const { gap, cost } of sequence) {
          now += gap
          for (let i = 0; i < 3; i++) looked.take(now, 0)
          const verdict = looked.take(now, cost)
          expect(verdict).toEqual(plain.take(now, cost))
          if (verdict.limited) for (let i = 0; i < 3; i++) looked.take(now, cost)
        }
      }),
      { numRuns: 200 },
    )
  })

  it('holds nobody for longer than a window after a clock was set back by days', () => {
    for (const rule of [
      { kind: 'gcra', limit: 2, windowMs: 1_000, rate: 2 },
      { kind: 'sliding_window', limit: 2, windowMs: 1_000 },
      { kind: 'fixed_window', limit: 2, windowMs: 1_000 },
    ] as const) {
      const { take } = open(rule)
      take(10 * 86_400_000)
      take(10 * 86_400_000)
      expect(take(0).limited).toBe(true)
      // the clock goes on from there, and whoever waits is let in
      expect(take(2_001).limited).toBe(false)
    }
  })

  it('gives back what was just taken, to the last millisecond', () => {
    fc.assert(
      fc.property(counted, steps, fc.integer({ min: 1, max: 5 }), (rule, sequence, cost) => {
        const { take, give } = open(rule)
        let now = 0
        for (const step of sequence) take((now += step.gap), step.cost)
        const before = take(now, 0)
        const taken = take(now, cost)
        if (taken.limited) return
        expect(validFor(rule, taken)).toBeGreaterThan(0)
        give(now, cost)
        // of a window whose count went back to nothing, the end may still be told
        expect({ ...take(now, 0), resetMs: 0 }).toEqual({ ...before, resetMs: 0 })
      }),
      { numRuns: 300 },
    )
  })

  it('never has more than its limit after costs were given back, however often', () => {
    fc.assert(
      fc.property(counted, steps, (rule, sequence) => {
        const { take, give } = open(rule)
        let now = 0
        for (const { gap, cost } of sequence) {
          take((now += gap), cost)
          give(now, cost + 3)
          expect(take(now, 0).remaining).toBeLessThanOrEqual(rule.limit)
          expect(take(now, rule.limit + 1).limited).toBe(true)
        }
      }),
      { numRuns: 200 },
    )
  })
})

describe('the sliding window', () => {
  it('trap: 2x burst at window edges: what was used up at the end of one window is not there again at the start of the next', () => {
    const { take } = open({ kind: 'sliding_window', limit: 100, windowMs: 60_000 })
    // START is a multiple of the window
    expect(START % 60_000).toBe(0)
    let passed = 0
    for (let i = 0; i < 150; i++) if (!take(59_000).limited) passed++
    for (let i = 0; i < 150; i++) if (!take(61_000).limited) passed++
    expect(passed).toBe(101)
  })

  it('agrees with a plain count of two windows', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 5_000 }), steps, (limit, windowMs, sequence) => {
        const { take } = open({ kind: 'sliding_window', limit, windowMs })
        const passed: { at: number; cost: number }[] = []
        let now = 0
        for (const { gap, cost } of sequence) {
          now += gap % (2 * windowMs)
          const at = START + now
          const index = Math.floor(at / windowMs)
          const of = (wanted: number): number =>
            passed.filter((one) => Math.floor(one.at / windowMs) === wanted).reduce((sum, one) => sum + one.cost, 0)
          const weight = windowMs - (at % windowMs)
          const fits = (of(index) + cost) * windowMs + of(index - 1) * weight <= limit * windowMs
          expect(!take(now, cost).limited).toBe(fits)
          if (fits) passed.push({ at, cost })
        }
      }),
      { numRuns: 300 },
    )
  })
})

describe('the fixed window', () => {
  it('starts with the first request, whenever that is, and forgets all at its end', () => {
    const { take } = open({ kind: 'fixed_window', limit: 2, windowMs: 1_000 })
    take(700)
    take(900)
    expect(take(1_699)).toMatchObject({ limited: true, retryAfterMs: 1 })
    expect(take(1_700)).toEqual({ limited: false, remaining: 1, resetMs: 1_000, retryAfterMs: 0 })
  })
})

describe('leases', () => {
  const rule: LimitRule = { kind: 'concurrency', limit: 2, windowMs: 1_000 }

  it('never hold more slots than there are, and free those of the dead when their time is over', () => {
    const action = fc.record({ gap: fc.integer({ min: 0, max: 400 }), lease: fc.integer({ min: 0, max: 6 }) })
    fc.assert(
      fc.property(fc.array(action, { maxLength: 80 }), fc.integer({ min: 1, max: 4 }), (actions, limit) => {
        let leases: Leases | undefined
        const model = new Map<string, number>()
        let now = START
        for (const { gap, lease } of actions) {
          now += gap
          for (const [id, ends] of model) if (ends <= now) model.delete(id)
          const id = String(lease)
          const { answer, next } = judgeLease({ ...rule, limit }, leases, now, 1, id)
          expect(answer.limited).toBe(!model.has(id) && model.size >= limit)
          if (next !== undefined) {
            leases = next
            model.set(id, now + 1_000)
          }
          expect(leases?.size ?? 0).toBeLessThanOrEqual(limit)
        }
      }),
    )
  })

  it('send nobody away for the whole of a long lease: a slot may be free at any moment', () => {
    const long: LimitRule = { kind: 'concurrency', limit: 1, windowMs: 3_600_000 }
    const held = judgeLease(long, undefined, START, 1, 'a').next
    expect(judgeLease(long, held, START, 1, 'b').answer).toMatchObject({ limited: true, retryAfterMs: 1_000 })
    expect(judgeLease(long, held, START + 3_599_950, 1, 'b').answer).toMatchObject({ limited: true, retryAfterMs: 50 })
  })
})

describe('following what a shared store counts', () => {
  it('is never less strict than what either side knows, and no stricter than both', () => {
    fc.assert(
      fc.property(counted, steps, steps, (rule, ours, theirs) => {
        const here = open(rule)
        const there = open(rule)
        let now = 0
        for (const [i, step] of ours.entries()) {
          now += step.gap
          here.take(now, step.cost)
          const other = theirs[i]
          if (other !== undefined) there.take(now, other.cost)
        }
        const [mine, answer] = [here.take(now, 0), there.take(now, 0)]
        const adopted = judge(rule, adopt(rule, here.state(), START + now, answer), START + now, 0).answer
        expect(adopted.remaining).toBeLessThanOrEqual(Math.min(mine.remaining, answer.remaining))
        // times of gcra are told in whole ms, rounded up
        const rounding = rule.kind === 'gcra' ? Math.ceil(rule.rate / rule.windowMs) : 0
        expect(adopted.remaining).toBeGreaterThanOrEqual(Math.min(mine.remaining, answer.remaining) - rounding)
      }),
      { numRuns: 400 },
    )
  })
})
