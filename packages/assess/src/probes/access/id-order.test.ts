import { randomBytes, randomUUID } from 'node:crypto'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { orderOf } from './id-order.js'

const NOW = Date.UTC(2026, 10, 22)

describe('ids that tell the next one', () => {
  it.each([
    [['17', '18'], 'guessable', 'numbers that count up'],
    [['103', '9', '2500'], 'guessable', 'numbers that count up'],
    [['INV-0007', 'INV-0012'], 'guessable', 'numbers that count up behind "INV-"'],
    [['1763800000', '1763800900'], 'guessable', 'times in seconds'],
    [['1763800000123', '1763700000456'], 'guessable', 'times in milliseconds'],
    [['1763800000123456', '1763700000456789'], 'guessable', 'times in microseconds'],
    [['6a1', '6a2', '6af'], 'guessable', 'short numbers in hexadecimal that count up'],
    [['6919f0c0a1b2c3d4e5000001', '6919f0c1a1b2c3d4e5000002'], 'guessable', 'ObjectIds: a time, the same process in each, and a counter'],
    [
      ['c232ab00-9414-11ec-b3c8-9f6bdeced846', 'c2330000-9414-11ec-b3c8-9f6bdeced846'],
      'guessable',
      'UUIDs of version 1: a time, and the same machine in each',
    ],
    [
      ['1ec9414c-232a-6b00-b3c8-9f6bdeced846', '1ec9414c-232b-6b00-b3c8-9f6bdeced846'],
      'guessable',
      'UUIDs of version 1: a time, and the same machine in each',
    ],
    [['018f4e2a-8c11-7d3e-9a01-1b2c3d4e5f60', '018f4e2a-8c12-7aaa-8b02-5b2c3d4e5f61'], 'unguessable', 'UUIDs of version 7'],
    [['8412093741209384712', '1203948712039487120'], 'unguessable', 'numbers far apart'],
    [['doc_Zk3vTq9LmX0aPe7RwYbc', 'doc_QpLmn28fHvBtYx61GaWe'], 'unguessable', 'ids that do not count up'],
    [['about', 'terms'], 'unguessable', 'ids that do not count up'],
  ])('%j: %s', (ids, kind, how) => {
    expect(orderOf(ids, NOW)).toEqual({ kind, how })
  })

  it('finds any list that counts up, in whatever order it is shown', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e9 }),
        fc.uniqueArray(fc.integer({ min: 0, max: 5_000 }), { minLength: 2, maxLength: 20 }),
        (start, steps) => {
          expect(
            orderOf(
              steps.map((step) => String(start + step)),
              NOW,
            ).kind,
          ).toBe('guessable')
          expect(
            orderOf(
              steps.map((step) => `no-${String(start + step).padStart(12, '0')}`),
              NOW,
            ).kind,
          ).toBe('guessable')
        },
      ),
      { seed: 5, numRuns: 200 },
    )
  })

  it('never finds random ids', () => {
    for (let i = 0; i < 200; i++) {
      expect(orderOf([randomUUID(), randomUUID()], NOW).kind).toBe('unguessable')
      expect(
        orderOf(
          [1, 2, 3].map(() => randomBytes(16).toString('base64url')),
          NOW,
        ).kind,
      ).toBe('unguessable')
      expect(
        orderOf(
          [1, 2, 3].map(() => randomBytes(16).toString('hex')),
          NOW,
        ).kind,
      ).toBe('unguessable')
    }
  })

  it('throws on no ids at all', () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 2, maxLength: 5 }), (ids) => {
        expect(['guessable', 'unguessable']).toContain(orderOf(ids, NOW).kind)
      }),
      { seed: 5 },
    )
  })
})
