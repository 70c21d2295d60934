import type { Window } from './units.js'

const KEPT = 1 << 20
/** Not ASCII; the second half of a surrogate pair reads as a continuation byte, so that neither is cut in two. */
const [OTHER, CONTINUED] = [0xff, 0x80] as const

/** Turns strings into units. The window it gives holds until the next call. */
export type TextUnits = { readonly read: (text: string) => Window }

/** Keeps one buffer for texts up to 1 MiB; longer ones get their own. */
export const createTextUnits = (): TextUnits => {
  const encoder = new TextEncoder()
  let buffer = new Uint8Array(8192)

  const roomFor = (size: number): Uint8Array => {
    if (size <= buffer.length) return buffer
    if (size > KEPT) return new Uint8Array(size)
    buffer = new Uint8Array(Math.min(KEPT, 2 ** Math.ceil(Math.log2(size))))
    return buffer
  }
  return {
    read: (text) => {
      const { length } = text
      const units = roomFor(length)
      const { read, written } = encoder.encodeInto(text, units)
      if (read !== length || written !== length) {
        // not all ASCII: one unit a code unit, so that offsets are those of the string
        const wide = Buffer.from(text, 'utf16le')
        for (let i = 0; i < length; i++) {
          const high = wide[2 * i + 1] as number
          const low = wide[2 * i] as number
          units[i] = high === 0 && low < 128 ? low : (high & 0xfc) === 0xdc ? CONTINUED : OTHER
        }
      }
      const slice = (start: number, end: number): string => text.slice(start, end)
      return { units, length, slice, text: slice, isFinal: true }
    },
  }
}
