import { createCipheriv, createDecipheriv, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto'
import { type DerivedKey, type Keyring, ParapetError, type RandomSource, systemRandom } from '@parapet/core'
import { knownOptions, optionError, secretOptionError } from '../options/check.js'
import { createTextHmac } from './hmac.js'

/** What {@link createKeyring} takes. */
export type KeyringOptions = {
  /** The newest first: it signs and seals; the others still verify and open. Each 32 bytes, or a text of 32 random characters or more. */
  readonly keys: readonly (string | Uint8Array)[]
  readonly random?: RandomSource
}

/** Bytes of a key, of a nonce of AES-GCM and of its tag; characters of a signature. */
const [KEY, NONCE, TAG, MAC] = [32, 12, 16, 43] as const

/** One key and what is derived from it for each purpose. */
type Derived = {
  readonly id: string
  readonly mac: (purpose: string, data: string) => string
  readonly sealing: (purpose: string) => KeyObject
  readonly other: (purpose: string) => Uint8Array
}

const readKey = (name: string, value: unknown): Uint8Array => {
  if (value instanceof Uint8Array && value.length === KEY) return value
  if (typeof value === 'string' && value.length >= KEY && new Set(value).size >= 8) return Buffer.from(value)
  throw secretOptionError(
    name,
    value,
    'give 32 random bytes, or 32 random characters or more, such as the output of: openssl rand -base64 32',
  )
}

/** Makes a thing once for each purpose. Purposes are named in code, never by input: the map stays small. */
const oncePerPurpose = <T>(make: (purpose: string) => T): ((purpose: string) => T) => {
  const made = new Map<string, T>()
  return (purpose) => {
    let thing = made.get(purpose)
    if (thing === undefined) {
      thing = make(purpose)
      made.set(purpose, thing)
    }
    return thing
  }
}

const derive = (master: Uint8Array): Derived => {
  const key = (info: string, bytes: number): Buffer => Buffer.from(hkdfSync('sha256', master, 'parapet', info, bytes))
  const hmac = oncePerPurpose((purpose) => createTextHmac(key(`sign:${purpose}`, KEY)))
  return {
    id: key('id', 6).toString('base64url'),
    mac: (purpose, data) => hmac(purpose)(data),
    sealing: oncePerPurpose((purpose) => createSecretKey(key(`seal:${purpose}`, KEY))),
    other: oncePerPurpose((purpose) => key(`derive:${purpose}`, KEY)),
  }
}

const invalid = (cause?: unknown): ParapetError => new ParapetError('PPT_SEALED_INVALID', undefined, cause === undefined ? {} : { cause })

/**
 * Builds a keyring from secrets: HMAC-SHA-256 and AES-256-GCM under keys of their own for every purpose. Both forms name their key,
 * `<key id>.<base64url>`. Throws `PPT_CONFIG_INVALID` for a secret that could be guessed. Sources: RFC 5869, RFC 2104, NIST SP 800-38D.
 */
export const createKeyring = (options: KeyringOptions): Keyring => {
  knownOptions('keyring', options, ['keys', 'random'])
  const { keys: given, random = systemRandom } = options
  if (!Array.isArray(given) || given.length === 0 || given.length > 16)
    throw optionError('keyring.keys', typeof given, 'give one to 16 keys, the newest first')
  return ringOf(
    given.map((value: unknown, i) => derive(readKey(`keyring.keys[${i}]`, value))),
    random,
  )
}

/** The keyring of the one secret that an option holds; trouble with it names that option. Throws `PPT_CONFIG_INVALID`. */
export const keyringOfSecret = (option: string, secret: unknown, random: RandomSource = systemRandom): Keyring =>
  ringOf([derive(readKey(option, secret))], random)

const ringOf = (keys: readonly Derived[], random: RandomSource): Keyring => {
  const [newest] = keys as [Derived, ...Derived[]]
  if (new Set(keys.map(({ id }) => id)).size < keys.length) throw optionError('keyring.keys', 'the same key twice', 'give each key once')

  /** The keys that can have made a text: the one it names; all of them for a signature from before keys were named. */
  const named = (text: string): { readonly from: readonly Derived[]; readonly body: string } => {
    const dot = text.indexOf('.')
    if (dot < 0) return { from: keys, body: text }
    const id = text.slice(0, dot)
    const key = keys.find((one) => one.id === id)
    return { from: key === undefined ? [] : [key], body: text.slice(dot + 1) }
  }
  const expected = Buffer.alloc(MAC)
  const given = Buffer.alloc(MAC)

  return {
    sign: (purpose, data) => `${newest.id}.${newest.mac(purpose, data)}`,
    verify: (purpose, data, signature) => {
      const { from, body } = named(signature)
      if (body.length !== MAC) return false
      // compared as text, so that there is one spelling only; as UTF-8, in which no other character looks like one of base64url
      given.fill(0).write(body, 'utf8')
      return from.some((key) => {
        expected.write(key.mac(purpose, data), 'utf8')
        return timingSafeEqual(expected, given)
      })
    },
    seal: (purpose, text, context) => {
      const nonce = random(NONCE)
      const cipher = createCipheriv('aes-256-gcm', newest.sealing(purpose), nonce).setAAD(Buffer.from(context))
      const sealed = Buffer.concat([nonce, cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
      return `${newest.id}.${sealed.toString('base64url')}`
    },
    open: (purpose, sealed, context) => {
      const { from, body } = named(sealed)
      const bytes = Buffer.from(body, 'base64url')
      const [key] = from
      if (key === undefined || !sealed.includes('.') || bytes.length < NONCE + TAG || bytes.toString('base64url') !== body) throw invalid()
      try {
        const decipher = createDecipheriv('aes-256-gcm', key.sealing(purpose), bytes.subarray(0, NONCE), { authTagLength: TAG })
        decipher.setAAD(Buffer.from(context)).setAuthTag(bytes.subarray(-TAG))
        return decipher.update(bytes.subarray(NONCE, -TAG), undefined, 'utf8') + decipher.final('utf8')
      } catch (cause) {
        throw invalid(cause)
      }
    },
    derive: oncePerPurpose((purpose): readonly DerivedKey[] => keys.map(({ id, other }) => ({ id, key: other(purpose) }))),
  }
}
