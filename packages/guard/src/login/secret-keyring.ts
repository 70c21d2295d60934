import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Keyring } from '@parapet/core'
import { secretOptionError } from '../options/check.js'

/** Signs with keys derived from one secret, one key for each purpose. Throws `PPT_CONFIG_INVALID` for a secret that could be guessed. */
export const secretKeyring = (option: string, secret: unknown): Keyring => {
  if (typeof secret !== 'string' || secret.length < 32 || new Set(secret).size < 8) {
    throw secretOptionError(option, secret, 'give 32 random characters or more, such as the output of: openssl rand -base64 32')
  }
  const sign = (purpose: string, data: string): Buffer => {
    const key = createHmac('sha256', secret).update(`parapet:${purpose}`).digest()
    return createHmac('sha256', key).update(data).digest()
  }
  return {
    sign: (purpose, data) => sign(purpose, data).toString('base64url'),
    verify: (purpose, data, signature) => {
      const given = Buffer.from(signature, 'base64url')
      const right = sign(purpose, data)
      return given.length === right.length && timingSafeEqual(given, right)
    },
  }
}
