/** The code units of a text: one by one, and as bytes for {@link isSameRun}. */
export type TextUnits = { readonly codes: Uint16Array; readonly view: DataView }

/** A text as its UTF-16 code units in a typed array, in which a scan is several times faster than in the string. */
export type Units = { readonly load: (text: string) => TextUnits }

/** A view of all units of an array. */
export const viewOf = (codes: Uint16Array): DataView => new DataView(codes.buffer, codes.byteOffset, codes.byteLength)

const FIRST = 65_536
const MOST_KEPT = 1_048_576

/** The array is used again for the next text, and its rest holds what was there before: only `text.length` units count. */
export const createUnits = (): Units => {
  let codes = new Uint16Array(FIRST)
  let kept: TextUnits = { codes, view: viewOf(codes) }
  let bytes = Buffer.from(codes.buffer)
  return {
    load: (text) => {
      if (text.length <= codes.length) {
        bytes.write(text, 0, 'utf16le')
        return kept
      }
      const units = new Uint16Array(text.length)
      const all = Buffer.from(units.buffer)
      all.write(text, 0, 'utf16le')
      const loaded = { codes: units, view: viewOf(units) }
      if (text.length <= MOST_KEPT) [codes, kept, bytes] = [units, loaded, all]
      return loaded
    },
  }
}

/**
 * Eight units at once, as two numbers. Units that read as no number are never the same: a text that has them, which is rare, is read anew. Zero and
 * minus zero are, which only texts with NUL in them could be.
 */
const isSameEight = (a: DataView, i: number, b: DataView, j: number): boolean =>
  a.getFloat64(i, true) === b.getFloat64(j, true) && a.getFloat64(i + 8, true) === b.getFloat64(j + 8, true)

/**
 * True when `size` units of two texts are the same, one of which has no NUL in it; may be false of the same text outside ASCII. Most of a line is read here: a view reads
 * four units at once wherever they stand, an array cannot, and what is left at the end is read together with what was compared before it.
 */
export const isSameRun = (a: DataView, fromA: number, b: DataView, fromB: number, size: number): boolean => {
  let i = fromA * 2
  let j = fromB * 2
  const end = i + size * 2
  if (size >= 8) {
    for (; i + 15 < end; i += 16, j += 16) if (!isSameEight(a, i, b, j)) return false
    return i === end || isSameEight(a, end - 16, b, j + end - i - 16)
  }
  for (; i + 3 < end; i += 4, j += 4) if (a.getInt32(i, true) !== b.getInt32(j, true)) return false
  return i === end || a.getInt16(i, true) === b.getInt16(j, true)
}
