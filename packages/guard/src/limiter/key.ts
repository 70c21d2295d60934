import { createHash } from 'node:crypto'

/** A part of a limiter's key: an address prefix, a subject, a route. */
export type KeyPart = string | number

/** Keys longer than this are held as their SHA-256, so that nobody fills memory with long names. */
const LONGEST = 256

/**
 * One text for several parts. Each part carries its length, so that no two different lists give the same key:
 * `['ab', 'c']` and `['a', 'bc']` stay apart whatever the parts hold.
 */
export const joinKey = (parts: readonly KeyPart[]): string => {
  const [first] = parts
  // one plain part, by far the most frequent, is its own key; the marks below keep it apart from all others
  if (parts.length === 1 && typeof first === 'string' && first.length <= LONGEST && first.charCodeAt(0) > 1) return first
  let key = '\u0000'
  for (const part of parts) {
    const text = String(part)
    key += `${typeof part === 'number' ? 'n' : 's'}${text.length}:${text}`
  }
  return key.length <= LONGEST ? key : `\u0001${createHash('sha256').update(key).digest('base64url')}`
}
