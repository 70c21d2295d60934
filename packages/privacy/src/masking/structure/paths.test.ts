import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { compilePaths } from './paths.js'

fc.configureGlobal({ seed: 20_261_121 })

const verdictOf = (paths: readonly string[], ...keys: readonly string[]): string | undefined => {
  const compiled = compilePaths(paths)
  return compiled.verdict(keys.reduce(compiled.step, compiled.start))
}

describe('a path', () => {
  it.each([
    ['req.headers.*', ['req', 'headers', 'x-anything'], 'hide'],
    ['req.headers.*', ['req', 'headers'], undefined],
    ['req.headers.*', ['req', 'headers', 'a', 'b'], undefined],
    ['**.note', ['note'], 'hide'],
    ['**.note', ['a', 'b', 'c', 'note'], 'hide'],
    ['**.note', ['a', 'notes'], undefined],
    ['a.**.z', ['a', 'z'], 'hide'],
    ['a.**.z', ['a', 'b', 'b', 'z'], 'hide'],
    ['a.**.z', ['b', 'z'], undefined],
    ['items[0].note', ['items', '0', 'note'], 'hide'],
    ['items[*].note', ['items', '7', 'note'], 'hide'],
    ['a["b.c"].d', ['a', 'b.c', 'd'], 'hide'],
    ['["a.b"]', ['a.b'], 'hide'],
    ["a['*x']", ['a', '*x'], 'hide'],
    ['!user.displayEmail', ['user', 'displayEmail'], 'show'],
    ['a.__proto__', ['a', '__proto__'], 'hide'],
  ] as const)('%s for %j: %s', (path, keys, verdict) => {
    expect(verdictOf([path], ...keys)).toBe(verdict)
  })

  it('that shows beats one that hides, in any order', () => {
    for (const paths of [
      ['**.email', '!user.email'],
      ['!user.email', '**.email'],
      ['user.email', '!user.email'],
    ]) {
      expect(verdictOf(paths, 'user', 'email')).toBe('show')
    }
    expect(verdictOf(['**.email', '!user.email'], 'other', 'email')).toBe('hide')
  })

  it('that cannot be read is refused at the start with what it takes', () => {
    for (const path of [
      '',
      '!',
      'a..b',
      'a.',
      'a[',
      'a[x]',
      'a.b*',
      '**',
      'a.**',
      'a.***',
      Array.from({ length: 20 }, () => 'a').join('.'),
    ])
      expect(() => compilePaths([path]), path).toThrow(/write req\.headers/)
    expect(() => compilePaths(Array.from({ length: 300 }, (_, i) => `a${i}`))).toThrow(/at most 256/)
  })

  it('agrees with trying every path by hand', () => {
    const segment = fc.constantFrom('a', 'b', '*', '**')
    const key = fc.constantFrom('a', 'b', 'c')
    const fits = (segments: readonly string[], keys: readonly string[]): boolean => {
      const [first, ...rest] = segments
      if (first === undefined) return keys.length === 0
      if (first === '**') return fits(rest, keys) || (keys.length > 0 && fits(segments, keys.slice(1)))
      return keys.length > 0 && (first === '*' || first === keys[0]) && fits(rest, keys.slice(1))
    }
    fc.assert(
      fc.property(
        fc.array(fc.array(segment, { minLength: 1, maxLength: 4 }), { maxLength: 4 }),
        fc.array(key, { maxLength: 6 }),
        (all, keys) => {
          const paths = all.filter((segments) => segments.at(-1) !== '**')
          const expected = paths.some((segments) => fits(segments, keys)) ? 'hide' : undefined
          expect(
            verdictOf(
              paths.map((segments) => segments.join('.')),
              ...keys,
            ),
          ).toBe(expected)
        },
      ),
      { numRuns: 500 },
    )
  })
})
