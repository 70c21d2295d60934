import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ENDINGS, plainName, typeOf } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })
const bytes = (hex: string): Buffer => Buffer.from(`${hex}00112233`, 'hex')

describe('the type of a file', () => {
  it.each([
    ['a.pdf', bytes('255044462d'), 'application/pdf'],
    ['A.PDF', bytes('255044462d'), 'application/pdf'],
    ['a.png', bytes('89504e470d0a1a0a'), 'image/png'],
    ['a.jpeg', bytes('ffd8ff'), 'image/jpeg'],
    ['a.txt', Buffer.from('grüße'), 'text/plain; charset=utf-8'],
    ['a.html.txt', Buffer.from('<b>'), 'text/plain; charset=utf-8'],
    ['a.pdf', bytes('504b0304'), undefined],
    ['a.png', Buffer.from('89504e47'), undefined],
    ['a.txt', Buffer.from([0xff, 0xfe, 0x41]), undefined],
    ['a.txt', Buffer.from('a\0b'), undefined],
    ['a.txt', Buffer.alloc(0), undefined],
    ['a.svg', Buffer.from('<svg/>'), undefined],
    ['txt', Buffer.from('hello'), 'text/plain; charset=utf-8'],
    ['a.constructor', Buffer.from('hello'), undefined],
  ])('%s is taken for what both its name and its beginning say', (name, content, expected) => {
    expect(typeOf(name, content)).toBe(expected)
  })

  it('is never one that a browser runs', () => {
    const all = ENDINGS.map((ending) => typeOf(`a.${ending}`, Buffer.from('hello')) ?? typeOf(`a.${ending}`, bytes('255044462d')))
    expect(all.filter((type) => type !== undefined && /html|xml$|svg|javascript/.test(type))).toEqual([])
  })
})

describe('the name of a file', () => {
  it('never holds a folder, a quote or a control character, and keeps its ending', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400, unit: 'binary' }), (text) => {
        const name = plainName(`${text}.txt`)
        expect(name.length).toBeLessThanOrEqual(120)
        expect(name).not.toMatch(/[\\/"<>\p{Cc}\p{Cf}]/u)
        expect(name.endsWith('.txt')).toBe(true)
      }),
    )
  })
})
