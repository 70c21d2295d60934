import { createHash } from 'node:crypto'
import type { Store } from '@parapet/core'

/** Remembers the countries that accounts are used from. */
export type KnownPlaces = {
  /** true when the subject has signed in before, and never from there; remembers it. Rejects when the store does not answer */
  readonly isNew: (subject: string, country: string) => Promise<boolean>
}

const KEPT_MS = 366 * 86_400_000
/** Countries of one account: the one seen last stays longest. */
const MOST = 32
const MOST_TRIES = 5

const parse = (text: string): readonly string[] => {
  const value: unknown = JSON.parse(text)
  return Array.isArray(value) ? value.filter((one): one is string => typeof one === 'string') : []
}

/** Builds the memory over a store. The first sign-in of all is from no new country. */
export const createKnownPlaces = (store: Store): KnownPlaces => ({
  isNew: async (subject, country) => {
    const key = `places:${createHash('sha256').update(subject).digest('base64url')}`
    for (let tried = 0; tried < MOST_TRIES; tried++) {
      const stored = await store.read(key)
      const held = stored === undefined ? [] : parse(stored.value)
      if (held.at(-1) === country) return false
      const next = [...held.filter((one) => one !== country), country].slice(-MOST)
      if (await store.write(key, JSON.stringify(next), { ttlMs: KEPT_MS, ifVersion: stored?.version ?? null }))
        return held.length > 0 && !held.includes(country)
    }
    return false
  },
})
