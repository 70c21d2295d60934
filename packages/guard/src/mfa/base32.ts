const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** The value of each ASCII character, in either case; 255 for one that is not of the alphabet. */
const VALUES = new Uint8Array(128).fill(255)
for (let i = 0; i < 32; i++) {
  VALUES[ALPHABET.charCodeAt(i)] = i
  VALUES[ALPHABET.toLowerCase().charCodeAt(i)] = i
}

/** Bytes as base32 without padding, as `otpauth:` addresses want them. Source: RFC 4648, section 6. */
export const toBase32 = (bytes: Uint8Array): string => {
  let text = ''
  let [held, bits] = [0, 0]
  for (const byte of bytes) {
    held = ((held << 8) | byte) & 0xfff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      text += ALPHABET[(held >> bits) & 31]
    }
  }
  return bits === 0 ? text : text + ALPHABET[(held << (5 - bits)) & 31]
}

/**
 * The bytes of a base32 text in either case, with or without its padding; `undefined` for anything else, also for a length or for
 * trailing bits that no encoder writes. Linear. Source: RFC 4648, section 6.
 */
export const fromBase32 = (text: string): Uint8Array | undefined => {
  let end = text.length
  while (end > 0 && text.charCodeAt(end - 1) === 61) end--
  const loose = end & 7
  if (loose === 1 || loose === 3 || loose === 6) return undefined
  // padding, where there is some, fills up the last group of eight and no more
  if (end < text.length && (text.length % 8 !== 0 || text.length - end > 6)) return undefined
  const bytes = new Uint8Array((end * 5) >> 3)
  let [held, bits, at] = [0, 0, 0]
  for (let i = 0; i < end; i++) {
    const code = text.charCodeAt(i)
    const value = code < 128 ? (VALUES[code] ?? 255) : 255
    if (value === 255) return undefined
    held = ((held << 5) | value) & 0xfff
    bits += 5
    if (bits >= 8) {
      bits -= 8
      bytes[at++] = (held >> bits) & 255
    }
  }
  return (held & ((1 << bits) - 1)) === 0 ? bytes : undefined
}
