import { createSecretKey, randomBytes } from 'node:crypto'
import { ParapetError } from '@parapet/core'
import { decryptGcm, encryptGcm, TAG_BYTES } from '../aes-gcm.js'
import type { KekProvider } from '../types.js'
import { hkdfSha256 } from './hkdf.js'

const MASTER_BYTES = 32
const VERSION = 1
const NONCE_BYTES = 12
const OVERHEAD = 1 + NONCE_BYTES + TAG_BYTES

/**
 * A KEK derived from 32 bytes that this machine holds, by HKDF with the purpose `kek`: the same bytes may serve other purposes.
 * `uri` says where they lie, for keysets and messages. Keys are wrapped by AES-256-GCM with a random nonce and not by RFC 5649,
 * because that has no place for the context that binds a wrapping to its keyset; a KEK wraps far too few keys for nonces to
 * meet. Form: `version 1 | nonce 12 | ciphertext | tag 16`. Throws RangeError for another length; the methods throw PPT_KEK.
 */
export const kekFromMaster = (master: Uint8Array, uri: string): KekProvider => {
  if (master.length !== MASTER_BYTES) throw new RangeError(`a master key has ${MASTER_BYTES} bytes`)
  const derived = hkdfSha256(master, { salt: 'parapet', info: 'kek', bytes: 32 })
  const key = createSecretKey(derived)
  derived.fill(0)
  return {
    uri,
    wrap: (plain, context) => {
      const nonce = randomBytes(NONCE_BYTES)
      const { encrypted, tag } = encryptGcm(key, nonce, Buffer.from(context), plain)
      return Promise.resolve(Buffer.concat([Buffer.of(VERSION), nonce, encrypted, tag]))
    },
    // async, so that refusals reject
    unwrap: async (wrapped, context) => {
      if (wrapped.length < OVERHEAD || wrapped[0] !== VERSION)
        throw new ParapetError('PPT_KEK', `${uri}: this was not wrapped by a key of this kind`)
      const tagAt = wrapped.length - TAG_BYTES
      const nonce = wrapped.subarray(1, 1 + NONCE_BYTES)
      const plain = decryptGcm(key, nonce, Buffer.from(context), wrapped.subarray(1 + NONCE_BYTES, tagAt), wrapped.subarray(tagAt))
      if (plain === undefined) throw new ParapetError('PPT_KEK', `${uri} is another key than the one that wrapped this`)
      return plain
    },
  }
}

/** 32 key bytes written as base64url, base64 or hexadecimal; `undefined` for anything else. */
const decodeKey = (text: string): Buffer | undefined => {
  if (/^[0-9a-f]{64}$/i.test(text)) return Buffer.from(text, 'hex')
  return /^[A-Za-z0-9+/_-]{43}=?$/.test(text) ? Buffer.from(text, 'base64url') : undefined
}

/**
 * Reads 32 key bytes from a file or a variable: raw, as base64url, base64 or hexadecimal, or as `key` of a JSON object (the
 * key file of a data directory is one). Throws PPT_KEK saying what is wrong, never what was read.
 */
export const readMaster = (content: Buffer, uri: string): Buffer => {
  const refuse = (why: string): ParapetError => new ParapetError('PPT_KEK', `${uri} ${why}`)
  let key: Buffer | undefined
  if (content.length === MASTER_BYTES) key = Buffer.from(content)
  else if (content.length <= 4096) {
    const text = content.toString('utf8').trim()
    key = decodeKey(text.startsWith('{') ? keyField(text) : text)
  }
  if (key === undefined) throw refuse('holds no key: it takes 32 bytes, raw, as base64url, or as "key" in JSON')
  // 43 characters carry two spare bits; a key of one repeated byte is a placeholder that somebody forgot
  if (key.length !== MASTER_BYTES || key.every((byte) => byte === key[0])) throw refuse('holds a placeholder instead of a random key')
  return key
}

const keyField = (text: string): string => {
  try {
    const { key } = JSON.parse(text) as { key?: unknown }
    return typeof key === 'string' ? key : ''
  } catch {
    return ''
  }
}
