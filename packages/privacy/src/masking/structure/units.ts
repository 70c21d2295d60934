/**
 * The code units of a text: one by one, and as bytes for {@link isSameRun}. Text of ASCII alone, as nearly all of a log is, has one byte a unit, so that
 * half as much is written, compared and kept; other text has two.
 */
export type TextUnits = {
  readonly codes: Codes
  readonly view: DataView
  readonly isWide: boolean
}

/** Units of one width. */
export type Codes = Uint8Array | Uint16Array

/** A text as its code units in a typed array, in which a scan is several times faster than in the string. */
export type Units = { readonly load: (text: string) => TextUnits }

/** A view of all units of an array. */
export const viewOf = (codes: Codes): DataView => new DataView(codes.buffer, codes.byteOffset, codes.byteLength)

const FIRST = 65_536
const MOST_KEPT = 1_048_576
/** Bytes of the longest character in UTF-8: with so much more room than units, as many bytes as units are only written of ASCII. */
const LONGEST = 4

type Room = { readonly units: TextUnits; readonly bytes: Buffer; readonly most: number }

const roomFor = (isWide: boolean, most: number): Room => {
  const codes = isWide ? new Uint16Array(most) : new Uint8Array(most + LONGEST)
  return { units: { codes, view: viewOf(codes), isWide }, bytes: Buffer.from(codes.buffer), most }
}

/** The arrays are used again for the next text, and their rest holds what was there before: only `text.length` units count. */
export const createUnits = (): Units => {
  let narrow = roomFor(false, FIRST)
  let wide: Room | undefined
  return {
    load: (text) => {
      const { length } = text
      let room = length <= narrow.most ? narrow : roomFor(false, length)
      if (length <= MOST_KEPT) narrow = room
      if (room.bytes.write(text, 0, 'utf8') === length) return room.units
      room = wide !== undefined && length <= wide.most ? wide : roomFor(true, Math.max(length, FIRST))
      room.bytes.write(text, 0, 'utf16le')
      if (length <= MOST_KEPT) wide = room
      return room.units
    },
  }
}

/**
 * Eight bytes at once, as a number. Bytes that read as no number are never the same: a text that has them, which none of ASCII has, is read anew. Zero and minus zero are, which
 * only texts with NUL in them could be.
 */
const isSameEight = (a: DataView, i: number, b: DataView, j: number): boolean => a.getFloat64(i, true) === b.getFloat64(j, true)

/**
 * True when `size` bytes of two texts of one width are the same, one of which has no NUL in it; may be false of the same text outside ASCII. Most of a line is read here: a view
 * reads eight bytes at once wherever they stand, an array cannot, and what is left at the end is read together with what was compared before it.
 */
export const isSameRun = (a: DataView, fromA: number, b: DataView, fromB: number, size: number): boolean => {
  let i = fromA
  let j = fromB
  const end = i + size
  if (size >= 8) {
    for (; i + 7 < end; i += 8, j += 8) if (!isSameEight(a, i, b, j)) return false
    return i === end || isSameEight(a, end - 8, b, j + end - i - 8)
  }
  if (size >= 4) return a.getInt32(i, true) === b.getInt32(j, true) && a.getInt32(end - 4, true) === b.getInt32(j + size - 4, true)
  for (; i < end; i++, j++) if (a.getUint8(i) !== b.getUint8(j)) return false
  return true
}
