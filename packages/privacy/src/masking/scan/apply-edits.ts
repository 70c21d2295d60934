import type { Edit } from './text-pass.js'

/** Copying less than this byte by byte is faster than asking for it. */
const SHORT = 48

/** A copy of bytes with its edits made. What replaces a value is always ASCII. */
export const applyToBytes = (bytes: Buffer, edits: readonly Edit[]): Buffer => {
  let size = bytes.length
  for (const { start, end, text } of edits) size += text.length - (end - start)
  const out = Buffer.allocUnsafe(size)
  let to = 0
  let at = 0
  const copyUpTo = (end: number): void => {
    if (end - at > SHORT) {
      bytes.copy(out, to, at, end)
      to += end - at
      at = end
    } else while (at < end) out[to++] = bytes[at++] as number
  }
  for (const { start, end, text } of edits) {
    copyUpTo(start)
    to += out.write(text, to, 'latin1')
    at = end
  }
  copyUpTo(bytes.length)
  return out
}

/** A text with its edits made. */
export const applyToText = (value: string, edits: readonly Edit[]): string => {
  let text = ''
  let at = 0
  for (const edit of edits) {
    text += value.slice(at, edit.start) + edit.text
    at = edit.end
  }
  return text + value.slice(at)
}
