import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { escapeText, foldText, toJsonLine } from './escape.js'

/** What may not reach a terminal raw. */
const ACTS = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/u

describe('foldText', () => {
  it('makes one line of several, and shows what else would act', () => {
    expect(foldText(' two\n  lines\r\nand\u001b[2J\n')).toBe(String.raw`two lines and\x1b[2J`)
  })
})

describe('escapeText', () => {
  it.each([
    ['\u001b[31mred\u001b[0m', String.raw`\x1b[31mred\x1b[0m`],
    ['\u001b]0;title\u0007', String.raw`\x1b]0;title\x07`],
    ['a\nb\rc\td', String.raw`a\nb\rc\td`],
    ['\u009b2J', String.raw`\x9b2J`],
    ['nul\u0000', String.raw`nul\x00`],
    ['\u202egnp.exe', String.raw`\u202egnp.exe`],
    ['zero\u200bwidth', String.raw`zero\u200bwidth`],
    ['\u2028\u2029', String.raw`\u2028\u2029`],
    ['\ud800', String.raw`\ud800`],
    ['tag\u{e0041}', String.raw`tag\u{e0041}`],
    ['漢字 é ä 👩', '漢字 é ä 👩'],
  ])('shows what acts instead of letting it act: %j', (text, shown) => {
    expect(escapeText(text)).toBe(shown)
  })

  it('leaves nothing that a terminal acts on, whatever the text', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(ACTS.test(escapeText(text))).toBe(false)
      }),
      { numRuns: 2_000 },
    )
  })
})

describe('toJsonLine', () => {
  it('is one line of JSON that means the same and holds nothing that a terminal acts on', () => {
    fc.assert(
      fc.property(
        fc.dictionary(fc.string({ unit: 'binary' }), fc.oneof(fc.string({ unit: 'binary' }), fc.integer(), fc.array(fc.string()))),
        (value) => {
          const line = toJsonLine(value)
          expect(ACTS.test(line)).toBe(false)
          expect(JSON.parse(line)).toEqual(JSON.parse(JSON.stringify(value)))
        },
      ),
      { numRuns: 1_000 },
    )
  })

  it('writes characters beyond the first plane as JSON knows them', () => {
    expect(toJsonLine('\u{e0041}')).toBe(String.raw`"\udb40\udc41"`)
    expect(toJsonLine('\u009b\u202e\u007f')).toBe(String.raw`"\u009b\u202e\u007f"`)
    expect(toJsonLine(undefined)).toBe('null')
  })
})
