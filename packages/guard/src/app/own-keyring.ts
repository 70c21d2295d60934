import type { Keyring } from '@parapet/core'
import { keyringOfSecret } from '../keyring/keyring.js'
import { optionError } from '../options/check.js'

/** The one keyring of a guard: the one given, or one made from the secret. Throws `PPT_CONFIG_INVALID`, also for both. */
export const ownKeyring = (keyring: Keyring | undefined, secret: string | undefined): Keyring | undefined => {
  if (keyring !== undefined && secret !== undefined) throw optionError('secret', 'set', 'give a keyring or a secret, not both')
  if (keyring !== undefined && (typeof keyring !== 'object' || keyring === null || typeof keyring.sign !== 'function'))
    throw optionError('keyring', typeof keyring, 'give a keyring, such as createKeyring({ keys })')
  return secret === undefined ? keyring : keyringOfSecret('secret', secret)
}
