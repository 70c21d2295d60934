import { readdirSync, readFileSync } from 'node:fs'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMasker } from '../masker.js'
import { builtInRuleSet } from '../rules/built-in.js'
import { readRuleFile } from '../schema.js'
import { createCleanCheck } from './clean.js'
import { compileRules } from './compile-rules.js'
import { keyLiterals } from './key-literals.js'

fc.configureGlobal({ seed: 20_261_123 })

const { rules, keys } = builtInRuleSet()
const isClean = createCleanCheck(compileRules(rules, keyLiterals(keys, []), true))
const masker = createMasker()

/** A value in its quotes, in the middle of a line. */
const ask = (before: string, value: string): boolean => {
  const units = Uint8Array.from(Buffer.from(`${before}"${value}","next":"${value}"`, 'latin1'))
  return isClean(units, before.length + 1, before.length + 1 + value.length)
}
const ascii = (text: string): boolean => /^[\x20-\x7e]*$/.test(text) && !/["\\]/.test(text)
const RULES = new URL('../../../rules/', import.meta.url)
const examples = readdirSync(RULES, { recursive: true, encoding: 'utf8' })
  .filter((name) => name.endsWith('.yml') && !name.includes('keys'))
  .flatMap((name) => readRuleFile(readFileSync(new URL(name, RULES), 'utf8'), name))
  .flatMap(({ match }) => match)
  .filter(ascii)

describe('a value in which nothing can begin', () => {
  it.each(['/api/v1/orders/12?page=3&sort=created', 'request completed', 'GET', 'checkout service, second try', 'en-GB'])(
    '%j is clean',
    (value) => {
      expect(ask('{"a":', value)).toBe(true)
    },
  )

  it('is none of the examples of the rules, whatever stands before the quote', () => {
    expect(examples.length).toBeGreaterThan(200)
    for (const example of examples) {
      if (masker.content(example) === example) continue
      for (const before of ['', '{"key":', '{"a":1,"b0":', 'x', '@', '1']) expect(ask(before, example), example).toBe(false)
    }
  })

  it('is left as it is by the masker: a part of an example, between other words', () => {
    const word = fc.string({
      unit: fc.constantFrom('a', 'b', 'k', '0', '9', '@', '.', ':', '=', '-', '/', ' ', '_', '%', '&'),
      maxLength: 12,
    })
    const part = fc
      .tuple(fc.constantFrom(...examples), fc.nat(60), fc.nat(60))
      .map(([example, from, length]) => example.slice(from, from + length))
    let clean = 0
    fc.assert(
      fc.property(word, part, word, word, (left, middle, right, before) => {
        const value = `${left}${middle}${right}`
        if (!ask(before, value)) return
        clean++
        expect(masker.content(value)).toBe(value)
      }),
      { numRuns: 20_000 },
    )
    expect(clean).toBeGreaterThan(2_000)
  })
})
