import { createHash } from 'node:crypto'
import { type Clock, type Keyring, ParapetError, type RandomSource, randomToken, type Store } from '@parapet/core'
import type { UnlockLink } from './types.js'

/** Makes and spends links that lift a lock. */
export type UnlockLinks = {
  readonly make: (subject: string) => UnlockLink
  /** the subject of a good token, which is spent by this; `undefined` for any other. Rejects when the store does not answer */
  readonly spend: (token: string) => Promise<string | undefined>
}

const PURPOSE = 'guard.unlock'
const CONTEXT = 'login'
const LONGEST = 8_192

type Content = { readonly s: string; readonly e: number; readonly i: string }

const readContent = (text: string): Content | undefined => {
  const value: unknown = JSON.parse(text)
  if (typeof value !== 'object' || value === null || !('s' in value) || !('e' in value) || !('i' in value)) return undefined
  return typeof value.s === 'string' && typeof value.e === 'number' && typeof value.i === 'string'
    ? { s: value.s, e: value.e, i: value.i }
    : undefined
}

/** Tokens are sealed, not only signed: an address bar, a log and a mail gateway learn no name from them. */
export const createUnlockLinks = (deps: {
  readonly keyring: Keyring
  readonly store: Store
  readonly clock: Clock
  readonly random: RandomSource
  readonly ttlMs: number
}): UnlockLinks => {
  const { keyring, store, clock, random, ttlMs } = deps
  const open = (token: unknown): Content | undefined => {
    if (typeof token !== 'string' || token.length > LONGEST) return undefined
    try {
      return readContent(keyring.open(PURPOSE, token, CONTEXT))
    } catch (error) {
      if (error instanceof ParapetError && error.code === 'PPT_SEALED_INVALID') return undefined
      throw error
    }
  }
  return {
    make: (subject) => {
      const expiresAt = clock() + ttlMs
      const content: Content = { s: subject, e: expiresAt, i: randomToken(16, random) }
      return { token: keyring.seal(PURPOSE, JSON.stringify(content), CONTEXT), expiresAt }
    },
    spend: async (token) => {
      const content = open(token)
      const now = clock()
      if (content === undefined || now >= content.e) return undefined
      const mark = `login:unlock:${createHash('sha256').update(content.i).digest('base64url')}`
      // kept for as long as the token could be used
      return (await store.write(mark, '1', { ttlMs: content.e - now, ifVersion: null })) ? content.s : undefined
    },
  }
}
