import type { SecurityEvent } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { tellingValues, topValues } from './top-values.js'

const event = (fields: Record<string, SecurityEvent[string]>): SecurityEvent => ({ '@timestamp': 1, ...fields })

describe('the top values of a field', () => {
  it('are counted, most frequent first, and say of how many', () => {
    const events = ['b', 'a', 'c', 'a', 'b', 'a'].map((name) => event({ 'user.name': name }))
    expect(topValues(events, 'user.name', 2)).toEqual({
      field: 'user.name',
      values: [
        { value: 'a', count: 3 },
        { value: 'b', count: 2 },
      ],
      of: 6,
      distinct: 3,
    })
  })

  it('count a list once for each of its values, numbers and truths as they are written, and nothing that is empty', () => {
    const events = [event({ x: ['a', 'a', 'b'] }), event({ x: 7 }), event({ x: true }), event({ x: '' }), event({ x: null }), event({})]
    expect(topValues(events, 'x', 9).values).toEqual([
      { value: 'a', count: 1 },
      { value: 'b', count: 1 },
      { value: '7', count: 1 },
      { value: 'true', count: 1 },
    ])
  })

  it('never come to more than there are events, for any values and names of fields, also those of every object', () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom('__proto__', 'constructor', 'a', '')),
        fc.constantFrom('x', '__proto__', 'toString'),
        (values, field) => {
          const events = values.map((value) => event(Object.fromEntries([[field, value]])))
          const top = topValues(events, 'x', 100)
          expect(top.values.reduce((sum, { count }) => sum + count, 0)).toBeLessThanOrEqual(values.length)
          expect(top.distinct).toBe(new Set(top.values.map(({ value }) => value)).size)
        },
      ),
      { seed: 20_261_122 },
    )
  })

  it('leave out fields that say nothing', () => {
    const fields = tellingValues([event({ 'source.ip': '203.0.113.1', other: 'x' })], 5).map(({ field }) => field)
    expect(fields).toEqual(['source.ip'])
    expect(tellingValues([], 5)).toEqual([])
  })
})
