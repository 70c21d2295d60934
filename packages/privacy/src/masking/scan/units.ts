/**
 * Text as the scan reads it: one unit a UTF-16 code unit of a string or a byte of a buffer. ASCII stands for itself, everything
 * else for "some other character", so that text and bytes are read alike and offsets are those of the input.
 */
export type Window = {
  readonly units: Uint8Array
  readonly length: number
  /** one character a unit; bytes as Latin-1 */
  readonly slice: (start: number, end: number) => string
  /** the original characters; bytes as UTF-8 */
  readonly text: (start: number, end: number) => string
  /** the text ends where the window ends */
  readonly isFinal: boolean
}

/** Bits of {@link KINDS}: letter, digit or underscore; part of a key's name; digit; space or tab; not the end of a word in running text. */
export const KIND = { word: 1, key: 2, digit: 4, space: 8, solid: 16 } as const

const kindOf = (code: number): number => {
  let kind = 0
  const isDigit = code >= 48 && code <= 57
  const isLetter = (code >= 65 && code <= 90) || (code >= 97 && code <= 122)
  if (isDigit) kind |= KIND.digit
  if (isDigit || isLetter || code === 95) kind |= KIND.word | KIND.key
  if (code === 45 || code === 46 || code === 36) kind |= KIND.key
  if (code === 32 || code === 9) kind |= KIND.space
  if (code > 32 && code !== 34 && code !== 39 && code !== 60 && code !== 62 && code !== 96) kind |= KIND.solid
  return kind
}

/** Bytes as a window on a text. `isFinal`: nothing follows them. */
export const windowOf = (units: Uint8Array, length: number, isFinal: boolean): Window => {
  const bytes = Buffer.from(units.buffer, units.byteOffset, length)
  return {
    // one class of arrays in the loops, whatever was given
    units: units.constructor === Uint8Array ? units : new Uint8Array(units.buffer, units.byteOffset, length),
    length,
    slice: (start, end) => bytes.toString('latin1', start, Math.min(end, length)),
    text: (start, end) => bytes.toString('utf8', start, Math.min(end, length)),
    isFinal,
  }
}

/** What kinds a unit belongs to, by its number. */
export const KINDS: Uint8Array = Uint8Array.from({ length: 256 }, (_, code) => kindOf(code))

export const QUOTE = 34
export const APOSTROPHE = 39
export const BACKSLASH = 92
export const NEWLINE = 10
export const RETURN = 13

/** How many backslashes stand right before `at`. Reads at most `most` of them: a longer row only occurs in hostile text. */
export const backslashesBefore = (units: Uint8Array, at: number, most = 64): number => {
  let count = 0
  while (count < most && count < at && units[at - 1 - count] === BACKSLASH) count++
  return count
}

/** True when the unit at `at` is the letter of an escape such as `\n` (or `\\n`, where JSON stands inside JSON), so that a word may begin after it. */
export const isEscapeLetter = (units: Uint8Array, at: number): boolean => {
  const unit = units[at]
  return (unit === 110 || unit === 114 || unit === 116 || unit === 98 || unit === 102) && at > 0 && units[at - 1] === BACKSLASH
}

/** True when the text at `at` reads as `word` (lower case ASCII), in any case. */
export const readsAs = (units: Uint8Array, at: number, length: number, word: string): boolean => {
  if (at + word.length > length) return false
  for (let i = 0; i < word.length; i++) {
    const unit = units[at + i] ?? 0
    if ((unit >= 65 && unit <= 90 ? unit + 32 : unit) !== word.charCodeAt(i)) return false
  }
  return true
}
