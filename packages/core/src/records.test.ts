import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isRecord, withoutUndefined } from './records.js'

describe('what counts as a record', () => {
  it('is an object of JSON, and nothing that only has typeof in common with one', () => {
    expect([{}, { a: 1 }, Object.create(null)].map(isRecord)).toEqual([true, true, true])
    expect([null, undefined, [], [1], 'text', 1, true, (): void => undefined].some(isRecord)).toBe(false)
  })
})

describe('leaving out what is undefined', () => {
  it('gives what a round trip through JSON gives, for flat values', () => {
    const scalar = fc.oneof(fc.string(), fc.integer(), fc.boolean(), fc.constant(null), fc.constant(undefined), fc.array(fc.string()))
    fc.assert(
      fc.property(fc.dictionary(fc.string(), scalar, { noNullPrototype: true }), (value) => {
        expect(withoutUndefined(value)).toEqual(JSON.parse(JSON.stringify(value)))
        expect(Object.keys(withoutUndefined(value))).toEqual(Object.keys(JSON.parse(JSON.stringify(value)) as object))
      }),
    )
  })

  it('keeps a field with a name that objects give a meaning to', () => {
    const given = JSON.parse('{"__proto__":{"admin":true},"constructor":1}') as object
    const copy = withoutUndefined(given)
    expect(Object.getPrototypeOf(copy)).toBe(Object.prototype)
    expect(JSON.stringify(copy)).toBe('{"__proto__":{"admin":true},"constructor":1}')
  })

  it('leaves the value that it was given as it is', () => {
    const given = { a: undefined, b: 1 }
    expect(withoutUndefined(given)).toEqual({ b: 1 })
    expect(Object.keys(given)).toEqual(['a', 'b'])
  })
})
