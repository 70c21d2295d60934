import { KIND, KINDS, BACKSLASH } from './units.js'

/** A stretch of text with its escapes decoded: `from` gives, for each decoded unit and for the end, where it stands in the text. */
export type Decoded = {
  readonly start: number
  readonly end: number
  readonly units: Uint8Array
  readonly length: number
  readonly from: Int32Array
}

/** How far a second look goes back and on from the escape that caused it, in characters. */
export const LOOK: { readonly back: number; readonly on: number; readonly base64: number } = { back: 160, on: 512, base64: 4096 }

const ROUNDS = 3

/** Room for one stretch; it is read before the next one is decoded. */
const decodedUnits = new Uint8Array(LOOK.back + LOOK.on + 1)
const origins = new Int32Array(LOOK.back + LOOK.on + 2)

const hexOf = (unit: number | undefined): number => {
  if (unit === undefined) return -1
  if (unit >= 48 && unit <= 57) return unit - 48
  const low = unit | 32
  return low >= 97 && low <= 102 ? low - 87 : -1
}

const hexAt = (units: Uint8Array, at: number, digits: number, length: number): number => {
  let value = 0
  for (let i = at; i < at + digits; i++) {
    const digit = i < length ? hexOf(units[i]) : -1
    if (digit < 0) return -1
    value = value * 16 + digit
  }
  return value
}

/** What the escape at `at` stands for, its length above it (`unit + length * 256`); without an escape the unit itself with length 1. */
const readEscape = (units: Uint8Array, at: number, length: number): number => {
  const unit = units[at] as number
  if (unit === 37) {
    const value = hexAt(units, at + 1, 2, length)
    if (value >= 0) return value + 3 * 256
  } else if (unit === BACKSLASH && at + 1 < length) {
    const next = units[at + 1] as number
    if (next === 47) return 47 + 2 * 256
    if (next === 117) {
      const value = hexAt(units, at + 2, 4, length)
      if (value >= 0) return (value < 128 ? value : 128) + 6 * 256
    }
    if (next === 110 || next === 114 || next === 116 || next === 98 || next === 102) return 10 + 2 * 256
  }
  return unit + 256
}

/** The stretch around an escape that belongs together: up to white space or a quote, within the bounds of {@link LOOK}. */
const stretch = (units: Uint8Array, at: number, length: number): { start: number; end: number } => {
  const isSolid = (i: number): boolean => ((KINDS[units[i] ?? 0] ?? 0) & KIND.solid) !== 0
  let start = at
  while (start > 0 && at - start < LOOK.back && isSolid(start - 1)) start--
  let end = at
  const limit = Math.min(length, at + LOOK.on)
  while (end < limit && isSolid(end)) end++
  return { start, end }
}

/** Decodes `\u0040`, `\/`, `\n` and `%40` (up to three times over, so that `%2540` is seen) around `at`. */
export const decodeAround = (source: Uint8Array, at: number, length: number): Decoded => {
  const { start, end } = stretch(source, at, length)
  let size = end - start
  for (let i = 0; i < size; i++) {
    decodedUnits[i] = source[start + i] as number
    origins[i] = start + i
  }
  origins[size] = end
  // in place: what is written never overtakes what is read
  for (let round = 0; round < ROUNDS; round++) {
    let out = 0
    let isEscaped = false
    for (let i = 0; i < size; out++) {
      const escape = readEscape(decodedUnits, i, size)
      decodedUnits[out] = escape & 255
      origins[out] = origins[i] as number
      // only an escaped percent sign or backslash can make another escape
      isEscaped ||= escape > 511 && ((escape & 255) === 37 || (escape & 255) === BACKSLASH)
      i += escape >> 8
    }
    origins[out] = end
    size = out
    if (!isEscaped) break
  }
  return { start, end, units: decodedUnits, length: size, from: origins }
}

const isBase64 = (unit: number): boolean =>
  (unit >= 65 && unit <= 90) || (unit >= 97 && unit <= 122) || (unit >= 47 && unit <= 57) || unit === 43 || unit === 45 || unit === 95

/** Decodes the base64 (or base64url) text that begins at `start`, at most `LOOK.base64` characters of it; `undefined` when it is short or the middle of a token. */
export const decodeBase64 = (
  source: Uint8Array,
  start: number,
  length: number,
): { readonly end: number; readonly units: Uint8Array } | undefined => {
  if (start > 0 && isBase64(source[start - 1] ?? 0)) return undefined
  let end = start
  const limit = Math.min(length, start + LOOK.base64)
  while (end < limit && isBase64(source[end] ?? 0)) end++
  if (end - start < 24 || source[end] === 46) return undefined
  const text = String.fromCharCode(...source.subarray(start, end))
  while (end < limit && source[end] === 61) end++
  return { end, units: Buffer.from(text, 'base64') }
}
