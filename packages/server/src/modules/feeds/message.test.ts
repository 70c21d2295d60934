import { createHash } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { backOffMs, difference, nextMessage } from './message.js'

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
const current = (ranges: readonly string[]) => ({ ranges, revision: 7, generatedAt: Date.UTC(2026, 0, 2) })
const ranges = fc.uniqueArray(fc.constantFrom(...Array.from({ length: 12 }, (_, i) => `203.0.113.${i}`)))

describe('the next message', () => {
  it('is everything for somebody of whom nothing is known, also when that is nothing', () => {
    for (const list of [[], ['203.0.113.1', '2001:db8::/64']])
      expect(nextMessage({ feed: 'edge', delivered: null, sequence: 0 }, current(list), sha256)).toEqual({
        type: 'feed.snapshot',
        feed: 'edge',
        sequence: 1,
        revision: 7,
        generatedAt: '2026-01-02T00:00:00.000Z',
        entries: list.length,
        digest: sha256(list.join('\n')),
        ranges: list,
      })
  })

  it('is none for who holds what he should', () => {
    expect(nextMessage({ feed: 'edge', delivered: ['203.0.113.1'], sequence: 4 }, current(['203.0.113.1']), sha256)).toBeUndefined()
    expect(nextMessage({ feed: 'edge', delivered: [], sequence: 4 }, current([]), sha256)).toBeUndefined()
  })

  it('leads from any list to any other, and its digest says whether it did', () => {
    fc.assert(
      fc.property(ranges, ranges, (before, after) => {
        const message = nextMessage({ feed: 'edge', delivered: before, sequence: 4 }, current(after.toSorted()), sha256)
        const held = new Set(before)
        for (const one of message?.removed ?? []) held.delete(one)
        for (const one of message?.added ?? []) held.add(one)
        expect([...held].toSorted()).toEqual(after.toSorted())
        const same = before.toSorted().join() === after.toSorted().join()
        expect(message?.digest).toBe(same ? undefined : sha256([...held].toSorted().join('\n')))
        expect(message?.entries).toBe(same ? undefined : after.length)
      }),
      { seed: 3 },
    )
  })

  it('never takes away what it adds', () => {
    fc.assert(
      fc.property(ranges, ranges, (before, after) => {
        const { added, removed } = difference(before, after)
        expect(added.filter((one) => removed.includes(one))).toEqual([])
      }),
      { seed: 3 },
    )
  })
})

describe('the wait before another try', () => {
  it('doubles, to five minutes, and is never the same for all', () => {
    expect([0, 1, 2, 3, 20, 1_000].map((attempts) => backOffMs(attempts, 0.5))).toEqual([1_000, 2_000, 4_000, 8_000, 300_000, 300_000])
    expect([backOffMs(0, 0), backOffMs(0, 1)]).toEqual([750, 1_250])
  })
})
