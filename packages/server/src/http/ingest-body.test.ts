import { EVENT_LIMITS, isParapetError } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { judgeBatch } from './ingest-body.js'

const judge = (value: unknown) => judgeBatch(Buffer.from(JSON.stringify(value)), 'json')
const value = fc.oneof(
  fc.string({ maxLength: 50, unit: 'binary' }),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.boolean(),
  fc.constant(null),
  fc.array(fc.string({ maxLength: 9 }), { maxLength: 5 }),
)
const fieldName = fc.stringMatching(/^[a-z][a-z0-9_.]{0,20}$/).map((name) => `app.${name}`)
const event = fc
  .record({ time: fc.integer({ min: 0, max: 4_000_000_000_000 }), fields: fc.dictionary(fieldName, value, { maxKeys: 20 }) })
  .map(({ time, fields }) => Object.assign(fields, { '@timestamp': time }))

const outcomeOf = (judging: () => unknown): string => {
  try {
    judging()
    return 'judged'
  } catch (error) {
    return isParapetError(error) ? error.code : String(error)
  }
}

describe('judgeBatch', () => {
  it('puts every event of any batch in exactly one place', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(event, fc.jsonValue({ maxDepth: 3 })), { maxLength: 12 }), (batch) => {
        const { events, indexes, rejected } = judge(batch)
        expect(events.length).toBe(indexes.length)
        expect([...indexes, ...rejected.map(({ index }) => index)].toSorted((a, b) => a - b)).toEqual(batch.map((_, index) => index))
      }),
    )
  })

  it('takes every event within the bounds as it is', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 5 }), (batch) => {
        expect(judge(batch).events).toEqual(JSON.parse(JSON.stringify(batch)))
      }),
    )
  })

  it('judges an event alone, in an array, in an object and in a line alike', () => {
    fc.assert(
      fc.property(event, (one) => {
        const text = Buffer.from(JSON.stringify(one))
        const expected = judge([one])
        expect(judge(one)).toEqual(expected)
        expect(judge({ events: [one] })).toEqual(expected)
        expect(judgeBatch(text, 'ndjson')).toEqual(expected)
      }),
    )
  })

  it('never lets an event through that is over the limit as JSON', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fieldName, fc.integer({ min: 1, max: EVENT_LIMITS.text }), fc.constantFrom('a', 'ü', '一', '\u0000', '"', '\ud800')),
          { maxLength: 12 },
        ),
        (parts) => {
          const one = { ...Object.fromEntries(parts.map(([name, length, character]) => [name, character.repeat(length)])), '@timestamp': 1 }
          const tooBig = Buffer.byteLength(JSON.stringify(one)) > EVENT_LIMITS.bytes
          expect(judge(one).rejected.map(({ code }) => code)).toEqual(tooBig ? ['PPT_EVENT_TOO_LARGE'] : [])
        },
      ),
      { numRuns: 60 },
    )
  })

  it('takes text up to the limit in UTF-16 units, one more not', () => {
    expect(judge({ '@timestamp': 1, message: '💥'.repeat(EVENT_LIMITS.text / 2) }).rejected).toEqual([])
    expect(judge({ '@timestamp': 1, message: `${'💥'.repeat(EVENT_LIMITS.text / 2)}x` }).rejected[0]?.detail).toContain('message')
  })

  it('never throws but for what is wrong with the body as a whole', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 200 }), fc.constantFrom('json' as const, 'ndjson' as const), (bytes, kind) => {
        expect(['judged', 'PPT_BODY_MALFORMED']).toContain(outcomeOf(() => judgeBatch(bytes, kind)))
      }),
    )
  })

  it('refuses times that are none', () => {
    for (const time of [-1, 1.5, 1e300, '1', null, true]) expect(judge({ '@timestamp': time }).rejected).toHaveLength(1)
  })
})
