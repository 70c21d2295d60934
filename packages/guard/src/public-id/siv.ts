import { createCipheriv, createHmac } from 'node:crypto'

/** Bytes of a block of AES and of the tag in front. */
const [BLOCK, TAG] = [16, 12] as const

/** Bytes that a sealed value takes more than the value. */
export const SIV_OVERHEAD: number = TAG

/** Seals values of one length in one way, so that equal values look equal and nothing else shows. */
export type Siv = {
  /** `tag | encrypted`, in a buffer that the next call overwrites */
  readonly seal: (value: Uint8Array) => Uint8Array
  /** the value, in a buffer that the next call overwrites; `undefined` for what this key did not seal */
  readonly open: (sealed: Uint8Array) => Uint8Array | undefined
}

/** AES-256 on whole blocks. A cipher in ECB keeps no state between blocks, so that one object serves for good. */
const createBlocks = (key: Uint8Array): ((blocks: Uint8Array) => Buffer) => {
  const cipher = createCipheriv('aes-256-ecb', key, null).setAutoPadding(false)
  return (blocks) => cipher.update(blocks)
}

/**
 * A synthetic initialisation vector as in RFC 5297, for values of one length: the tag is a CBC-MAC (a pseudo-random function where all
 * inputs are of one length, NIST SP 800-38B, appendix B) cut to 96 bits, and the value is encrypted in counter mode from the tag. A guess
 * is right once in 2^96; two values share a tag, and so show their difference, after about 2^48. `name` separates the keys of purposes.
 */
export const createSiv = (key: Uint8Array, name: string, length: number): Siv => {
  const keyOf = (use: string): Buffer => createHmac('sha256', key).update(`${use}\n${name}`).digest()
  const [authenticate, encrypt] = [createBlocks(keyOf('mac')), createBlocks(keyOf('encrypt'))]
  const count = Math.ceil(length / BLOCK)
  const padded = new Uint8Array(count * BLOCK)
  const block = new Uint8Array(BLOCK)
  const counters = new Uint8Array(count * BLOCK)
  const sealed = new Uint8Array(TAG + length)
  const opened = new Uint8Array(length)

  const tagOf = (value: Uint8Array): Uint8Array => {
    if (count === 1) {
      padded.set(value)
      return authenticate(padded)
    }
    padded.set(value)
    block.fill(0)
    let mac: Uint8Array = block
    for (let at = 0; at < padded.length; at += BLOCK) {
      for (let i = 0; i < BLOCK; i++) block[i] = (mac[i] ?? 0) ^ (padded[at + i] ?? 0)
      mac = authenticate(block)
    }
    return mac
  }
  /** Encrypting and decrypting are the same. */
  const turn = (tag: Uint8Array, from: Uint8Array, at: number, into: Uint8Array, to: number): void => {
    for (let i = 0; i < count; i++) {
      for (let j = 0; j < TAG; j++) counters[i * BLOCK + j] = tag[j] ?? 0
      counters[i * BLOCK + BLOCK - 1] = i
    }
    const stream = encrypt(counters)
    for (let i = 0; i < length; i++) into[to + i] = (from[at + i] ?? 0) ^ (stream[i] ?? 0)
  }
  return {
    seal: (value) => {
      const tag = tagOf(value)
      for (let i = 0; i < TAG; i++) sealed[i] = tag[i] ?? 0
      turn(sealed, value, 0, sealed, TAG)
      return sealed
    },
    open: (given) => {
      turn(given, given, TAG, opened, 0)
      const tag = tagOf(opened)
      // the same work whichever byte differs
      let difference = 0
      for (let i = 0; i < TAG; i++) difference |= (tag[i] ?? 0) ^ (given[i] ?? 0)
      return difference === 0 ? opened : undefined
    },
  }
}
