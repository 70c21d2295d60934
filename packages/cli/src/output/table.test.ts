import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { formatBox } from './box.js'
import { formatTable } from './table.js'
import { displayWidth, fit, wrap } from './width.js'

describe('displayWidth', () => {
  it.each([
    ['abc', 3],
    ['漢字', 4],
    ['e\u0301', 1],
    ['ｆｕｌｌ', 8],
    ['👩', 2],
    ['…', 1],
    ['', 0],
  ])('%j takes %d columns', (text, width) => {
    expect(displayWidth(text)).toBe(width)
  })
})

describe('fit', () => {
  it('never takes more columns than there are, and cuts nothing that fits', () => {
    const word = fc.string({ unit: fc.constantFrom('a', '漢', 'é', '👩', '-') })
    fc.assert(
      fc.property(word, fc.integer({ min: 1, max: 40 }), (text, columns) => {
        const shown = fit(text, columns)
        expect(displayWidth(shown)).toBeLessThanOrEqual(columns)
        expect(shown === text || shown.endsWith('…')).toBe(true)
        expect(shown === text).toBe(displayWidth(text) <= columns)
      }),
    )
  })
})

describe('wrap', () => {
  it('breaks at blanks, keeps every word, and lets only a long word stand out', () => {
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[a-z漢]{1,12}$/), { maxLength: 30 }), fc.integer({ min: 5, max: 40 }), (words, columns) => {
        const lines = wrap(words.join(' '), columns)
        expect(lines.join(' ').split(' ').filter(Boolean)).toEqual(words)
        expect(lines.every((line) => displayWidth(line) <= columns || !line.includes(' '))).toBe(true)
      }),
    )
  })
})

describe('formatTable', () => {
  const columns = [
    { title: 'target', shrinkTo: 8 },
    { title: 'count', align: 'right' as const },
    { title: 'note', shrinkTo: 6 },
  ]

  it('lines columns up by what the terminal shows, not by how many characters there are', () => {
    expect(
      formatTable(columns, [
        ['漢字', '7', 'x'],
        ['203.0.113.7', '1,024', ''],
      ]),
    ).toBe(['target       count  note', '漢字             7  x', '203.0.113.7  1,024'].join('\n'))
  })

  it('escapes every cell, so that no caller can forget it', () => {
    const text = formatTable(columns, [['a\u001b[2Jb', '\n', '\u202e']])
    expect(text).toContain(String.raw`a\x1b[2Jb`)
    expect(text.split('\n')).toHaveLength(2)
    expect(text).not.toMatch(/[^\P{C}\n]/u)
  })

  it('gives up width from the widest column that may, and never a number', () => {
    const text = formatTable(columns, [['2001:db8:aaaa:bbbb:cccc:dddd:eeee:ffff', '1234567', 'a long note about it']], {
      width: 40,
      indent: 2,
    })
    const [, row = ''] = text.split('\n')
    expect(displayWidth(row)).toBeLessThanOrEqual(40)
    expect(row).toContain('1234567')
    expect(row).toMatch(/^ {2}2001:db8:.*…/)
  })

  it('fits every terminal that has room for what may not be cut', () => {
    const cell = fc.string({ unit: fc.constantFrom('a', 'b', '漢', ' ', '\u001b', '1') })
    fc.assert(
      fc.property(
        fc.array(fc.tuple(cell, fc.stringMatching(/^\d{1,7}$/), cell), { minLength: 1, maxLength: 6 }),
        fc.integer({ min: 40, max: 120 }),
        (rows, width) => {
          const lines = formatTable(columns, rows, { width, indent: 2 }).split('\n')
          expect(lines).toHaveLength(rows.length + 1)
          for (const line of lines) {
            expect(displayWidth(line)).toBeLessThanOrEqual(width)
            expect(line).toBe(line.trimEnd())
          }
        },
      ),
    )
  })

  it('cuts nothing for a pipe, and colours without moving anything', () => {
    const long = 'x'.repeat(500)
    expect(formatTable(columns, [[long, '1', '']])).toContain(long)
    const styled = formatTable([{ title: 'a', style: (cell) => `<${cell}>` }, { title: 'b' }], [['1', '2']], {
      styleTitle: (cell) => `[${cell}]`,
    })
    expect(styled).toBe('[a]  [b]\n<1>  2')
  })
})

describe('formatBox', () => {
  it('draws a frame in which every line is as wide as the others', () => {
    const lines = formatBox(['Parapet', '', 'http://localhost:8700', '漢字']).split('\n')
    expect(new Set(lines.map(displayWidth)).size).toBe(1)
    expect(lines).toHaveLength(6)
  })
})
