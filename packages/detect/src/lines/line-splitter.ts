import { isAscii, isUtf8 } from 'node:buffer'

/** What was done to lines on the way, counted so that nothing is changed in silence. */
export type LineCounts = {
  /** lines delivered, empty ones too */
  lines: number
  /** lines longer than the limit: what is beyond it was left out */
  cut: number
  /** lines that held bytes which are no UTF-8: each such sequence became U+FFFD */
  invalidUtf8: number
}

/** Turns chunks of bytes into lines without their ends (`\n` or `\r\n`). A line is at most `maxBytes` bytes of the input. */
export type LineSplitter = {
  /** the lines that end in this chunk; the chunk may be reused afterwards */
  push: (chunk: Buffer) => string[]
  /** the last line, when the input did not end with a line end */
  end: () => string[]
  readonly counts: LineCounts
}

const NEWLINE = 10
const RETURN = 13
const BOM = Buffer.from([0xef, 0xbb, 0xbf])

/** The longest prefix of at most `most` bytes that does not split a UTF-8 sequence. */
const cutAt = (bytes: Buffer, most: number): number => {
  let end = most
  while (end > most - 4 && end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--
  return ((bytes[end] ?? 0) & 0xc0) === 0x80 ? most : end
}

/** A {@link LineSplitter}. Memory is one chunk's lines and at most `maxBytes` of an unfinished one. */
export const createLineSplitter = (maxBytes: number): LineSplitter => {
  const counts: LineCounts = { lines: 0, cut: 0, invalidUtf8: 0 }
  // the start of a line whose end has not come yet; four bytes more than a line, to see where a sequence may be cut
  const pending = Buffer.alloc(maxBytes + 4)
  let pendingBytes = 0
  /** bytes of the unfinished line in all, those left out included */
  let pendingTotal = 0

  const decode = (bytes: Buffer, from: number, to: number, ascii: boolean): string => {
    // each line becomes a string of its own: a slice of one big string would keep the chunk in memory with it
    if (ascii) return bytes.toString('latin1', from, to)
    const line = bytes.subarray(from, to)
    if (isAscii(line)) return bytes.toString('latin1', from, to)
    if (!isUtf8(line)) counts.invalidUtf8++
    return bytes.toString('utf8', from, to)
  }

  const take = (bytes: Buffer, from: number, to: number, ascii: boolean, over: boolean): string => {
    let start = from
    let end = to
    if (counts.lines === 0 && to - from >= 3 && bytes.subarray(from, from + 3).equals(BOM)) start += 3
    counts.lines++
    if (end > start && bytes[end - 1] === RETURN) end--
    if (over || end - start > maxBytes) counts.cut++
    if (end - start > maxBytes) end = start + cutAt(bytes.subarray(start, end), maxBytes)
    return decode(bytes, start, end, ascii)
  }

  const hold = (bytes: Buffer, from: number, to: number): void => {
    pendingTotal += to - from
    const room = pending.length - pendingBytes
    if (room > 0) pendingBytes += bytes.copy(pending, pendingBytes, from, Math.min(to, from + room))
  }

  const release = (): string => {
    const line = take(pending, 0, pendingBytes, false, pendingTotal > pendingBytes)
    pendingBytes = 0
    pendingTotal = 0
    return line
  }

  return {
    counts,
    push: (chunk) => {
      const lines: string[] = []
      let at = 0
      if (pendingTotal > 0) {
        const newline = chunk.indexOf(NEWLINE)
        hold(chunk, 0, newline < 0 ? chunk.length : newline)
        if (newline < 0) return lines
        lines.push(release())
        at = newline + 1
      }
      const ascii = isAscii(chunk)
      let start = at
      for (let newline = chunk.indexOf(NEWLINE, start); newline >= 0; newline = chunk.indexOf(NEWLINE, start)) {
        lines.push(take(chunk, start, newline, ascii, false))
        start = newline + 1
      }
      if (start < chunk.length) hold(chunk, start, chunk.length)
      return lines
    },
    end: () => (pendingTotal > 0 ? [release()] : []),
  }
}
