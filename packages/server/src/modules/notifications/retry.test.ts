import { DAY, HOUR, MINUTE, SECOND } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { MOST_ATTEMPTS, nextTry } from './retry.js'

const trouble = { ok: false, retry: true, detail: 'the answer was 503', afterMs: null } as const
const delivery = (attempts: number, change: object = {}) => ({ attempts, createdAt: 0, level: 'high' as const, ...change })

describe('after a try that failed', () => {
  it('what can never succeed is given up at once, with its reason', () => {
    expect(nextTry({ ...trouble, retry: false, detail: 'it is gone' }, delivery(1), 0, 0)).toEqual({
      kind: 'give_up',
      detail: 'it is gone',
    })
  })

  it('the next try comes later and later, sooner when it is critical', () => {
    const waits = Array.from({ length: 12 }, (_, n) => nextTry(trouble, delivery(n + 1), 0, 0)).map((next) =>
      next.kind === 'retry' ? next.at : -1,
    )
    expect(waits.slice(0, 4)).toEqual([15 * SECOND, 30 * SECOND, MINUTE, 2 * MINUTE])
    expect(waits.at(-1)).toBe(HOUR)
    expect(nextTry(trouble, delivery(1, { level: 'critical' }), 0, 0)).toEqual({ kind: 'retry', at: 5 * SECOND })
  })

  it('the other side says when, and nobody comes before that', () => {
    expect(nextTry({ ...trouble, afterMs: 10 * MINUTE }, delivery(1), 1_000, 1)).toEqual({ kind: 'retry', at: 1_000 + 10 * MINUTE })
  })

  it('there is an end: after so many tries or two days, and says what the last trouble was', () => {
    for (const given of [delivery(MOST_ATTEMPTS), delivery(3, { createdAt: -2 * DAY })])
      expect(nextTry(trouble, given, 0, 0.5)).toMatchObject({
        kind: 'give_up',
        detail: expect.stringMatching(/^given up after \d+ tries; .*503$/),
      })
  })

  it('waits are never in the past, never twice as long as they should be, and differ by chance', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: MOST_ATTEMPTS - 1 }), fc.double({ min: 0, max: 1, noNaN: true }), (attempts, chance) => {
        const next = nextTry(trouble, delivery(attempts), 0, chance)
        const full = nextTry(trouble, delivery(attempts), 0, 0)
        if (next.kind !== 'retry' || full.kind !== 'retry') throw new Error('given up too early')
        expect(next.at).toBeGreaterThan(0)
        expect(next.at).toBeLessThanOrEqual(full.at)
        expect(next.at).toBeGreaterThanOrEqual(full.at / 2)
      }),
      { seed: 1, numRuns: 300 },
    )
  })
})
