import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readRuleFiles } from '../rules/rule-files.js'
import type { MaskRule } from '../types.js'
import type { Candidate } from './candidate.js'
import { compileRules, type CompiledRules } from './compile-rules.js'
import { createScanner } from './scanner.js'
import { windowOf } from './units.js'

fc.configureGlobal({ seed: 20_261_121 })

const rules = readRuleFiles()
  .flatMap(({ rules }) => rules)
  .filter(({ trigger }) => trigger.kind === 'digits')
  .map((rule): MaskRule => {
    const { validator, ...rest } = rule
    return validator === undefined ? rule : rest
  })

const isWord = (letter: string | undefined): boolean => letter !== undefined && /\w/.test(letter)
const isDigit = (letter: string | undefined): boolean => letter !== undefined && /\d/.test(letter)

/** The same question answered the slow way: the pattern as a JavaScript expression, tried at every place. */
const slowly = (rule: MaskRule, text: string): string[] => {
  const pattern = new RegExp(rule.pattern, rule.caseInsensitive ? 'iy' : 'y')
  const found: string[] = []
  for (let start = 0; start < text.length; start++) {
    pattern.lastIndex = start
    const match = pattern.exec(text)
    if (match === null) continue
    const end = start + match[0].length
    const [before, after] = [text[start - 1], text[end]]
    const isEscape = 'nrtbf'.includes(before ?? ' ') && text[start - 2] === '\\'
    if (rule.boundary === 'word' && ((isWord(before) && !isEscape) || isWord(after))) continue
    if (before === '.' && isDigit(text[start - 2])) continue
    if (after === '.' && isDigit(text[end + 1])) continue
    if (end - start <= 15) {
      if (before === '-' && isWord(text[start - 2])) continue
      if (after === '-' && isWord(text[end + 1])) continue
      if ((before === ':' || before === '/') && isDigit(text[start - 2])) continue
      if ((after === ':' || after === '/') && isDigit(text[end + 1]) && !isDigit(text[end - 3])) continue
    }
    found.push(`${start}-${end}`)
  }
  return found
}

const compiled = new Map<MaskRule, CompiledRules>()

const quickly = (rule: MaskRule, text: string): string[] => {
  const tables = compiled.get(rule) ?? compileRules([rule], [], false)
  compiled.set(rule, tables)
  const found: Candidate[] = []
  const scanner = createScanner(tables, { classify: () => undefined, workPerUnit: 1000 }, (candidate) => found.push(candidate))
  const bytes = Buffer.from(text, 'latin1')
  scanner.reset()
  scanner.scan(windowOf(bytes, bytes.length, true), 0, bytes.length)
  // the sign goes with a number
  return found.map(({ start, end }) => `${text[start] === '-' ? start + 1 : start}-${end}`)
}

const piece = fc.oneof(
  { weight: 6, arbitrary: fc.stringMatching(/^\d{1,6}$/) },
  { weight: 4, arbitrary: fc.constantFrom(' ', '-', '.', '/', '(', ')', ') ', '+', ':', '\\n', '_') },
  { weight: 2, arbitrary: fc.constantFrom('A', 'AB', 'n', 'x', 'DE', 'X-', 'S', ',') },
)

describe('runs of digits are found by their shape', () => {
  it('wherever the pattern of a rule matches at all', () => {
    fc.assert(
      fc.property(fc.constantFrom(...rules), fc.array(piece, { maxLength: 14 }), (rule, pieces) => {
        const text = pieces.join('')
        expect(new Set(quickly(rule, text))).toEqual(new Set(slowly(rule, text)))
      }),
      { numRuns: 3000 },
    )
  })

  it.each(rules.map((rule): [string, MaskRule] => [rule.id, rule]))('in texts like the examples of %s', (_, rule) => {
    const examples = [...rule.match, ...rule.noMatch].filter((text) => [...Buffer.from(text)].every((byte) => byte < 128))
    const glued = fc.array(fc.oneof(fc.constantFrom(...examples), piece), { maxLength: 6 })
    fc.assert(
      fc.property(glued, (pieces) => {
        const text = pieces.join(' ')
        expect(new Set(quickly(rule, text))).toEqual(new Set(slowly(rule, text)))
      }),
      { numRuns: 60 },
    )
  })
})
