import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createInterpreter } from '../scan/interpreter.js'
import { lintPattern } from './lint-pattern.js'
import { lintRule, readPlan, writePlan } from './lint-rule.js'
import { parsePattern } from './parse-pattern.js'
import { createProgramBuilder } from './program.js'

fc.configureGlobal({ seed: 20_261_121 })

const compile = (pattern: string, fold = false): ((text: string, at: number) => { end: number; secret: string | undefined }) => {
  const tree = parsePattern(pattern, fold)
  lintPattern(tree)
  const builder = createProgramBuilder()
  const address = builder.add(tree)
  const interpreter = createInterpreter(builder.build())
  return (text, at) => {
    const units = Uint8Array.from(text, (letter) => letter.charCodeAt(0))
    interpreter.begin(units, units.length)
    const end = interpreter.match(address, at)
    const { start, end: to } = interpreter.secret
    return { end, secret: end < 0 || start < 0 ? undefined : text.slice(start, to) }
  }
}
const refusal = (pattern: string, fold = false): string => {
  try {
    compile(pattern, fold)
  } catch (error) {
    return (error as { detail?: string }).detail ?? ''
  }
  return 'accepted'
}

describe('the subset', () => {
  it.each([
    ['a*', 'no bound'],
    ['a+', 'no bound'],
    ['a.b', 'write a class'],
    ['^a', 'write a class'],
    ['a$', 'write a class'],
    ['(a)', 'a group is (?:...)'],
    ['(?=a)b', 'a group is (?:...)'],
    ['(?<!a)b', 'a group is (?:...)'],
    ['(?<name>a)', 'a group is (?:...)'],
    ['a\\1', 'is not known'],
    ['\\bword', 'is not known'],
    ['a{2', '{n} or {m,n}'],
    ['a{3,2}', 'lower number first'],
    ['a{5000}', '1 to 4096'],
    ['a{2}{3}', 'not repeated again'],
    ['a??', 'not repeated again'],
    ['[]', 'at least one'],
    ['[a', 'not closed'],
    ['(?:a', 'not closed'],
    ['a)', 'no group'],
    ['[z-a]', 'lower to a higher'],
    ['a||b', 'is empty'],
    ['(?:a|)', 'is empty'],
    ['é', 'ASCII'],
    ['(?<secret>a)(?<secret>b)', 'one (?<secret>...)'],
    ['(?:(?<secret>a))', 'one (?<secret>...)'],
    ['(?<secret>a){2}', 'not repeated'],
    ['', '1 to 4096'],
  ])('refuses %s: %s', (pattern, why) => {
    expect(refusal(pattern)).toContain(why)
  })

  it.each([
    ['a?', 'empty text'],
    ['[a-z]{1,9}[a-c]', 'is followed by "a"'],
    ['a{1,3}a', 'is followed by "a"'],
    ['(?:ab){1,3}a', 'is followed by "a"'],
    ['(?:a?){2}b', 'can be empty'],
    ['(?:a|ab)c', 'alternative 1 of 2'],
    ['(?:[a-z]{3}|abcd)', 'alternative 1 of 2'],
    ['(?:[a-z]{1,3}|[0-9a-z]{8})', 'alternative 1 of 2'],
    ['x(?:[a-z]{1,3}-?){2}', 'is followed by'],
    ['[a-z]{1,2}[0-9]{0,3}[a-z]', 'is followed by'],
    ['[a-z]{4096}[A-Z]{4096}[0-9]', '8192 is the most'],
  ])('refuses %s, whose match is not certain: %s', (pattern, why) => {
    expect(refusal(pattern)).toContain(why)
  })

  it.each([
    'ghp_[A-Za-z0-9]{36}',
    '(?:abcd|abc)x',
    '\\d{4}(?:[ -]\\d{4}){3}',
    'a-?b',
    '[a-z]{2,4}[0-9]',
    '(?:a|b|cd){1,3}-',
    '[^"]{1,20}"',
    '\\w{3}\\s?=',
    '\\[x\\]\\{y\\}',
  ])('takes %s', (pattern) => {
    expect(refusal(pattern)).toBe('accepted')
  })
})

