import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto'
import type { Keyring } from '@parapet/core'

/** Bytes of the master key. */
export const KEY_BYTES = 32

/** Signs with a key of its own for every purpose, derived from one master key. HMAC-SHA256, base64url. Source: RFC 5869, RFC 2104. */
export const createKeyring = (master: Uint8Array): Keyring => {
  if (master.length !== KEY_BYTES) throw new RangeError(`a master key has ${KEY_BYTES} bytes`)
  const derived = new Map<string, Buffer>()
  const keyFor = (purpose: string): Buffer => {
    const known = derived.get(purpose)
    if (known !== undefined) return known
    const key = Buffer.from(hkdfSync('sha256', master, 'parapet', `sign:${purpose}`, KEY_BYTES))
    // purposes are named in code, never by input: the map stays small
    derived.set(purpose, key)
    return key
  }
  const mac = (purpose: string, data: string): Buffer => createHmac('sha256', keyFor(purpose)).update(data).digest()
  return {
    sign: (purpose, data) => mac(purpose, data).toString('base64url'),
    verify: (purpose, data, signature) => {
      const expected = mac(purpose, data)
      const given = Buffer.from(signature, 'base64url')
      return given.length === expected.length && timingSafeEqual(given, expected)
    },
  }
}
