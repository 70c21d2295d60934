import type { Keyring } from '@parapet/core'
import { createKeyring as createNamedKeyring } from '@parapet/guard'

/** Bytes of the master key. */
export const KEY_BYTES = 32

/**
 * The keyring of one master key. Its signatures do not name their key: they stand in the database as keyed hashes too, and those
 * must stay as they are.
 */
export const createKeyring = (master: Uint8Array): Keyring => {
  if (master.length !== KEY_BYTES) throw new RangeError(`a master key has ${KEY_BYTES} bytes`)
  const named = createNamedKeyring({ keys: [master] })
  return {
    ...named,
    sign: (purpose, data) => {
      const signature = named.sign(purpose, data)
      return signature.slice(signature.indexOf('.') + 1)
    },
  }
}
