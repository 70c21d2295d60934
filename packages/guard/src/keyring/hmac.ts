import { createHmac, hash } from 'node:crypto'

/** Bytes of a block of SHA-256, of its digest, and of messages up to which the quick way holds. */
const [BLOCK, DIGEST, ROOM] = [64, 32, 2_048] as const

/**
 * HMAC-SHA-256 of texts under one key of 32 bytes, as base64url. Two calls of the one-shot hash over a kept block cost half of an Hmac
 * object, which is made and collected for each text. Sources: RFC 2104, RFC 4231.
 */
export const createTextHmac = (key: Uint8Array): ((text: string) => string) => {
  if (key.length !== DIGEST) throw new RangeError(`a key has ${DIGEST} bytes`)
  const inner = Buffer.alloc(BLOCK + ROOM)
  const outer = Buffer.alloc(BLOCK + DIGEST)
  for (let i = 0; i < BLOCK; i++) {
    const byte = key[i] ?? 0
    inner[i] = byte ^ 0x36
    outer[i] = byte ^ 0x5c
  }
  return (text) => {
    // a character of UTF-16 is at most three bytes of UTF-8
    if (text.length * 3 > ROOM) return createHmac('sha256', key).update(text).digest('base64url')
    const length = BLOCK + inner.write(text, BLOCK, 'utf8')
    // the inner digest alone tells nothing of the key, so it may pass through a string, which is the quicker way
    outer.write(hash('sha256', inner.subarray(0, length), 'latin1' as 'hex'), BLOCK, 'latin1')
    return hash('sha256', outer, 'base64url')
  }
}
