import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { displayName, nameKey } from './names.js'

const taken = (name: string): boolean => displayName.safeParse(name).success

describe('displayName', () => {
  it('takes names of people and machines in any script', () => {
    for (const name of ['ann', 'Ann O’Neil', 'Zoë', '山田 太郎', 'web-1.example', 'علي', 'a@b.example', '<b>bold</b>'])
      expect(taken(name)).toBe(true)
  })

  it('refuses what could forge a log line, hide, or turn the text around', () => {
    for (const name of ['a\nb', 'a\r', 'a\0b', '\u001b[31mred', 'a\u202Eb', 'a\u200Bb', '\uFEFFann', 'a\u2028b', 'a\uD800'])
      expect(taken(name)).toBe(false)
  })

  it('refuses nothing, only space, space at the ends and 81 characters', () => {
    for (const name of ['', ' ', ' ann', 'ann ', '\u3000', 'x'.repeat(81)]) expect(taken(name)).toBe(false)
    expect(taken('x'.repeat(80))).toBe(true)
  })

  it('answers in linear time for any text', () => {
    fc.assert(fc.property(fc.string({ maxLength: 400, unit: 'binary' }), (text) => typeof taken(text) === 'boolean'))
  })
})

describe('nameKey', () => {
  it('is stable: the key of a key is itself', () => {
    fc.assert(fc.property(fc.string({ unit: 'grapheme', maxLength: 40 }), (name) => nameKey(nameKey(name)) === nameKey(name)))
  })
})
