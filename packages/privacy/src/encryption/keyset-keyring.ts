import { createSecretKey, type KeyObject, timingSafeEqual } from 'node:crypto'
import { type DerivedKey, isParapetError, type Keyring, ParapetError, type RandomSource } from '@parapet/core'
import { decryptGcm, encryptGcm, TAG_BYTES } from './aes-gcm.js'
import { createHmacSha512, type HmacSha512 } from './field/hmac-sha512.js'
import { KEY_BYTES, type KeySecret, LABELS } from './field/key-secret.js'
import { type KeyRing, type KeyTable, secretOf } from './field/key-table.js'
import { lengthPrefixed } from './field/length-prefixed.js'

/** Bytes of a nonce of AES-GCM, and characters of a signature. */
const [NONCE_BYTES, MAC_CHARACTERS] = [12, 43] as const

/** Makes a thing once for each secret and purpose. Purposes are named in code, never by input: the maps stay small. */
const oncePerSecret = <T>(make: (secret: KeySecret, purpose: string) => T): ((secret: KeySecret, purpose: string) => T) => {
  const made = new WeakMap<KeySecret, Map<string, T>>()
  return (secret, purpose) => {
    let ofSecret = made.get(secret)
    if (ofSecret === undefined) {
      ofSecret = new Map()
      made.set(secret, ofSecret)
    }
    let thing = ofSecret.get(purpose)
    if (thing === undefined) {
      thing = make(secret, purpose)
      ofSecret.set(purpose, thing)
    }
    return thing
  }
}

const keyOf = (secret: KeySecret, use: 'sign' | 'seal' | 'derive', purpose: string): Buffer =>
  secret.prf(Buffer.concat([LABELS.keyring, lengthPrefixed([use, purpose])])).subarray(0, KEY_BYTES)

/** The key that a text names, and the rest; a key's id is written in one way only. */
const readNamed = (text: string): { readonly id: number; readonly body: string } | undefined => {
  const dot = text.indexOf('.')
  const id = Number(text.slice(0, dot))
  return dot < 1 || dot > 10 || !Number.isInteger(id) || `${id}` !== text.slice(0, dot) ? undefined : { id, body: text.slice(dot + 1) }
}

/**
 * The keyring of an open keyset: `<key id>.<base64url>`, HMAC-SHA512 cut to 256 bits for signatures and AES-256-GCM for seals, under keys
 * of their own for every purpose. The primary key signs and seals; what an enabled or pending key made still holds, what a disabled or
 * destroyed one made does not: `verify` is false, and `open` throws PPT_SEALED_INVALID, whose cause says which. Sources: RFC 4868,
 * NIST SP 800-38D.
 */
export const createKeysetKeyring = (ring: KeyRing, random: RandomSource): Keyring => {
  const signing = oncePerSecret((secret, purpose): HmacSha512 => createHmacSha512(keyOf(secret, 'sign', purpose)))
  const sealing = oncePerSecret((secret, purpose): KeyObject => createSecretKey(keyOf(secret, 'seal', purpose)))
  const deriving = oncePerSecret((secret, purpose): Buffer => keyOf(secret, 'derive', purpose))
  const derived = new WeakMap<KeyTable, Map<string, readonly DerivedKey[]>>()

  const mac = (secret: KeySecret, purpose: string, data: string): string =>
    signing(secret, purpose).digest(Buffer.from(data)).toString('base64url', 0, 32)

  const list = (table: KeyTable, purpose: string): readonly DerivedKey[] => {
    const { primary } = table
    // a keyset grows at its end, where a key that is still pending stands as well
    const others = [...table.byId.values()].toReversed().filter(({ id }) => id !== primary.id)
    return [primary, ...others].flatMap(({ id, secret }) => (secret === undefined ? [] : [{ id: `${id}`, key: deriving(secret, purpose) }]))
  }

  return {
    sign: (purpose, data) => {
      const { id, secret } = ring.forSealing().primary
      return `${id}.${mac(secret, purpose, data)}`
    },
    verify: (purpose, data, signature) => {
      const { byId } = ring.forOpening()
      const named = readNamed(signature)
      const secret = named === undefined ? undefined : byId.get(named.id)?.secret
      if (named === undefined || secret === undefined || named.body.length !== MAC_CHARACTERS) return false
      const given = Buffer.from(named.body)
      const expected = Buffer.from(mac(secret, purpose, data))
      return given.length === expected.length && timingSafeEqual(given, expected)
    },
    seal: (purpose, text, context) => {
      const { id, secret } = ring.forSealing().primary
      const nonce = random(NONCE_BYTES)
      const { encrypted, tag } = encryptGcm(sealing(secret, purpose), nonce, Buffer.from(context), text)
      return `${id}.${Buffer.concat([nonce, encrypted, tag]).toString('base64url')}`
    },
    open: (purpose, sealed, context) => {
      const table = ring.forOpening()
      const named = readNamed(sealed)
      const bytes = Buffer.from(named?.body ?? '', 'base64url')
      if (named === undefined || bytes.length < NONCE_BYTES + TAG_BYTES || bytes.toString('base64url') !== named.body)
        throw new ParapetError('PPT_SEALED_INVALID')
      let secret: KeySecret
      try {
        secret = secretOf(table, named.id, 'the keyring')
      } catch (cause) {
        throw new ParapetError('PPT_SEALED_INVALID', isParapetError(cause) ? cause.message : undefined, { cause })
      }
      const tagAt = bytes.length - TAG_BYTES
      const encrypted = bytes.subarray(NONCE_BYTES, tagAt)
      const plain = decryptGcm(
        sealing(secret, purpose),
        bytes.subarray(0, NONCE_BYTES),
        Buffer.from(context),
        encrypted,
        bytes.subarray(tagAt),
      )
      if (plain === undefined) throw new ParapetError('PPT_SEALED_INVALID')
      return plain.toString('utf8')
    },
    derive: (purpose) => {
      const table = ring.forOpening()
      let ofTable = derived.get(table)
      if (ofTable === undefined) {
        ofTable = new Map()
        derived.set(table, ofTable)
      }
      let keys = ofTable.get(purpose)
      if (keys === undefined) {
        keys = list(table, purpose)
        ofTable.set(purpose, keys)
      }
      return keys
    },
  }
}
