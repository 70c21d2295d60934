/** Begins a text that a server could not keep as it is, or that begins like one; twice, where the text is no Unicode. */
const MARK = '\u0001'
const HALVES = MARK + MARK

/**
 * A text as a server keeps it: UTF-8 has no half of a pair of surrogates, so that two keys would become one, and a column of PostgreSQL takes no NUL. Nearly all are
 * themselves.
 */
export const encodeText = (text: string): string => {
  if (/\p{Cs}/u.test(text)) return HALVES + Buffer.from(text, 'utf16le').toString('base64url')
  return text.includes('\0') || text.startsWith(MARK) ? MARK + Buffer.from(text).toString('base64url') : text
}

/** Undoes {@link encodeText}. */
export const decodeText = (text: string): string => {
  if (text.startsWith(HALVES)) return Buffer.from(text.slice(HALVES.length), 'base64url').toString('utf16le')
  return text.startsWith(MARK) ? Buffer.from(text.slice(1), 'base64url').toString() : text
}
