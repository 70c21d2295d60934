import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { CSV_HEAD, csvCell, csvLine } from './csv.js'

/** Reads one line of CSV as RFC 4180 has it. */
const readLine = (line: string): string[] => {
  const cells: string[] = []
  let at = 0
  while (at <= line.length) {
    let cell = ''
    if (line[at] === '"') {
      for (at++; line[at] !== '"' || line[at + 1] === '"'; at++) {
        if (line[at] === '"') at++
        cell += line[at] ?? ''
      }
      at++
    } else for (; at < line.length && line[at] !== ','; at++) cell += line[at]
    cells.push(cell)
    at++
  }
  return cells
}
const hostile = fc.string({ unit: fc.constantFrom('=', '+', '-', '@', '"', ',', ';', '\n', '\r', '\t', ' ', 'a', '|', "'"), maxLength: 12 })

describe('a cell', () => {
  it('is never a formula, stays one cell, and loses nothing but gains an apostrophe', () => {
    fc.assert(
      fc.property(hostile, (text) => {
        const cells = readLine(`${csvCell('a')},${csvCell(text)},${csvCell('b')}`)
        expect(cells).toHaveLength(3)
        expect(cells[1]).not.toMatch(/^\s*[=+\-@|%]/)
        expect([text, `'${text}`]).toContain(cells[1])
      }),
      { seed: 20_261_122 },
    )
  })

  it('of a number stays a number, also below zero; of nothing is nothing', () => {
    expect([-5, 0, 1.5, true, undefined, null, ''].map(csvCell)).toEqual(['-5', '0', '1.5', 'true', '', '', '""'])
    expect(csvCell(['=x'])).toBe('"[""=x""]"')
  })
})

describe('a line', () => {
  it('has as many cells as the first one, whatever an event holds', () => {
    const width = readLine(CSV_HEAD.trimEnd()).length
    fc.assert(
      fc.property(hostile, hostile, hostile, (name, value, message) => {
        const line = csvLine({
          id: name,
          sequence: 1,
          receivedAt: 5,
          source: { id: 's', name },
          event: { '@timestamp': 1, message, [`x${name}`]: value, 'user.name': value },
        })
        expect(line.endsWith('\r\n')).toBe(true)
        expect(readLine(line.slice(0, -2))).toHaveLength(width)
      }),
      { seed: 20_261_122 },
    )
  })
})
