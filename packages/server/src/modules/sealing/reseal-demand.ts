import type { Keyset } from '@parapet/privacy/encryption'
import { primaryOf } from '@parapet/privacy/encryption'

/** What a keyset asks of the tables: everything under one key. */
export type Demand = {
  /** the key that cells are brought under */
  readonly keyId: number
  /** when the keyset took the state that asks for it, ms UTC: the latest change of a key that seals or opens */
  readonly at: number
}

/**
 * What a keyset asks of the tables; `undefined` where nothing can be under another key, since there never was one. A key that is
 * enabled again asks anew: a scan has found cells of it.
 */
export const demandOf = (keyset: Keyset): Demand | undefined => {
  if (keyset.keys.filter(({ status }) => status !== 'pending').length < 2) return undefined
  const usable = keyset.keys.filter(({ status }) => status === 'primary' || status === 'enabled')
  return { keyId: primaryOf(keyset).id, at: Math.max(...usable.map(({ since }) => since)) }
}

/** True when both ask for the same. */
export const isSameDemand = (one: Demand | undefined, other: Demand | undefined): boolean =>
  one?.keyId === other?.keyId && one?.at === other?.at
