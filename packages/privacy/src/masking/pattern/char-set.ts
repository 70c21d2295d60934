/** Which characters belong: bit 0 to 127 for ASCII, bit 128 for every other character at once. */
export type CharSet = bigint

/** No character at all. */
export const EMPTY: CharSet = 0n

const ALL: CharSet = (1n << 129n) - 1n
const LINE_ENDS: CharSet = (1n << 10n) | (1n << 13n)

/** The characters of `text`, all ASCII. */
export const setOf = (text: string): CharSet => {
  let set = EMPTY
  for (let i = 0; i < text.length; i++) set |= 1n << BigInt(text.charCodeAt(i))
  return set
}

/** The characters from `first` to `last`, both included. */
export const rangeSet = (first: number, last: number): CharSet => ((1n << BigInt(last - first + 1)) - 1n) << BigInt(first)

/** ASCII capitals. */
export const UPPER: CharSet = rangeSet(65, 90)
/** ASCII small letters. */
export const LOWER: CharSet = rangeSet(97, 122)

/** The ten digits. */
export const DIGITS: CharSet = rangeSet(48, 57)

/** Everything else but the ends of a line, which no pattern may cross. */
export const complement = (set: CharSet): CharSet => ALL & ~set & ~LINE_ENDS

/** The set with the other case of each of its ASCII letters. */
export const foldSet = (set: CharSet): CharSet => set | ((set & UPPER) << 32n) | ((set & LOWER) >> 32n)

/** True when both have a member in common. */
export const intersects = (a: CharSet, b: CharSet): boolean => (a & b) !== 0n

/** True when `code` is a member. */
export const has = (set: CharSet, code: number): boolean => (set & (1n << BigInt(code < 128 ? code : 128))) !== 0n

/** How many members it has; all that is not ASCII counts as one. */
export const sizeOf = (set: CharSet): number => {
  let size = sizes.get(set)
  if (size === undefined) {
    size = 0
    for (let rest = set; rest > 0n; rest &= rest - 1n) size++
    sizes.set(set, size)
  }
  return size
}
const sizes = new Map<CharSet, number>()

/** A readable sample of what two sets share, for a message. */
export const sample = (a: CharSet, b: CharSet): string => {
  for (let code = 33; code < 128; code++) if (has(a & b, code)) return JSON.stringify(String.fromCharCode(code))
  return has(a & b, 32) ? 'a space' : 'a character that is not ASCII'
}

/** Writes a set as one byte a unit into `row`, from `at` on. */
export const writeSet = (set: CharSet, row: Uint8Array, at: number): void => {
  for (let code = 0; code < 128; code++) row[at + code] = has(set, code) ? 1 : 0
  row.fill(has(set, 128) ? 1 : 0, at + 128, at + 256)
}
