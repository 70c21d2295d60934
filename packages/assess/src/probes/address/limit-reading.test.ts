import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ProbeAnswer } from '../../client/types.js'
import { isReset, leftOf, readingOf, readingText, type Reading } from './limit-reading.js'

const answer = (status: number, headers: Record<string, string> = {}): ProbeAnswer => ({
  kind: 'answer',
  status,
  headers: new Map(Object.entries(headers)),
  setCookies: [],
  body: Buffer.alloc(0),
  text: '',
  cut: false,
  waitMs: 1,
})

describe('what an answer tells of a limit', () => {
  const table: readonly (readonly [string, Record<string, string>, number | undefined])[] = [
    ['RateLimit of the latest draft', { ratelimit: '"anonymous";r=119;t=20' }, 119],
    ['several policies: the tightest', { ratelimit: '"day";r=900;t=5000, "minute";r=3;t=20' }, 3],
    ['RateLimit of older drafts', { ratelimit: 'limit=100, remaining=42, reset=50' }, 42],
    ['RateLimit-Remaining', { 'ratelimit-remaining': '17' }, 17],
    ['X-RateLimit-Remaining', { 'x-ratelimit-remaining': ' 5 ' }, 5],
    ['X-Rate-Limit-Remaining', { 'x-rate-limit-remaining': '0' }, 0],
    ['two lines of it', { 'x-ratelimit-remaining': '9, 4' }, 4],
    ['nothing', {}, undefined],
    ['no number', { ratelimit: '"a";r=many', 'ratelimit-remaining': '-3' }, undefined],
    ['a number too long for one', { 'ratelimit-remaining': '9'.repeat(40) }, undefined],
    ['another parameter', { ratelimit: '"r";q=100;w=60' }, undefined],
  ]
  it.each(table)('%s', (_what, headers, expected) => {
    expect(leftOf(new Map(Object.entries(headers)))).toBe(expected)
  })

  it('knows a refusal: 429, and 503 with a time to come back', () => {
    expect(readingOf(answer(429))).toEqual({ status: 429, limited: true })
    expect(readingOf(answer(503, { 'retry-after': '5' })).limited).toBe(true)
    expect(readingOf(answer(503)).limited).toBe(false)
    expect(readingOf(answer(200, { 'ratelimit-remaining': '3' }))).toEqual({ status: 200, limited: false, left: 3 })
    expect(readingText(readingOf(answer(200, { 'ratelimit-remaining': '3' })))).toBe('status 200, 3 left')
  })

  it('keeps why nothing came', () => {
    const none = readingOf({ kind: 'none', why: 'timeout', detail: '10 s', waitMs: 10_000 })
    expect(none).toMatchObject({ status: 0, limited: false, why: 'timeout: 10 s' })
    expect(readingText(none)).toBe('no answer (timeout: 10 s)')
  })

  it('throws on no header, however long', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400 }), (text) => {
        const left = leftOf(new Map([['ratelimit', text], ['x-ratelimit-remaining', text]])) // prettier-ignore
        expect(left === undefined || (Number.isSafeInteger(left) && left >= 0)).toBe(true)
      }),
      { seed: 5, numRuns: 300 },
    )
    expect(leftOf(new Map([['ratelimit', ';r=1,'.repeat(1_000_000)]]))).toBe(1)
  })
})

describe('a budget around a forged request', () => {
  const left = (count: number): Reading => ({ status: 200, limited: false, left: count })
  const [refused, silent, mute]: readonly Reading[] = [
    { status: 429, limited: true },
    { status: 0, limited: false },
    { status: 200, limited: false },
  ]
  const first = left(119)
  const table: readonly (readonly [string, readonly [Reading, Reading, Reading], string])[] = [
    ['held when it goes on going down', [left(100), left(99), left(98)], 'held'],
    ['held when a little was refilled meanwhile', [left(100), left(102), left(101)], 'held'],
    ['held when only the forged one is refused', [left(100), refused!, left(98)], 'held'],
    ['held when all are refused', [refused!, refused!, refused!], 'held'],
    ['reset when it is as good as new', [left(100), left(119), left(99)], 'reset'],
    ['reset when it alone is let through', [refused!, left(119), refused!], 'reset'],
    ['reset when it alone is let through, and tells nothing', [refused!, mute!, refused!], 'reset'],
    ['unclear when the plain ones are as good as new as well', [left(100), left(119), left(118)], 'unclear'],
    ['unclear when nothing was used before', [left(118), left(119), left(117)], 'unclear'],
    ['unclear when it lies in between', [left(50), left(80), left(48)], 'unclear'],
    ['unclear when it tells of no budget', [left(100), mute!, left(98)], 'unclear'],
    ['unclear when the limit was over half way', [refused!, left(119), left(118)], 'unclear'],
    ['unclear without an answer', [left(100), silent!, left(98)], 'unclear'],
  ]
  it.each(table)('%s', (_what, [before, middle, after], expected) => {
    expect(isReset(first, before, middle, after)).toBe(expected)
  })

  it('is never reset where the forged request had no more than the plain one before it', () => {
    fc.assert(
      fc.property(fc.nat(200), fc.nat(200), fc.nat(200), fc.nat(200), (start, before, less, after) => {
        const middle = Math.max(0, before - less)
        fc.pre(middle < start - 1)
        expect(isReset(left(start), left(before), left(middle), left(after))).not.toBe('reset')
      }),
      { seed: 5, numRuns: 500 },
    )
  })
})
