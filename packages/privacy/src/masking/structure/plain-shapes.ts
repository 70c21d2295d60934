import type { Codes } from './units.js'

/** Values of one form, and examples of it. */
type Mask = { readonly mask: string; readonly examples: readonly string[] }

const DIGITS = '0123456789'
const LETTERS: Readonly<Record<string, string>> = { h: `${DIGITS}abcdef`, '0': DIGITS }

/** Forms of a fixed length: `h` a hexadecimal digit in lower case, `0` a digit, everything else itself. */
const MASKS: readonly Mask[] = [
  {
    mask: 'hhhhhhhh-hhhh-hhhh-hhhh-hhhhhhhhhhhh',
    examples: ['0192f0aa-1b2c-7def-8123-456789abcdef', '3f2504e0-4f89-41d3-9a0c-030512345678'],
  },
  { mask: '0000-00-00T00:00:00.000Z', examples: ['2026-01-02T03:04:05.678Z'] },
  { mask: '0000-00-00T00:00:00Z', examples: ['1999-12-31T23:59:59Z'] },
]
const QUADS = ['203.0.113.7', '10.0.0.1', '8.8.8.8', '192.168.100.200']
const MOST = 36

/** Every letter of a mask has a bit, and every unit the bits of the letters that it may stand for. */
const BITS: readonly string[] = [...new Set(MASKS.flatMap(({ mask }) => mask.split('')))]
const BITS_OF: Uint8Array = Uint8Array.from({ length: 128 }, (_, unit) =>
  BITS.reduce((bits, letter, n) => bits | ((LETTERS[letter] ?? letter).includes(String.fromCharCode(unit)) ? 1 << n : 0), 0),
)
const bitsOf = (mask: string): Uint8Array => Uint8Array.from(mask.split(''), (letter) => 1 << BITS.indexOf(letter))

const fits = (bits: Uint8Array, units: Codes, from: number, length: number): boolean => {
  for (let i = 0; i < length; i++) {
    const unit = units[from + i] as number
    if (unit > 127 || ((BITS_OF[unit] as number) & (bits[i] as number)) === 0) return false
  }
  return true
}

const isDottedQuad = (units: Codes, from: number, length: number): boolean => {
  let dots = 0
  let digits = 0
  for (let i = from; i < from + length; i++) {
    const unit = units[i] as number
    if (unit >= 48 && unit <= 57) {
      if (++digits > 3) return false
    } else if (unit === 46 && digits > 0) {
      dots++
      digits = 0
    } else return false
  }
  return dots === 3 && digits > 0
}

/** True for a value that may be passed without a scan. */
export type PlainShapes = (units: Codes, from: number, to: number) => boolean

/**
 * Recognises UUIDs, IPv4 addresses and timestamps, in which rules find nothing. Each form is tried on the masker first: one that the policy
 * hides, such as addresses where `ipv4` is on, is never passed.
 */
export const createPlainShapes = (maskText: (value: string) => string): PlainShapes => {
  const isLeft = (examples: readonly string[]): boolean => examples.every((example) => maskText(example) === example)
  const byLength = Array.from({ length: MOST + 1 }, (_, length) => {
    const found = MASKS.find(({ mask, examples }) => mask.length === length && isLeft(examples))
    return found === undefined ? undefined : bitsOf(found.mask)
  })
  const hasQuads = isLeft(QUADS)
  return (units, from, to) => {
    const length = to - from
    if (length > MOST || length < 7) return false
    if (length <= 15) return hasQuads && isDottedQuad(units, from, length)
    const bits = byLength[length]
    return bits !== undefined && fits(bits, units, from, length)
  }
}
