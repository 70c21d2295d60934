import { BACKSLASH, NEWLINE, readsAs, RETURN } from './units.js'

/** How far the body of a key has been read: `mid` inside a long line, `solidTo` after the last piece that belongs to it. */
export type PemState = { mid: boolean; solidTo: number }

const END_LINE = '-----end '
const MOST_LOOKED = 128
const LEAST_LINE = 16
const HEADERS = ['proc-type:', 'dek-info:', 'version:', 'comment:', 'hash:', 'charset:', 'messageid:', 'x-']

const isBase64 = (unit: number): boolean =>
  (unit >= 65 && unit <= 90) || (unit >= 97 && unit <= 122) || (unit >= 47 && unit <= 57) || unit === 43 || unit === 61

/** Length of white space at `at`, also written as an escape: `\n`, `\\n`. */
const gapAt = (units: Uint8Array, at: number, length: number): number => {
  const unit = units[at]
  if (unit === 32 || unit === 9 || unit === NEWLINE || unit === RETURN) return 1
  let slashes = 0
  while (slashes < 8 && at + slashes < length && units[at + slashes] === BACKSLASH) slashes++
  const letter = units[at + slashes]
  if (slashes > 0 && (letter === 110 || letter === 114 || letter === 116)) return slashes + 1
  // a backslash before a real end of line, as in a shell script
  return slashes > 0 && letter === NEWLINE ? slashes + 1 : 0
}

const lineEnd = (units: Uint8Array, from: number, length: number): number => {
  let at = from
  while (at < length && at - from < MOST_LOOKED && units[at] !== NEWLINE && units[at] !== BACKSLASH && units[at] !== 34) at++
  return at
}

const pieceEnd = (units: Uint8Array, from: number, limit: number): number => {
  let at = from
  while (at < limit && isBase64(units[at] ?? 0)) at++
  return at
}

/** True for a short last line: what follows it is the END line. */
const isLastLine = (units: Uint8Array, from: number, length: number): boolean => {
  let at = from
  for (let gaps = 0; gaps < 6; gaps++) {
    const gap = at < length ? gapAt(units, at, length) : 0
    if (gap === 0) break
    at += gap
  }
  return readsAs(units, at, length, '-----end')
}

/**
 * Reads the body of a private key from `from`: lines of base64 and its headers, up to the END line (RFC 7468). Gives `done` and the place
 * after it, or the place from which to go on when `to` was reached. A text that breaks off is a body as far as it looks like one.
 */
export const readPem = (units: Uint8Array, from: number, to: number, length: number, state: PemState): { at: number; done: boolean } => {
  let at = from
  while (at < to) {
    if (state.mid) {
      at = pieceEnd(units, at, to)
      state.solidTo = at
      if (at >= to) return { at, done: false }
      state.mid = false
    }
    const gap = gapAt(units, at, length)
    if (gap > 0) {
      at += gap
      continue
    }
    if (readsAs(units, at, length, END_LINE)) {
      let close = at + END_LINE.length
      while (close < length && close - at < 80 && units[close] !== 45 && units[close] !== NEWLINE) close++
      while (close < length && close - at < 90 && units[close] === 45) close++
      return { at: close, done: true }
    }
    const header = HEADERS.some((name) => readsAs(units, at, length, name))
    if (header) {
      at = lineEnd(units, at, length)
      state.solidTo = at
      continue
    }
    const end = pieceEnd(units, at, Math.min(length, at + MOST_LOOKED))
    if (end - at >= MOST_LOOKED) {
      state.mid = true
      continue
    }
    // a checksum line of PGP begins with =
    const isLine = end - at >= LEAST_LINE || (end > at && (units[at] === 61 || units[end - 1] === 61 || isLastLine(units, end, length)))
    if (!isLine) return { at: state.solidTo, done: true }
    at = end
    state.solidTo = end
  }
  return { at, done: false }
}
