/** Where something stands in a text: lines and characters counted from 1. A byte that begins no UTF-8 character counts to the one before it. */
export type Place = { readonly line: number; readonly column: number }

/** Follows a text that is passed over once, from its start. */
export type PlaceTracker = {
  /** moves over the bytes from `from` to `to` */
  readonly advance: (bytes: Uint8Array, from: number, to: number) => void
  readonly place: () => Place
}

const NEWLINE = 10

/** A tracker at the first character of the first line. */
export const createPlaceTracker = (): PlaceTracker => {
  let line = 1
  let column = 1
  return {
    advance: (bytes, from, to) => {
      // a view, so that the search for a line's end stops where it is told to
      const view = bytes.subarray(from, to)
      let at = 0
      for (let end = view.indexOf(NEWLINE); end >= 0; end = view.indexOf(NEWLINE, at)) {
        line++
        column = 1
        at = end + 1
      }
      // continuation bytes of UTF-8 are 10xxxxxx
      for (; at < view.length; at++) if (((view[at] ?? 0) & 0xc0) !== 0x80) column++
    },
    place: () => ({ line, column }),
  }
}
