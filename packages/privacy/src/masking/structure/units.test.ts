import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createUnits, isSameRun, viewOf } from './units.js'

fc.configureGlobal({ seed: 20_261_122 })

const viewOfText = (text: string): DataView => viewOf(Uint16Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)))
const viewOfAscii = (text: string): DataView => viewOf(Uint8Array.from({ length: text.length }, (_, i) => text.charCodeAt(i)))
/** Letters, and units whose bits read as no number, as minus zero or as infinity. */
const unit = fc.constantFrom('a', 'b', '"', '\u8000', '\u7ff0', '\u7ff8', '\ufff0', '\ufffd', '\ud800', '\u0001')
const text = fc.string({ unit, maxLength: 40 })

describe('two runs of units', () => {
  it('are the same only where they are', () => {
    fc.assert(
      fc.property(text, text, text, text, (before, left, right, other) => {
        const [a, b] = [`${before}${left}`, `${other}${right}`]
        const size = Math.min(left.length, right.length)
        const isSame = isSameRun(viewOfText(a), before.length * 2, viewOfText(b), other.length * 2, size * 2)
        expect(isSame && left.slice(0, size) !== right.slice(0, size)).toBe(false)
      }),
      { numRuns: 5_000 },
    )
  })

  const ascii = fc.string({ unit: fc.integer({ min: 1, max: 127 }).map((code) => String.fromCharCode(code)), minLength: 1, maxLength: 70 })
  it.each([
    ['two bytes', viewOfText, 2, '\u0080'],
    ['one byte', viewOfAscii, 1, '\u0000'],
  ] as const)('in ASCII of %s a unit are the same wherever they stand, and differ by any one unit', (_name, view, width, another) => {
    fc.assert(
      fc.property(ascii, fc.nat(9), fc.nat(9), fc.nat(69), (run, before, other, at) => {
        const a = view('x'.repeat(before) + run)
        const isSameAs = (given: string): boolean =>
          isSameRun(a, before * width, view('y'.repeat(other) + given), other * width, run.length * width)
        expect(isSameAs(run)).toBe(true)
        const place = at % run.length
        expect(isSameAs(`${run.slice(0, place)}${another}${run.slice(place + 1)}`)).toBe(false)
      }),
      { numRuns: 2_000 },
    )
  })

  it('with NUL in the text that is looked at are not those of one without', () => {
    expect(isSameRun(viewOfText('aaaa\u0000\u0000\u0000\u8000'), 0, viewOfText('aaaa\u0001\u0000\u0000\u0000'), 0, 16)).toBe(false)
  })
})

describe('the units of a text', () => {
  it.each([0, 1, 65_536, 65_537, 1_048_577])('of %i characters of ASCII are its bytes', (length) => {
    const { load } = createUnits()
    const given = 'abc"'.repeat(Math.ceil(length / 4)).slice(0, length)
    for (let round = 0; round < 2; round++) {
      const { codes, isWide } = load(given)
      expect(isWide).toBe(false)
      expect(Buffer.from(codes.buffer, codes.byteOffset, length).toString('latin1') === given).toBe(true)
    }
  })

  it('are two bytes each as soon as one is not ASCII, wherever it stands and whatever came before', () => {
    const { load } = createUnits()
    fc.assert(
      fc.property(fc.string({ unit: fc.constantFrom('a', 'é', '€', '\u{1f511}', '\ud800'), maxLength: 12 }), (given) => {
        const { codes, isWide } = load(given)
        expect(isWide).toBe(/[^a]/u.test(given))
        expect(String.fromCharCode(...codes.subarray(0, given.length))).toBe(given)
      }),
      { numRuns: 2_000 },
    )
  })

  it.each(['é', '€', '\u{1f511}', '\ud800'])('are two bytes each also where only the last character, %j, does not fit as UTF-8', (last) => {
    // what stands before it takes as many bytes as the whole has units: each é has a byte more than units
    const length = 70_000
    const given = `${'é'.repeat(last.length)}${'a'.repeat(length - 2 * last.length)}${last}`
    expect([given.length, Buffer.byteLength(given.slice(0, -last.length))]).toEqual([length, length])
    expect(createUnits().load(given).isWide).toBe(true)
  })

  it.each([2, 65_536, 65_537, 1_048_577])('of %i other characters are its UTF-16 code units', (length) => {
    const { load } = createUnits()
    const given = 'aé\u{1f511}'.repeat(Math.ceil(length / 4)).slice(0, length)
    for (let round = 0; round < 2; round++) {
      const { codes, view } = load(given)
      for (const at of [0, 1, length >> 1, length - 1].filter((place) => place >= 0 && place < length)) {
        expect(codes[at]).toBe(given.charCodeAt(at))
        expect(view.getUint16(2 * at, true)).toBe(given.charCodeAt(at))
      }
    }
  })
})
