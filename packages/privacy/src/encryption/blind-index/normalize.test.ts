import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { Normalizer } from '../types.js'
import { checkNormalizers, normalizeValue } from './normalize.js'

fc.configureGlobal({ seed: 20_261_121 })

const ALL: readonly Normalizer[] = ['nfkc', 'casefold', 'trim', 'email', 'phone', 'digits']

describe('normalizers', () => {
  it.each<[Normalizer, string, string]>([
    ['nfkc', 'ﬁne Ⅳ ①', 'fine IV 1'],
    ['nfkc', 'e\u0301', 'é'],
    ['nfkc', 'ＡＢＣ１２３', 'ABC123'],
    ['casefold', 'STRASSE', 'strasse'],
    ['casefold', 'Straße', 'strasse'],
    ['casefold', 'ΟΔΟΣ', 'οδοσ'],
    ['casefold', 'οδος', 'οδοσ'],
    ['casefold', 'ÅNGSTRÖM', 'ångström'],
    ['trim', ' \t\u00a0name\u3000\n', 'name'],
    ['trim', 'a b', 'a b'],
    ['email', ' Anna.Schmidt@Example.ORG ', 'anna.schmidt@example.org'],
    ['email', 'anna@ｅxample.org', 'anna@example.org'],
    ['email', 'a+tag@example.org', 'a+tag@example.org'],
    ['phone', '+49 (30) 901-820', '+4930901820'],
    ['phone', '0049 30 901820', '+4930901820'],
    ['phone', '+49 (0)30 901820', '+4930901820'],
    ['phone', '+49.30.901820', '+4930901820'],
    ['phone', '＋４９ ３０ ９０１８２０', '+4930901820'],
    ['phone', '030 / 901820', '030901820'],
    ['phone', '(030) 901820', '030901820'],
    ['phone', '', ''],
    ['digits', 'DE89 3704-0044', '8937040044'],
    ['digits', '１２٣', '12'],
  ])('%s makes %j to %j', (name, value, expected) => {
    expect(normalizeValue(value, [name])).toBe(expected)
  })

  it('apply in the order in which they stand', () => {
    expect(normalizeValue(' ﬁ Ⅳ ', ['nfkc', 'casefold', 'trim'])).toBe('fi iv')
    expect(normalizeValue('Aa1', ['digits', 'casefold'])).toBe('1')
  })

  it('leave a normalised value as it is, each of them, for any text', () => {
    fc.assert(
      fc.property(fc.constantFrom(...ALL), fc.string({ unit: 'grapheme' }), (name, value) => {
        const once = normalizeValue(value, [name])
        expect(normalizeValue(once, [name])).toBe(once)
      }),
      { numRuns: 2000 },
    )
  })

  it('give upper and lower case of a text one form', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme' }), (value) => {
        const fold = (text: string): string => normalizeValue(text, ['nfkc', 'casefold', 'nfkc'])
        expect(fold(value.toUpperCase())).toBe(fold(value))
      }),
      { numRuns: 2000 },
    )
  })

  it('refuse half a surrogate pair and what is no text', () => {
    for (const value of ['\ud800', 'a\udc00b', null, 7])
      expect(() => normalizeValue(value as string, [])).toThrow(expect.objectContaining({ code: 'PPT_INVALID' }))
  })

  it('are known by name only', () => {
    for (const name of ['lower', 'constructor', ''])
      expect(() => checkNormalizers([name as Normalizer])).toThrow(
        expect.objectContaining({ code: 'PPT_INVALID', detail: expect.stringContaining('nfkc') as string }),
      )
    checkNormalizers(ALL)
  })
})
