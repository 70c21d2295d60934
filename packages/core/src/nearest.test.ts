import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { editDistance, nearest } from './nearest.js'

describe('editDistance', () => {
  it('counts single edits', () => {
    expect(editDistance('', '')).toBe(0)
    expect(editDistance('port', 'prot')).toBe(2)
    expect(editDistance('port', 'ports')).toBe(1)
    expect(editDistance('', 'abc')).toBe(3)
  })

  it('is a distance: zero for the same, symmetric, never more than the longer word', () => {
    const word = fc.string({ maxLength: 30 })
    fc.assert(
      fc.property(word, word, (a, b) => {
        const distance = editDistance(a, b)
        expect(distance).toBe(editDistance(b, a))
        expect(distance).toBeLessThanOrEqual(Math.max(a.length, b.length))
        expect(distance === 0).toBe(a === b)
      }),
    )
  })

  it('obeys the triangle inequality', () => {
    const word = fc.string({ maxLength: 12 })
    fc.assert(fc.property(word, word, word, (a, b, c) => editDistance(a, c) <= editDistance(a, b) + editDistance(b, c)))
  })
})

describe('nearest', () => {
  it('looks past case and separators, which people mix up', () => {
    expect(nearest('data_dir', ['host', 'dataDir', 'databaseUrl'])).toBe('dataDir')
    expect(nearest('ALLOWLIST', ['host', 'allowList'])).toBe('allowList')
  })

  it('answers in bounded time for a key of any length', () => {
    expect(nearest('x'.repeat(100_000), ['host', 'port'])).toBeDefined()
  })

  it('has no answer without candidates', () => {
    expect(nearest('x', [])).toBeUndefined()
  })
})
