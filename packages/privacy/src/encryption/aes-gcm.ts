import { type CipherKey, createCipheriv, createDecipheriv } from 'node:crypto'

const CIPHER = 'aes-256-gcm'

/** Bytes of a tag; a shorter one is never taken. */
export const TAG_BYTES = 16

/** AES-256-GCM with a 96-bit IV. The caller answers for a key and IV never meeting twice. Source: NIST SP 800-38D. */
export const encryptGcm = (
  key: CipherKey,
  iv: Uint8Array,
  additional: Uint8Array,
  plain: string | Uint8Array,
): { readonly encrypted: Buffer; readonly tag: Buffer } => {
  const cipher = createCipheriv(CIPHER, key, iv)
  cipher.setAAD(additional)
  const encrypted = typeof plain === 'string' ? cipher.update(plain, 'utf8') : cipher.update(plain)
  // GCM is a stream mode: nothing is left to come
  cipher.final()
  return { encrypted, tag: cipher.getAuthTag() }
}

/** The plain bytes, or `undefined` when anything was changed; what was decrypted until then is overwritten. */
export const decryptGcm = (
  key: CipherKey,
  iv: Uint8Array,
  additional: Uint8Array,
  encrypted: Uint8Array,
  tag: Uint8Array,
): Buffer | undefined => {
  if (tag.length !== TAG_BYTES) return undefined
  const cipher = createDecipheriv(CIPHER, key, iv)
  cipher.setAuthTag(tag)
  cipher.setAAD(additional)
  const plain = cipher.update(encrypted)
  try {
    cipher.final()
    return plain
  } catch {
    plain.fill(0)
    return undefined
  }
}
