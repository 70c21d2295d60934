import { ParapetError } from '@parapet/core'

/** What a text that holds a sealed value begins with. */
export const TEXT_PREFIX = 'ppt1.'

/**
 * The layout of a sealed value, in bytes:
 * `version 1 | algorithm 1 | key id 4, big-endian | salt 24 | commitment 32 | ciphertext | tag 16`.
 */
export const LAYOUT = { version: 1, algorithm: 1, keyId: 2, salt: 6, commitment: 30, ciphertext: 62, tag: 16, overhead: 78 } as const

/** Bytes of plain value that are sealed: beyond it a value belongs into a file, not into a field. */
export const MAX_PLAIN_BYTES: number = 64 * 1024 * 1024

const MAX_TEXT_LENGTH = TEXT_PREFIX.length + Math.ceil(((MAX_PLAIN_BYTES + LAYOUT.overhead) * 4) / 3)

/** True for text that claims to be sealed, whole or damaged: it must be opened, and is never taken for plain text. */
export const isSealedText = (value: string): boolean => value.startsWith(TEXT_PREFIX)

/** True for bytes that have the shape of a sealed value. */
export const hasSealedShape = (bytes: Uint8Array): boolean =>
  bytes.length >= LAYOUT.overhead && bytes[0] === LAYOUT.version && bytes[1] === LAYOUT.algorithm

/** The bytes of a sealed text, or `undefined` when it is none, or is spelled in any other way than we spell it. */
export const decodeSealedText = (text: string): Buffer | undefined => {
  if (!text.startsWith(TEXT_PREFIX) || text.length > MAX_TEXT_LENGTH) return undefined
  const encoded = text.slice(TEXT_PREFIX.length)
  const bytes = Buffer.from(encoded, 'base64url')
  // Node skips what is no base64 and ignores spare bits: two texts must never stand for one value
  return bytes.toString('base64url') === encoded ? bytes : undefined
}

/** Text form of sealed bytes. */
export const encodeSealedText = (bytes: Buffer): string => TEXT_PREFIX + bytes.toString('base64url')

/** The key id in a sealed value, which {@link hasSealedShape} must have found to be one. */
export const keyIdIn = (bytes: Uint8Array): number =>
  (((bytes[2] ?? 0) << 24) | ((bytes[3] ?? 0) << 16) | ((bytes[4] ?? 0) << 8) | (bytes[5] ?? 0)) >>> 0

/** The error for a value that is no sealed value of ours, or was changed. */
export const sealedInvalid = (what: string): ParapetError => new ParapetError('PPT_SEALED_INVALID', what)
