import { MINUTE, ParapetError } from '@parapet/core'
import type { Keyset, KeysetKey, KeyStatus } from '../types.js'
import type { WrappedKey } from './key-material.js'

/**
 * How long a key is pending before it may seal, and how old a copy of the keyset may get, ms. Processes refresh at least
 * this often, so none of them meets a value whose key it has not read yet.
 */
export const SETTLE_MS: number = 10 * MINUTE

/** Keys that a keyset may hold, destroyed ones included. */
export const MAX_KEYS = 1000

const ALG = 'AES-256-GCM-HMAC-SHA512-COMMIT'

const refuse = (why: string): ParapetError => new ParapetError('PPT_KEYSET_INVALID', why)

const find = (keyset: Keyset, id: number): KeysetKey => {
  const key = keyset.keys.find((candidate) => candidate.id === id)
  if (key === undefined) throw refuse(`keyset ${keyset.id} has no key ${id}`)
  return key
}

const change = (keyset: Keyset, id: number, status: KeyStatus, now: number): Keyset => ({
  ...keyset,
  keys: keyset.keys.map((key) => (key.id === id ? { ...key, status, since: now } : key)),
})

const newKey = ({ id, wrapped, kcv }: WrappedKey, status: KeyStatus, now: number): KeysetKey => ({
  id,
  status,
  alg: ALG,
  created: now,
  since: now,
  wrapped,
  kcv,
})

/** The key that seals. */
export const primaryOf = (keyset: Keyset): KeysetKey => {
  const primary = keyset.keys.find(({ status }) => status === 'primary')
  if (primary === undefined) throw refuse(`keyset ${keyset.id} has no primary key`)
  return primary
}

/** A keyset with its first key, which is primary at once: nothing can have been sealed before. */
export const firstKeyset = (owner: Pick<Keyset, 'id' | 'dev' | 'kek'>, key: WrappedKey, now: number): Keyset => ({
  version: 1,
  id: owner.id,
  dev: owner.dev,
  kek: owner.kek,
  keys: [newKey(key, 'primary', now)],
})

/** Adds the next key: every process can open with it, none seals with it yet. Throws PPT_KEYSET_INVALID. */
export const addPending = (keyset: Keyset, key: WrappedKey, now: number): Keyset => {
  const pending = keyset.keys.find(({ status }) => status === 'pending')
  if (pending !== undefined) throw refuse(`key ${pending.id} is pending already: promote or disable it first`)
  if (keyset.keys.some(({ id }) => id === key.id)) throw refuse(`key ${key.id} was used before`)
  if (keyset.keys.length >= MAX_KEYS) throw refuse(`keyset ${keyset.id} holds ${MAX_KEYS} keys`)
  return { ...keyset, keys: [...keyset.keys, newKey(key, 'pending', now)] }
}

/**
 * Makes a key primary and the primary enabled. The key must have been pending (or enabled) for `settleMs`: a process with
 * an older copy of the keyset would not open what it seals. Throws PPT_KEYSET_INVALID saying when it may.
 */
export const promoteKey = (keyset: Keyset, id: number, options: { readonly now: number; readonly settleMs?: number }): Keyset => {
  const key = find(keyset, id)
  const { now, settleMs = SETTLE_MS } = options
  if (key.status !== 'pending' && key.status !== 'enabled') throw refuse(`key ${id} is ${key.status}, so it cannot become primary`)
  const from = key.since + settleMs
  if (now < from) throw refuse(`key ${id} is ${key.status} since ${iso(key.since)}: it may become primary at ${iso(from)}`)
  return change(change(keyset, primaryOf(keyset).id, 'enabled', now), id, 'primary', now)
}

/** Takes a key out of use; its values do not open until it is enabled again. Throws PPT_KEYSET_INVALID for the primary or a destroyed key. */
export const disableKey = (keyset: Keyset, id: number, now: number): Keyset => {
  const { status } = find(keyset, id)
  if (status === 'pending' || status === 'enabled') return change(keyset, id, 'disabled', now)
  throw refuse(status === 'primary' ? `key ${id} is primary: promote another one first` : `key ${id} is ${status} already`)
}

/** Takes a disabled key back into use for opening. Throws PPT_KEYSET_INVALID for any other. */
export const enableKey = (keyset: Keyset, id: number, now: number): Keyset => {
  const { status } = find(keyset, id)
  if (status !== 'disabled') throw refuse(`key ${id} is ${status}, not disabled`)
  return change(keyset, id, 'enabled', now)
}

/** That a scan of everything the keyset seals found how many values of a key. `scannedAt`: when it began, ms UTC. */
export type UseProof = { readonly keyId: number; readonly uses: number; readonly scannedAt: number }

/**
 * Destroys a disabled key for good. The scan must have begun `settleMs` after it was disabled: until then a process with an
 * older copy may have sealed with it. Throws PPT_KEY_IN_USE when it found values, PPT_KEYSET_INVALID for a scan of another
 * key or time, and for a key that is not disabled.
 */
export const destroyKey = (
  keyset: Keyset,
  id: number,
  options: { readonly proof: UseProof; readonly now: number; readonly settleMs?: number },
): Keyset => {
  const key = find(keyset, id)
  const { proof, now, settleMs = SETTLE_MS } = options
  if (key.status !== 'disabled') throw refuse(`key ${id} is ${key.status}: disable it first, so that nothing seals with it any more`)
  if (proof.keyId !== id) throw refuse(`the scan was of key ${proof.keyId}, not ${id}`)
  const from = key.since + settleMs
  if (proof.scannedAt < from)
    throw refuse(`key ${id} is disabled since ${iso(key.since)}: a scan proves that it is unused from ${iso(from)} on`)
  if (proof.scannedAt > now) throw refuse(`the scan of key ${id} lies in the future`)
  if (proof.uses !== 0) throw new ParapetError('PPT_KEY_IN_USE', `${proof.uses} values of key ${id}`)
  return {
    ...keyset,
    keys: keyset.keys.map((each) => {
      if (each.id !== id) return each
      const { wrapped: _, ...rest } = each
      return { ...rest, status: 'destroyed', since: now }
    }),
  }
}

/** The keyset under another KEK. Every key that is not destroyed must have been wrapped again. Throws PPT_KEYSET_INVALID. */
export const replaceKek = (keyset: Keyset, kek: string, keys: readonly WrappedKey[]): Keyset => ({
  ...keyset,
  kek,
  keys: keyset.keys.map((key) => {
    if (key.status === 'destroyed') return key
    const again = keys.find(({ id }) => id === key.id)
    if (again === undefined) throw refuse(`key ${key.id} was not wrapped again`)
    return { ...key, wrapped: again.wrapped, kcv: again.kcv }
  }),
})

/**
 * Throws PPT_KEYSET_INVALID unless `next` can have come from `last` by steps: the same keyset, no key gone, none back from
 * destruction. Otherwise an old or foreign keyset was put in its place.
 */
export const checkSuccessor = (last: Keyset, next: Keyset): void => {
  if (next.id !== last.id) throw refuse(`keyset ${last.id} was replaced by keyset ${next.id}`)
  for (const key of last.keys) {
    const now = next.keys.find(({ id }) => id === key.id)
    if (now === undefined) throw refuse(`key ${key.id} of keyset ${last.id} is gone`)
    if (key.status === 'destroyed' && now.status !== 'destroyed')
      throw refuse(`key ${key.id} of keyset ${last.id} came back from destruction`)
    if (key.status !== 'pending' && now.status === 'pending') throw refuse(`key ${key.id} of keyset ${last.id} is pending again`)
  }
}

const iso = (ms: number): string => new Date(ms).toISOString()
