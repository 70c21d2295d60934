import { type Clock, formatDuration, ParapetError } from '@parapet/core'
import type { KeyRing, KeyTable, UsableKey } from './field/key-table.js'
import type { KeySecret } from './field/key-secret.js'
import { primaryOf } from './keyset/keyset-steps.js'
import { checkUndamaged, unwrapKey } from './keyset/key-material.js'
import type { KekProvider, Keyset } from './types.js'

/** Unwraps what may be used; secrets of the table before are taken over. Throws PPT_KEYSET_INVALID, PPT_KEK. */
export const buildTable = async (keyset: Keyset, kek: KekProvider, before?: KeyTable): Promise<KeyTable> => {
  for (const key of keyset.keys) checkUndamaged(keyset, key)
  const byId = new Map<number, UsableKey>()
  for (const key of keyset.keys) {
    const { id, status } = key
    if (status === 'disabled' || status === 'destroyed') byId.set(id, { id, status })
    else byId.set(id, { id, status, secret: before?.byId.get(id)?.secret ?? (await unwrapKey(keyset, key, kek)) })
  }
  const { id } = primaryOf(keyset)
  return { primary: { id, secret: byId.get(id)?.secret as KeySecret }, byId }
}

/** A ring whose table can be replaced, and which stops working when told to. */
export type LiveRing = KeyRing & {
  readonly table: () => KeyTable
  /** takes a newer table over at the time it was read, ms; secrets that are in it no more are given up */
  readonly replace: (table: KeyTable, readAt: number) => void
  readonly close: () => void
}

/** A ring around a table. `maxAgeMs`: how long after its keyset was read it may seal. */
export const createLiveRing = (
  first: KeyTable,
  options: { readonly clock: Clock; readonly readAt: number; readonly maxAgeMs: number },
): LiveRing => {
  let [table, readAt, closed] = [first, options.readAt, false]
  const forOpening = (): KeyTable => {
    if (closed) throw new ParapetError('PPT_KEYSET_INVALID', 'the keyset was closed')
    return table
  }
  const giveUp = (old: KeyTable, keep: KeyTable | undefined): void => {
    for (const { id, secret } of old.byId.values()) if (secret !== keep?.byId.get(id)?.secret) secret?.destroy()
  }
  return {
    forOpening,
    forSealing: () => {
      const current = forOpening()
      if (options.maxAgeMs === Infinity) return current
      const age = options.clock() - readAt
      // another process may have destroyed the key meanwhile: what is sealed with it now would be lost
      if (age > options.maxAgeMs)
        throw new ParapetError(
          'PPT_KEYSET_INVALID',
          `the keyset was last read ${formatDuration(age)} ago; nothing is sealed until it can be read`,
        )
      return current
    },
    table: forOpening,
    replace: (next, at) => {
      giveUp(forOpening(), next)
      ;[table, readAt] = [next, at]
    },
    close: () => {
      if (closed) return
      giveUp(table, undefined)
      closed = true
    },
  }
}
