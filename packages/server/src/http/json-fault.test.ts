import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { describeJsonFault, jsonFault } from './json-fault.js'

const isJson = (text: string): boolean => {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}

describe('jsonFault', () => {
  it('finds no fault in JSON', () => {
    fc.assert(
      fc.property(fc.json(), (text) => {
        expect(jsonFault(text)).toBeUndefined()
      }),
    )
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(jsonFault(JSON.stringify(value, null, 2))).toBeUndefined()
      }),
    )
  })

  it('agrees with JSON.parse on any text made of its characters', () => {
    const piece = fc.constantFrom(
      '{',
      '}',
      '[',
      ']',
      ',',
      ':',
      '"',
      '"a"',
      '1',
      '-',
      '0',
      '.5',
      'e3',
      'true',
      'nul',
      'null',
      ' ',
      '\n',
      '\\',
      '\\u00e9',
      '\\u12',
      '\t',
      '\u0001',
      '01',
    )
    fc.assert(
      fc.property(
        fc.array(piece, { maxLength: 14 }).map((pieces) => pieces.join('')),
        (text) => {
          expect(jsonFault(text) === undefined).toBe(isJson(text))
        },
      ),
      { numRuns: 3_000 },
    )
  })

  it('points into the text or to its end, and what stands before is the start of JSON', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 3 }), fc.nat(), fc.string({ maxLength: 2 }), (text, at, damage) => {
        const cut = at % (text.length + 1)
        const damaged = text.slice(0, cut) + damage + text.slice(cut + 1)
        const fault = jsonFault(damaged)
        expect(fault === undefined).toBe(isJson(damaged))
        expect(fault ?? 0).toBeLessThanOrEqual(damaged.length)
      }),
    )
  })

  it('names the place a person would point at', () => {
    for (const [text, at] of [
      ['{"a":oops}', 5],
      ['[1,,2]', 3],
      ['[1 2]', 3],
      ['{"a" 1}', 5],
      ['{a:1}', 1],
      ['[1]x', 3],
      ['"a\nb"', 2],
      ['["\\x"]', 3],
      ['[1', 2],
      ['', 0],
      ['"abc', 4],
      ['{"a":1,}', 7],
    ] as const) {
      expect([text, jsonFault(text)]).toEqual([text, at])
    }
  })

  it('needs no stack for brackets without end, and time only for what it reads', () => {
    expect(jsonFault('['.repeat(1_000_000))).toBe(1_000_000)
  })
})

describe('describeJsonFault', () => {
  it('repeats nothing of the text', () => {
    expect(describeJsonFault('{"password":hunter2}')).toBe('not JSON at position 12')
    expect(describeJsonFault('{"password":"hunter2"')).toBe('the JSON ends too early, at position 21')
  })
})
