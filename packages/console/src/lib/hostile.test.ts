import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HOSTILE } from '../test/fixtures.js'
import { escapeOf, flattenHostile, safeJson, splitHostile } from './hostile.js'

const shownText = (text: string, limit = 1_000, lines = false): string =>
  splitHostile(text, { limit, lines })
    .parts.map((part) => part.text)
    .join('')
// oxlint-disable-next-line no-control-regex -- control characters are what must not come through
const OBEYED = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]|[\u{e0000}-\u{e007f}]/u

describe('splitHostile', () => {
  it('leaves ordinary text of any script as it is', () => {
    for (const text of ['m.okafor', '203.0.113.7', 'Größe: 12 µs', 'пользователь', '用户名', 'مستخدم', '/a/b?c=d&e=%20'])
      expect(shownText(text)).toBe(text)
  })

  it('shows a right-to-left override instead of obeying it', () => {
    expect(splitHostile(HOSTILE.bidi, { limit: 100 }).parts).toEqual([
      { kind: 'text', text: 'invoice' },
      { kind: 'escape', text: '\\u202e', name: 'U+202E right-to-left override' },
      { kind: 'text', text: 'fdp.exe' },
    ])
  })

  it('shows terminal escapes and line breaks, so that one log line cannot look like two', () => {
    expect(shownText(HOSTILE.ansi)).toBe('admin\\x1b[2J\\x1b[31mroot\\r\\nNov 21 sshd: Accepted password for root')
  })

  it('tells two names apart that differ only by zero-width characters', () => {
    expect(shownText(HOSTILE.zeroWidth)).toBe('ad\\u200bmi\\u2060n\\ufeff')
    expect(shownText(HOSTILE.zeroWidth)).not.toBe(shownText('admin'))
  })

  it('cuts a tower of combining marks to three and says how many more there were', () => {
    const { parts } = splitHostile(HOSTILE.zalgo, { limit: 1_000 })
    expect(parts).toEqual([
      { kind: 'text', text: 'z\u0301\u0323\u0334' },
      { kind: 'escape', text: '+117 marks', name: '117 more combining marks on one character' },
      { kind: 'text', text: 'a' },
    ])
    expect(shownText('Ấ e\u0301')).toBe('Ấ e\u0301')
  })

  it('bounds what is shown and says how much was left out', () => {
    const { parts, rest } = splitHostile(HOSTILE.long, { limit: 100 })
    expect(parts).toEqual([{ kind: 'text', text: `/${'A'.repeat(99)}` }])
    expect(rest).toBe(HOSTILE.long.length - 100)
    expect(splitHostile('abc', { limit: 3 }).rest).toBe(0)
  })

  it('keeps lines only where text stands in lines of its own', () => {
    expect(shownText('a\n\tb', 100, true)).toBe('a\n\tb')
    expect(shownText('a\n\tb', 100, false)).toBe('a\\n\\tb')
    expect(shownText('a\r\nb', 100, true)).toBe('a\\r\nb')
  })

  it('never lets a character through that a browser, a bidi algorithm or a terminal would obey', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 300 }), fc.integer({ min: 1, max: 400 }), (text, limit) => {
        for (const part of splitHostile(text, { limit }).parts) expect(part.text).not.toMatch(OBEYED)
      }),
    )
  })

  it('loses nothing but what it says: what was read and what is left make the length', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(splitHostile(text, { limit: 100_000 }).rest).toBe(0)
        const { rest } = splitHostile(text, { limit: 10 })
        expect(rest).toBeGreaterThanOrEqual(0)
        expect(rest).toBeLessThanOrEqual(text.length)
      }),
    )
  })

  it('never shows more than the limit and one escape', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 500 }), fc.integer({ min: 1, max: 60 }), (text, limit) => {
        const marks = shownText(text, limit).length
        // an astral character counts once but has two units; the last escape may overhang
        expect(marks).toBeLessThanOrEqual(2 * limit + 24)
      }),
    )
  })

  it('takes a megabyte of marks in bounded time', () => {
    const { parts, rest } = splitHostile(`a${'\u0301'.repeat(1_000_000)}`, { limit: 160 })
    expect(parts.length).toBeLessThan(4)
    expect(rest).toBeGreaterThan(900_000)
  })
})

describe('escapeOf', () => {
  it('writes each range as a programmer reads it', () => {
    expect([0x09, 0x0a, 0x0d, 0x1b, 0x202e, 0xe0041].map(escapeOf)).toEqual(['\\t', '\\n', '\\r', '\\x1b', '\\u202e', '\\u{e0041}'])
  })
})

describe('flattenHostile', () => {
  it('gives one visible line for labels and titles, with an ellipsis where it was cut', () => {
    expect(flattenHostile('a\u202eb')).toBe('a\\u202eb')
    expect(flattenHostile('abcdef', 3)).toBe('abc…')
  })
})

describe('safeJson', () => {
  it('is the same value when it is read again, whatever the text', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string({ unit: 'binary' }), fc.string({ unit: 'binary' }), { noNullPrototype: true }), (value) => {
        expect(JSON.parse(safeJson(value))).toEqual(value)
      }),
    )
  })

  it('holds no character that is obeyed, so that what is copied is safe to paste', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 200 }), (text) => {
        expect(safeJson({ text }).replaceAll('\n', '')).not.toMatch(OBEYED)
      }),
    )
    expect(safeJson({ name: HOSTILE.bidi })).toContain('\\u202e')
    expect(safeJson({ tag: '\u{e0041}' })).toContain('\\udb40\\udc41')
  })
})
