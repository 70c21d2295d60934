import { isUtf8 } from 'node:buffer'
import { LINE_BYTES } from '@parapet/detect'

/** A line of a file and the byte at which it begins there. */
export type FileLine = { readonly text: string; readonly offset: number }

/** What was done to lines on the way. */
export type CutCounts = { lines: number; cut: number; invalidUtf8: number }

/** Lines of one chunk, how many bytes of it are done with, and whether what follows belongs to a line that was cut. */
export type CutResult = { readonly lines: readonly FileLine[]; readonly consumed: number; readonly skipping: boolean }

const NEWLINE = 10
const RETURN = 13

/** The longest prefix of at most `LINE_BYTES` that does not split a UTF-8 sequence. */
const cutAt = (bytes: Buffer): number => {
  let end = LINE_BYTES
  while (end > LINE_BYTES - 4 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return ((bytes[end] ?? 0) & 0xc0) === 0x80 ? LINE_BYTES : end
}

const decode = (bytes: Buffer, counts: CutCounts): string => {
  let end = bytes.length
  if (end > 0 && bytes[end - 1] === RETURN) end--
  // a file that was truncated under a writer that goes on at its old place begins with a hole of zeros
  let start = 0
  while (start < end && bytes[start] === 0) start++
  let line = bytes.subarray(start, end)
  if (line.length > LINE_BYTES) {
    counts.cut++
    line = line.subarray(0, cutAt(line))
  }
  if (!isUtf8(line)) counts.invalidUtf8++
  counts.lines++
  return line.toString('utf8')
}

/**
 * Cuts a chunk that begins at byte `base` of a file into lines. What follows the last line end is left for the next chunk, unless it is
 * longer than a line may be: then its beginning is a line, and the rest of it up to its end is passed over (`skipping`). With `last` the
 * rest is a line of its own.
 */
export const cutLines = (chunk: Buffer, base: number, skipping: boolean, counts: CutCounts, last = false): CutResult => {
  const lines: FileLine[] = []
  let at = 0
  if (skipping) {
    const newline = chunk.indexOf(NEWLINE)
    if (newline < 0) return { lines, consumed: chunk.length, skipping: !last }
    at = newline + 1
  }
  for (let newline = chunk.indexOf(NEWLINE, at); newline >= 0; newline = chunk.indexOf(NEWLINE, at)) {
    lines.push({ text: decode(chunk.subarray(at, newline), counts), offset: base + at })
    at = newline + 1
  }
  const rest = chunk.length - at
  if (rest === 0) return { lines, consumed: at, skipping: false }
  if (rest <= LINE_BYTES + 1 && !last) return { lines, consumed: at, skipping: false }
  lines.push({ text: decode(chunk.subarray(at), counts), offset: base + at })
  return { lines, consumed: chunk.length, skipping: !last }
}
