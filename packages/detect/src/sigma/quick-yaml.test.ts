import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builtinRules } from './builtin.js'
import { generateRules } from './fixtures/generate-rules.js'
import { readQuickly } from './quick-yaml.js'
import { readSlowly } from './yaml-tree.js'

const builtin = (await builtinRules()).map(({ text }) => text)

/** Reads both ways; the quick one may give up, and must not say anything else. */
const compare = (text: string): boolean => {
  const quick = readQuickly(text)
  if (quick === undefined) return false
  const slow = readSlowly(text)
  expect(slow.faults).toEqual([])
  expect(quick).toEqual(slow.documents)
  return true
}

describe('reading rules quickly', () => {
  it('gives what the library gives, of every built-in rule, and gives up on few', () => {
    const given = builtin.filter(compare)
    expect(given.length / builtin.length).toBeGreaterThan(0.9)
  })

  it('gives what the library gives of rules as people write them', () => {
    expect(generateRules(120, 3).every(({ text }) => compare(text))).toBe(true)
  })

  it.each([
    [
      'values',
      'a: 1\nb: 1.5\nc: true\nd: null\ne: ~\nf:\ng: text\nh: 0x1F\ni: 0o17\nj: +7\nk: 1e3\nl: 1.10\nm: 2026-11-22\nn: -x\no: 12abc',
    ],
    ['quotes', `a: 'it''s'\nb: "a\\\\b \\"c\\" \\n"\nc: ''\nd: "x" # why\ne: 'a: b # c'`],
    ['keys', `'a b': 1\n"c|d": 2\ne f: 3\n404: 4\n1.10: 5\ntrue: 6\na|b|c: 7\n'|all': 8`],
    ['comments', '# one\na: 1 # two\n  # three\nb: # four\n  - 1\n# five\n  - 2\n'],
    ['lists', 'a:\n- 1\n- b: 2\n  c: 3\n-\n  d: 4\n- [e, f]\n-\nb:\n  - - '.replace('\n  - - ', '\n  - x')],
    ['texts', 'a: |\n  one\n    two\n\n  three\n\nb: |-\n  one\n\n\nc: 1'],
    ['flow', `a: [1, 'b, c', {d: e, 'f': [g]}, ]\nb: {}\nc: []\nd: {x|y: 1, z: "q"}`],
    ['documents', '# first\n---\na: 1\n---\n---\nb: 2\n--- # third\nc: 3\n---\n'],
    ['a url', 'a: http://example.org/x?y=z#w\nb:\n  - https://example.org:443/'],
    ['deep', 'a:\n  b:\n    c:\n      - d:\n          - e: f\n        g: h'],
    ['text beyond ASCII', 'a: größe\n"ключ": значение'],
    ['a last line without end', 'a:\n  - b'],
  ])('reads %s', (_, text) => {
    expect(compare(text)).toBe(true)
  })

  it.each([
    ['anchors', 'a: &x 1\nb: *x'],
    ['tags', 'a: !!str 1'],
    ['folded text', 'a: >\n  b\n  c'],
    ['text over several lines', 'a: b\n  c'],
    ['quoted text over several lines', 'a: "b\n  c"'],
    ['flow over several lines', 'a: [b,\n  c]'],
    ['a key twice', 'a: 1\na: 2'],
    ['a key twice in flow', 'x: {a: 1, a: 2}'],
    ['explicit keys', '? a\n: b'],
    ['tabs', 'a:\tb'],
    ['directives', '%YAML 1.2\n---\na: 1'],
    ['the end of a document', 'a: 1\n...\nb: 2'],
    ['wrong indentation', 'a:\n    b: 1\n  c: 2'],
    ['a mapping in a value', 'a: b: c'],
    ['lists in a line', '- - a'],
    ['infinity', 'a: .inf'],
    ['an unclosed bracket', 'a: [b'],
    ['an unclosed quote', "a: 'b"],
    ['a plain text as document', 'hello'],
    ['merge keys', '<<: {a: 1}'],
    ['an empty value in flow', 'a: {b: , c: 1}'],
    ['escapes that are rare', 'a: "\\x41"'],
  ])('leaves %s to the library', (_, text) => {
    expect(readQuickly(text)).toBeUndefined()
  })

  it('never says anything else than the library, whatever lines are put together', () => {
    const lines = builtin.join('\n---\n').split('\n')
    const piece = fc.oneof(
      { weight: 5, arbitrary: fc.integer({ min: 0, max: lines.length - 8 }).map((at) => lines.slice(at, at + 6).join('\n')) },
      {
        weight: 2,
        arbitrary: fc.constantFrom(
          '- a',
          '  - b: c',
          'a: |',
          '    x',
          'k: {a: [b]}',
          '\'q\': "r"',
          '---',
          'a:',
          '  b',
          '#',
          '',
          'x: - y',
          '-',
          '  -',
          'a: b #c',
          'a: b:',
          "a: 'b' c",
        ),
      },
      { weight: 1, arbitrary: fc.string({ unit: fc.constantFrom(...' -:#\'"[]{},|>ab1.\n&*!?%@\\'.split('')), maxLength: 14 }) },
    )
    fc.assert(
      fc.property(fc.array(piece, { minLength: 1, maxLength: 5 }), (parts) => {
        compare(parts.join('\n'))
      }),
      { seed: 6, numRuns: 1_500 },
    )
  })

  it('is linear: a long hostile text takes no longer by the character than a short one', () => {
    for (const part of ['a: b\n', '- a\n', '[', '{a: ', "'", '  ', 'a:\n ', '? ', '- ', ': ', '#\n', '---\n', 'a: |\n x\n']) {
      const text = part.repeat(Math.ceil(300_000 / part.length))
      const start = process.cpuUsage()
      readQuickly(text)
      const { user, system } = process.cpuUsage(start)
      expect((user + system) / 1_000).toBeLessThan(2_000)
    }
  })
})
