import { ParapetError } from '@parapet/core'
import type { KeyStatus } from '../types.js'
import type { KeySecret } from './key-secret.js'

/** A key as the ciphers use it; the secret is there unless it is disabled or destroyed. */
export type UsableKey = { readonly id: number; readonly status: KeyStatus; readonly secret?: KeySecret }

/** The keys of an open keyset at one moment. A refresh puts another table in its place. */
export type KeyTable = {
  readonly primary: { readonly id: number; readonly secret: KeySecret }
  readonly byId: ReadonlyMap<number, UsableKey>
}

/** Where the ciphers look for keys each time. Throws PPT_KEYSET_INVALID once the keyset is closed, or too old to seal with. */
export type KeyRing = {
  readonly forOpening: () => KeyTable
  readonly forSealing: () => KeyTable
}

/** The secret of a key, or PPT_KEY_UNKNOWN, PPT_KEY_DISABLED, PPT_KEY_DESTROYED naming the key and what it is for. */
export const secretOf = (table: KeyTable, id: number, what: string): KeySecret => {
  const key = table.byId.get(id)
  if (key === undefined) throw new ParapetError('PPT_KEY_UNKNOWN', `key ${id} of ${what}`)
  if (key.status === 'destroyed') throw new ParapetError('PPT_KEY_DESTROYED', `key ${id} of ${what}`)
  if (key.status === 'disabled' || key.secret === undefined) throw new ParapetError('PPT_KEY_DISABLED', `key ${id} of ${what}`)
  return key.secret
}