describe('a match', () => {
  const atom = fc.constantFrom('a', 'b', '-', '[ab]', '[a-c]', '[^a]', '\\d', '1', '[0-9b]')
  const repeat = fc.constantFrom('', '', '?', '{2}', '{1,3}', '{0,2}')
  const group = fc.tuple(fc.array(fc.array(atom, { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 3 }), repeat)
  /** A pattern, and the same for JavaScript with each group as it is meant: the first alternative that fits, never given back. */
  const pattern = fc
    .array(
      fc.oneof(
        fc.tuple(atom, repeat).map(([item, times]) => ({ item, times })),
        group.map(([options, times]) => ({ options: options.map((option) => option.join('')).join('|'), times })),
      ),
      { minLength: 1, maxLength: 5 },
    )
    .map((parts) => ({
      source: parts.map((part) => ('item' in part ? part.item : `(?:${part.options})`) + part.times).join(''),
      expression: parts
        .map((part, i) => ('item' in part ? part.item : `(?:(?=(?<g${i}>${part.options}))\\k<g${i}>)`) + part.times)
        .join(''),
    }))
  const texts = fc.array(fc.string({ unit: fc.constantFrom('a', 'b', 'c', 'A', '-', '1', '2', ' '), maxLength: 14 }), {
    minLength: 5,
    maxLength: 5,
  })

  it('is the one that JavaScript finds, for every pattern that is let through', () => {
    let compared = 0
    fc.assert(
      fc.property(pattern, fc.boolean(), texts, ({ source, expression }, fold, texts) => {
        if (refusal(source, fold) !== 'accepted') return
        const match = compile(source, fold)
        const sticky = new RegExp(expression, fold ? 'iy' : 'y')
        for (const text of texts) {
          for (let at = 0; at < text.length; at++) {
            sticky.lastIndex = at
            const expected = sticky.exec(text)
            expect(match(text, at).end, `${source} on ${text} at ${at}`).toBe(expected === null ? -1 : at + expected[0].length)
            compared++
          }
        }
      }),
      { numRuns: 4000 },
    )
    expect(compared).toBeGreaterThan(10_000)
  })

  it('hides the group `secret` alone', () => {
    expect(compile('key=(?<secret>[a-z]{2,8});')('key=abc;', 0)).toEqual({ end: 8, secret: 'abc' })
    expect(compile('key=(?<secret>[a-z]{2,8});')('key=a;', 0)).toEqual({ end: -1, secret: undefined })
  })

  it('never crosses the end of a line', () => {
    expect(compile('a[^x]{1,3}')('a\n\n', 0).end).toBe(-1)
    expect(compile('a\\s?b')('a\nb', 0).end).toBe(-1)
  })

  it('of long runs from many places reads the text a few times, not once a place [ASVS 1.3.12]', () => {
    const match = compile('[a-z-]{1,4000}!')
    const text = 'a'.repeat(200_000)
    const units = Uint8Array.from(text, () => 97)
    const tree = parsePattern('[a-z-]{1,4000}!', false)
    const builder = createProgramBuilder()
    const address = builder.add(tree)
    const interpreter = createInterpreter(builder.build())
    interpreter.begin(units, units.length)
    const before = process.cpuUsage()
    for (let at = 0; at < units.length; at++) if (interpreter.match(address, at) >= 0) throw new Error('there is no !')
    // 800 million steps would take seconds
    expect(process.cpuUsage(before).user / 1000).toBeLessThan(1500)
    expect(match('abc!', 0).end).toBe(4)
  })
})

describe('the place of a literal', () => {
  const place = (pattern: string, literal: string, lookback = 0): unknown =>
    lintRule({ trigger: { kind: 'literal', literals: [literal] }, pattern, caseInsensitive: false, lookback }).places[0]

  it('is found where the pattern spells it out, in any case', () => {
    expect(place('ghp_[a-z]{4}', 'ghp_')).toEqual({ kind: 'fixed', offset: 0 })
    expect(place('[a-z]{4}-us1', '-us')).toEqual({ kind: 'fixed', offset: 4 })
    expect(place('(?:AKIA|ASIA)[A-Z]{2}', 'asia')).toEqual({ kind: 'fixed', offset: 0 })
    expect(place('[Tt]oken', 'TOKEN')).toEqual({ kind: 'fixed', offset: 0 })
    expect(place('\\d{8,10}:AA[a-z]{3}', ':AA', 10)).toMatchObject({ kind: 'run', back: 10 })
  })

  it.each([
    ['[a-z]{4}', 'abcd', 0, 'not spelled out'],
    ['\\d{8,10}:AA', ':AA', 0, 'give a lookback'],
    ['\\d{8,10}:AA', ':AA', 4, 'not spelled out'],
    ['[xy]oxb', 'xoxb', 0, 'not spelled out'],
  ])('in %s of %s (lookback %i) is refused: %s', (pattern, literal, lookback, why) => {
    expect(() => place(pattern, literal, lookback)).toThrow(
      expect.objectContaining({ code: 'PPT_MASK_RULE', detail: expect.stringContaining(why) }),
    )
  })

  it('of digits needs digits early in the pattern', () => {
    const digits = (pattern: string): unknown =>
      lintRule({ trigger: { kind: 'digits', least: 3, most: 9 }, pattern, caseInsensitive: false, lookback: 0 })
    expect(() => digits('[a-z]{9}\\d{3}')).toThrow(expect.objectContaining({ code: 'PPT_MASK_RULE' }))
    expect(digits('[A-Z]{2}\\d{3}')).toMatchObject({ shapes: expect.arrayContaining([expect.objectContaining({ lead: 2, first: 3 })]) })
  })
})

describe('a plan', () => {
  it('comes back from JSON as it was', () => {
    const literal = lintRule({
      trigger: { kind: 'literal', literals: ['-us', ':AA'] },
      pattern: '\\d{2}-us:AA',
      caseInsensitive: false,
      lookback: 0,
    })
    const run = lintRule({ trigger: { kind: 'literal', literals: [':AA'] }, pattern: '[a-z]{2,4}:AA', caseInsensitive: false, lookback: 4 })
    const digits = lintRule({
      trigger: { kind: 'digits', least: 3, most: 9 },
      pattern: '\\d{3}-\\d{2}',
      caseInsensitive: false,
      lookback: 0,
    })
    for (const plan of [literal, run, digits]) expect(readPlan(JSON.parse(JSON.stringify(writePlan(plan))) as object)).toEqual(plan)
  })
})
