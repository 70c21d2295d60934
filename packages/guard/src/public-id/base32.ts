/** Digits and small letters without `i`, `l`, `o` and `u`: none looks like another. Source: Crockford's base 32, in lower case. */
export const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

const PAIRS: readonly string[] = Array.from({ length: 1_024 }, (_, i) => (ALPHABET[i >> 5] ?? '') + (ALPHABET[i & 31] ?? ''))
const VALUES = new Int8Array(128).fill(-1)
for (let i = 0; i < ALPHABET.length; i++) VALUES[ALPHABET.charCodeAt(i)] = i

/** Characters that so many bytes take. */
export const encodedLength = (bytes: number): number => Math.ceil((bytes * 8) / 5)

/** Bytes as text, five bits a character, the spare bits at the end zero. */
export const encodeBase32 = (bytes: Uint8Array): string => {
  let text = ''
  let held = 0
  let bits = 0
  for (let i = 0; i < bytes.length; i++) {
    held = ((held << 8) | (bytes[i] ?? 0)) & 0x3ffff
    bits += 8
    if (bits >= 10) {
      bits -= 10
      text += PAIRS[(held >> bits) & 1_023]
    }
  }
  if (bits > 5) return text + PAIRS[(held << (10 - bits)) & 1_023]
  return bits > 0 ? text + ALPHABET[(held << (5 - bits)) & 31] : text
}

/** Reads text from a place on into the bytes, which it must fill; false for another length, another character or spare bits set. */
export const decodeBase32 = (text: string, from: number, into: Uint8Array): boolean => {
  if (text.length - from !== encodedLength(into.length)) return false
  let held = 0
  let bits = 0
  let at = 0
  for (let i = from; i < text.length; i++) {
    const c = text.charCodeAt(i)
    const value = c < 128 ? (VALUES[c] ?? -1) : -1
    if (value < 0) return false
    held = ((held << 5) | value) & 0x1fff
    bits += 5
    if (bits >= 8) {
      bits -= 8
      into[at++] = held >> bits
    }
  }
  return (held & ((1 << bits) - 1)) === 0
}
