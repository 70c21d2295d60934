import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPattern, hasWildcard, matchesPattern, plainText, type Anchoring } from './pattern.js'

/** The plain meaning, written another way: every split of the text is tried. */
const slow = (tokens: readonly (string | number)[], text: string): boolean => {
  const [token, ...rest] = tokens
  if (token === undefined) return text === ''
  if (token === 1) return text.length > 0 && slow(rest, text.slice(1))
  if (typeof token === 'string') return text.startsWith(token) && slow(rest, text.slice(token.length))
  for (let i = 0; i <= text.length; i++) if (slow(rest, text.slice(i))) return true
  return false
}

describe('patterns', () => {
  it.each([
    ['abc', 'whole', 'exact', 'abc'],
    ['ABC', 'whole', 'exact', 'abc'],
    ['abc*', 'whole', 'starts', 'abc'],
    ['*abc', 'whole', 'ends', 'abc'],
    ['*abc*', 'whole', 'contains', 'abc'],
    ['abc', 'contains', 'contains', 'abc'],
    ['abc', 'startswith', 'starts', 'abc'],
    ['abc', 'endswith', 'ends', 'abc'],
    ['*', 'whole', 'any', ''],
    ['***', 'whole', 'any', ''],
    ['', 'whole', 'exact', ''],
    ['a*bcd*e', 'whole', 'glob', 'bcd'],
    ['a?c', 'whole', 'glob', 'a'],
  ] as const)('sorts %j (%s) as %s', (value, anchoring, kind, text) => {
    expect(createPattern(value, anchoring)).toMatchObject({ kind, text })
  })

  it.each([
    ['a\\*b', 'a*b', true],
    ['a\\*b', 'axb', false],
    ['a\\?b', 'a?b', true],
    ['a\\?b', 'axb', false],
    ['C:\\Windows\\x', 'c:\\windows\\x', true],
    ['C:\\\\x', 'c:\\x', true],
    ['\\\\*', '\\anything', true],
    ['\\\\\\*', '\\*', true],
    ['\\\\\\*', '\\x', false],
    ['end\\', 'end\\', true],
    ['f?o', 'foo', true],
    ['f?o', 'fo', false],
    ['a*b*c', 'a--b--c', true],
    ['a*b*c', 'a--c--b', false],
    ['*a?c*', 'xxabcxx', true],
    ['aa*aa', 'aaa', false],
    ['aa*aa', 'aaaa', true],
  ])('reads wildcards and their escapes in %j against %j', (value, text, expected) => {
    expect(matchesPattern(createPattern(value, 'whole'), text)).toBe(expected)
  })

  it('keeps case only when asked', () => {
    expect(matchesPattern(createPattern('ABC', 'whole', { cased: true }), 'abc')).toBe(false)
    expect(matchesPattern(createPattern('ABC', 'whole', { cased: true }), 'ABC')).toBe(true)
    expect(matchesPattern(createPattern('ÄÖ', 'contains'), 'xäöx')).toBe(true)
  })

  it('takes literal values as they stand', () => {
    expect(matchesPattern(createPattern('a*b\\', 'contains', { literal: true }), 'xa*b\\x')).toBe(true)
    expect(matchesPattern(createPattern('a*b', 'contains', { literal: true }), 'axb')).toBe(false)
  })

  it('tells wildcards from escaped ones', () => {
    expect(hasWildcard('a*')).toBe(true)
    expect(hasWildcard('a\\*')).toBe(false)
    expect(plainText('a\\*b')).toBe('a*b')
  })

  it('agrees with trying every split, whatever the pattern and text', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', '*', '?'), maxLength: 8 })
    const texts = fc.string({ unit: fc.constantFrom('a', 'b'), maxLength: 10 })
    fc.assert(
      fc.property(letters, texts, fc.constantFrom<Anchoring>('whole', 'contains', 'startswith', 'endswith'), (value, text, anchoring) => {
        const pattern = createPattern(value, anchoring)
        expect(matchesPattern(pattern, text)).toBe(slow(pattern.tokens, text))
      }),
      { numRuns: 2_000 },
    )
  })

  it('stays fast on text built against backtracking', () => {
    const pattern = createPattern('*a*a*a*a*a*a*a*a*a*a*b', 'whole')
    const text = 'a'.repeat(8_192)
    const before = performance.now()
    expect(matchesPattern(pattern, text)).toBe(false)
    expect(performance.now() - before).toBeLessThan(50)
  })
})
