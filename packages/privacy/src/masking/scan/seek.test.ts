import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builtInRuleSet } from '../rules/built-in.js'
import { compileRules } from './compile-rules.js'
import { keyLiterals } from './key-literals.js'
import { LITERAL_STATE, seek, SHAPE_STATE } from './seek.js'

fc.configureGlobal({ seed: 20_261_121 })

const { rules, keys } = builtInRuleSet()
const { tables, shapes } = compileRules(rules, keyLiterals(keys, []), true)

/** All places at which the reading stops, in steps of at most `most` units, and what was complete there. */
const stops = (text: Uint8Array, most: number): readonly string[] => {
  const states = new Int32Array(2)
  const found: string[] = []
  for (let from = 0; from < text.length;) {
    const to = Math.min(text.length, from + most)
    const at = seek(text, from, to, tables, states)
    from = at + 1
    if (at >= to) {
      from = to
      continue
    }
    found.push(`${at} ${states.join()}`)
    const shape = states[SHAPE_STATE] as number
    if (shape < 0) states[SHAPE_STATE] = shapes.hits[~shape]?.to ?? 0
  }
  found.push(`${states[LITERAL_STATE]} ${states[SHAPE_STATE]}`)
  return found
}

const PIECES = [
  'password',
  'pan',
  'cc',
  '0x',
  '@',
  'a@b.example',
  '+49 151 ',
  '4111 1111',
  '12',
  '7',
  'AKIA',
  'ghp_',
  '\\u0040',
  '%40',
  'eyJ',
  ' ',
  '"',
  ':',
  '\n',
]
const pieces = fc.array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: 'binary-ascii', maxLength: 5 })), { maxLength: 24 })

describe('what is read four units at a time', () => {
  it('is found where reading one by one finds it, wherever it begins and ends', () => {
    fc.assert(
      fc.property(pieces, fc.integer({ min: 2, max: 9 }), (parts, most) => {
        const text = new Uint8Array(Buffer.from(parts.join('')))
        const single = stops(text, 1)
        expect(stops(text, text.length)).toEqual(single)
        expect(stops(text, most)).toEqual(single)
      }),
      { numRuns: 500 },
    )
  })
})
