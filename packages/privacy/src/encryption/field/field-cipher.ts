import { isUtf8 } from 'node:buffer'
import { timingSafeEqual } from 'node:crypto'
import { isWellFormed, ParapetError, type RandomSource, systemRandom } from '@parapet/core'
import { decryptGcm, encryptGcm } from '../aes-gcm.js'
import type { FieldCipher, FieldContext } from '../types.js'
import { createContextWriter, MAX_CONTEXT_BYTES } from './field-context.js'
import { LABELS } from './key-secret.js'
import { type KeyRing, secretOf } from './key-table.js'
import {
  decodeSealedText,
  encodeSealedText,
  hasSealedShape,
  isSealedText,
  keyIdIn,
  LAYOUT,
  MAX_PLAIN_BYTES,
  sealedInvalid,
} from './sealed-format.js'

const SALT_BYTES = 24
const SALTS_AT_ONCE = 128
/** Safe only because a key made from a fresh 192-bit salt encrypts once. */
const ZERO_IV = Buffer.alloc(12)

const nameOf = (context: FieldContext): string => `${context.table}.${context.column}`

/** Refuses what would come back changed. */
const checkPlain = (plain: string | Uint8Array, context: FieldContext): void => {
  if (typeof plain !== 'string' && !(plain instanceof Uint8Array))
    throw new ParapetError('PPT_INVALID', `${nameOf(context)} takes text or bytes`)
  // one character is up to three bytes; more than what opens again must not be sealed
  const long = plain.length > MAX_PLAIN_BYTES / 3 && Buffer.byteLength(plain) > MAX_PLAIN_BYTES
  if (long) throw new ParapetError('PPT_INVALID', `${nameOf(context)} takes at most ${MAX_PLAIN_BYTES} bytes`)
  if (typeof plain === 'string' ? isWellFormed(plain) : context.type === 'bytes' || isUtf8(plain)) return
  throw new ParapetError('PPT_INVALID', `${nameOf(context)} takes well-formed text: half a surrogate pair or a broken byte would be lost`)
}

/**
 * Seals and opens fields. For each a fresh salt gives a key of its own and a commitment to it:
 * `HMAC-SHA512(data key, label | salt | context)` is 32 bytes of key and 32 of commitment; then AES-256-GCM under that key,
 * with the context as additional data. The commitment is compared first, so that a value opens under one key only.
 * Sources: NIST SP 800-38D, SP 800-108 (one-step derivation); Bellare and Hoang, "Efficient schemes for committing
 * authenticated encryption".
 */
export const createFieldCipher = (ring: KeyRing, random: RandomSource = systemRandom): FieldCipher => {
  const saltAt = LABELS.field.length
  const contextAt = saltAt + SALT_BYTES
  /** label | salt | context, written anew for each field: everything here is synchronous */
  const scratch = Buffer.alloc(contextAt + MAX_CONTEXT_BYTES)
  LABELS.field.copy(scratch)
  const writeContext = createContextWriter(scratch, contextAt)
  let [salts, nextSalt]: [Uint8Array, number] = [new Uint8Array(0), 0]

  const sealBytes = (plain: string | Uint8Array, context: FieldContext): Buffer => {
    const { primary } = ring.forSealing()
    checkPlain(plain, context)
    const contextEnd = writeContext(context)
    if (nextSalt + SALT_BYTES > salts.length) {
      ;[salts, nextSalt] = [random(SALT_BYTES * SALTS_AT_ONCE), 0]
      if (salts.length < SALT_BYTES) throw new RangeError('the random source gave too few bytes')
    }
    scratch.set(salts.subarray(nextSalt, nextSalt + SALT_BYTES), saltAt)
    nextSalt += SALT_BYTES
    const derived = primary.secret.prf(scratch.subarray(0, contextEnd))
    const { encrypted, tag } = encryptGcm(derived.subarray(0, 32), ZERO_IV, scratch.subarray(contextAt, contextEnd), plain)
    const sealed = Buffer.allocUnsafe(LAYOUT.overhead + encrypted.length)
    sealed[0] = LAYOUT.version
    sealed[1] = LAYOUT.algorithm
    sealed.writeUInt32BE(primary.id, LAYOUT.keyId)
    sealed.set(scratch.subarray(saltAt, contextAt), LAYOUT.salt)
    sealed.set(derived.subarray(32), LAYOUT.commitment)
    sealed.set(encrypted, LAYOUT.ciphertext)
    sealed.set(tag, LAYOUT.ciphertext + encrypted.length)
    derived.fill(0)
    return sealed
  }

  const decode = (sealed: string | Uint8Array, context: FieldContext): Uint8Array => {
    const bytes = typeof sealed === 'string' ? decodeSealedText(sealed) : sealed
    if (bytes === undefined || !hasSealedShape(bytes)) throw sealedInvalid(`${nameOf(context)} holds no whole sealed value`)
    return bytes
  }

  const openBytes = (sealed: string | Uint8Array, context: FieldContext): Buffer => {
    const bytes = decode(sealed, context)
    const id = keyIdIn(bytes)
    const secret = secretOf(ring.forOpening(), id, nameOf(context))
    const contextEnd = writeContext(context)
    scratch.set(bytes.subarray(LAYOUT.salt, LAYOUT.commitment), saltAt)
    const derived = secret.prf(scratch.subarray(0, contextEnd))
    if (!timingSafeEqual(derived.subarray(32), bytes.subarray(LAYOUT.commitment, LAYOUT.ciphertext)))
      throw sealedInvalid(`${nameOf(context)}, key ${id}: it was changed, or belongs to another cell`)
    const end = bytes.length - LAYOUT.tag
    const additional = scratch.subarray(contextAt, contextEnd)
    const plain = decryptGcm(derived.subarray(0, 32), ZERO_IV, additional, bytes.subarray(LAYOUT.ciphertext, end), bytes.subarray(end))
    derived.fill(0)
    if (plain === undefined) throw sealedInvalid(`${nameOf(context)}, key ${id}: it was changed`)
    return plain
  }

  return {
    seal: (plain, context) => encodeSealedText(sealBytes(plain, context)),
    sealBytes,
    open: (sealed, context) => {
      if (context.type === 'bytes') throw new ParapetError('PPT_INVALID', `${nameOf(context)} holds bytes: open them as bytes`)
      // what was sealed as text or JSON was checked to be UTF-8
      return openBytes(sealed, context).toString('utf8')
    },
    openBytes,
    keyIdOf: (value) => {
      const bytes = typeof value === 'string' ? (isSealedText(value) ? decodeSealedText(value) : undefined) : value
      return bytes !== undefined && hasSealedShape(bytes) ? keyIdIn(bytes) : undefined
    },
    get primaryKeyId() {
      return ring.forOpening().primary.id
    },
  }
}
