import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isPredictable } from './predictable.js'

fc.configureGlobal({ seed: 20_261_122 })

describe('a pattern that a guesser has at once', () => {
  it.each([
    'aaaaaaaa', 'ZZZZZZZZZZ', 'abababab', 'xyzxyzxyz', 'ab12ab12', '12121212', '!?!?!?!?', 'ééééééééé',
    'qwertyuiop', 'poiuytrewq', 'asdfghjkl', 'QwErTyUiOp', 'qwertzui', 'azertyui', 'qwertasdf', 'zxcvasdf', 'abcdefgh', 'hgfedcba', 'ABCDEFGH', 'abcd1234', '4321dcba',
    '12345678', '87654321', '456789012'.slice(0, 8), '34567890',
    '01011990', '31121999', '19900101', '12312001', '1.1.1990', '01.01.1990', '1990-12-31', '12/31/2001', '24-12-85'.replace('85', '1985'),
  ])('is %s', (password) => {
    expect(isPredictable(password)).toBe(true)
  }) // prettier-ignore

  it.each([
    'correct horse battery', 'tk4-lamp-orbit', '99998877'.replace('7', '3'), '31415926', '20991301', '32131990', 'qwe7rty!lamp', 'aaaaaaab1c', 'abcxyzqm',
    '1990-12-31x', '1990-12.31', '17-1990-31', 'zebra umbrella',
  ])('is not %s', (password) => {
    expect(isPredictable(password)).toBe(false)
  }) // prettier-ignore

  it('is any piece of up to four characters over and over', () => {
    fc.assert(
      fc.property(
        fc.string({ minLength: 1, maxLength: 4, unit: fc.constantFrom('a', 'b', 'c', '1', '2', '!', '?') }),
        fc.integer({ min: 8, max: 60 }),
        (piece, length) => {
          expect(isPredictable(piece.repeat(length).slice(0, length))).toBe(true)
        },
      ),
    )
  })

  it('is any day of the last hundred years in the three orders that people use', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1926, max: 2026 }),
        fc.integer({ min: 1, max: 12 }),
        fc.integer({ min: 1, max: 28 }),
        (year, month, day) => {
          const [y, m, d] = [String(year), String(month).padStart(2, '0'), String(day).padStart(2, '0')]
          for (const date of [`${y}${m}${d}`, `${d}${m}${y}`, `${m}${d}${y}`, `${y}-${m}-${d}`, `${d}.${m}.${y}`, `${m}/${d}/${y}`])
            expect(isPredictable(date)).toBe(true)
        },
      ),
    )
  })

  it('is hardly ever what is random', () => {
    let found = 0
    fc.assert(
      fc.property(fc.string({ minLength: 10, maxLength: 64, unit: 'binary-ascii' }), (text) => {
        if (isPredictable(text)) found++
      }),
      { numRuns: 1_000 },
    )
    expect(found).toBeLessThan(30)
  })

  it('is looked for in bounded time', () => {
    const began = process.cpuUsage()
    for (const text of ['a'.repeat(1_000_000), '1'.repeat(64), 'qwertyuiop'.repeat(100_000), `${'9'.repeat(500_000)}-1-1`])
      for (let i = 0; i < 200; i++) isPredictable(text)
    const { user, system } = process.cpuUsage(began)
    expect((user + system) / 1_000).toBeLessThan(1_500)
    expect(['a'.repeat(65), 'abc'.repeat(300), `${'a'.repeat(65)}b`, 'a'.repeat(1_025)].map(isPredictable)).toEqual([
      true,
      true,
      false,
      false,
    ])
  })
})
