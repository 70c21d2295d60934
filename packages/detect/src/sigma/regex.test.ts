import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createLinearRegex, requiredLiterals } from './regex.js'

describe('regular expressions', () => {
  it.each([
    ['union\\s+select', ['select']],
    ['foo|barbaz', ['foo', 'barbaz']],
    ['ab|xyz', []],
    ['(foo|bar)', []],
    ['prefix(foo|bar)', ['prefix']],
    ['colou?r', ['colo']],
    ['abcd*', ['abc']],
    ['abc{2}def', ['def']],
    ['[abc]defg', ['defg']],
    ['[]x]yes!', ['yes!']],
    ['[^]x]yes!', ['yes!']],
    ['[[:alpha:]]word', ['word']],
    ['\\.git/config', ['.git/config']],
    ['\\d+abc', ['abc']],
    ['\\x41bcde', ['bcde']],
    ['\\x{41}bcde', ['bcde']],
    ['\\Qa|b\\E', []],
    ['(?i)SELECT', ['select']],
    ['^admin$', ['admin']],
    ['.*', []],
    ['größe', []],
  ])('derives from %j the literals %j', (source, literals) => {
    expect(requiredLiterals(source)).toEqual(literals)
  })

  it('matches as asked', () => {
    expect(createLinearRegex('union\\s+select', { i: true }, 1).test('1 UNION  SELECT 2')).toBe(true)
    expect(createLinearRegex('union\\s+select', {}, 1).test('1 UNION  SELECT 2')).toBe(false)
    expect(createLinearRegex('^b$', { m: true }, 1).test('a\nb\nc')).toBe(true)
    expect(createLinearRegex('^b$', {}, 1).test('a\nb\nc')).toBe(false)
    expect(createLinearRegex('a.b', { s: true }, 1).test('a\nb')).toBe(true)
    expect(createLinearRegex('a.b', {}, 1).test('a\nb')).toBe(false)
  })

  it.each([
    ['a(?=b)', /RE2/],
    ['(a)\\1', /RE2/],
    ['(', /RE2/],
    ['a{1001}', /RE2/],
    ['((a{50}){50}){50}', /steps|RE2/],
    ['x'.repeat(3_000), /characters/],
  ])('refuses %j', (source, reason) => {
    expect(() => createLinearRegex(source, {}, 3)).toThrow(reason)
  })

  it('is linear on text that makes other engines backtrack', () => {
    const regex = createLinearRegex('(a+)+$', {}, 1)
    const before = performance.now()
    regex.test(`${'a'.repeat(8_000)}!`)
    expect(performance.now() - before).toBeLessThan(500)
  })

  it('never misses a match because of its literals', () => {
    const piece = fc.constantFrom('abc', 'def', 'x?', 'y*', '(ab|cd)', '[gh]', 'k+', '\\.', 'm{2}', '\\d', 'longer', '.')
    const source = fc
      .array(
        fc.array(piece, { minLength: 1, maxLength: 4 }).map((pieces) => pieces.join('')),
        { minLength: 1, maxLength: 3 },
      )
      .map((branches) => branches.join('|'))
    const text = fc
      .array(fc.constantFrom('abc', 'def', 'x', 'y', 'ab', 'cd', 'g', 'k', '.', 'mm', '7', 'longer', 'LONGER', 'ABC'), { maxLength: 8 })
      .map((parts) => parts.join(''))
    fc.assert(
      fc.property(source, text, (pattern, value) => {
        const regex = createLinearRegex(pattern, { i: true }, 1)
        const present = regex.literals.length === 0 || regex.literals.some((literal) => value.toLowerCase().includes(literal))
        expect(present || !regex.test(value)).toBe(true)
      }),
      { numRuns: 500 },
    )
  })
})
