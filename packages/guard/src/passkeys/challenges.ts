import { createHash } from 'node:crypto'
import type { Clock, RandomSource, Store } from '@parapet/core'

/** What a challenge was made for. `binding`: a hash of the session or of the cookie that must come back with it. */
export type Ceremony = {
  readonly purpose: 'registration' | 'authentication'
  readonly subject: string | undefined
  readonly binding: string
}

/** Why a challenge does not count. */
export type ChallengeFault = 'challenge' | 'binding'

/** Challenges, each good for one answer. Both methods reject when the store does not answer. */
export type Challenges = {
  readonly issue: (ceremony: Ceremony) => Promise<{ readonly challenge: Uint8Array<ArrayBuffer>; readonly expiresAt: number }>
  /** Spends a challenge: whatever comes of it, it does not count again. `undefined` when all is as it was issued. */
  readonly spend: (challenge: string, ceremony: Ceremony) => Promise<ChallengeFault | undefined>
}

/** 256 random bits. Source: WebAuthn Level 3, section 13.4.3 asks for 16 bytes at least. */
const BYTES = 32
const SPENT = ''

const hash = (text: string): string => createHash('sha256').update(text).digest('base64url')

/** What binds a challenge to a session, by its id, or to a cookie, by its value. */
export const bindingOf = (kind: 'session' | 'cookie', value: string): string => `${kind}:${hash(value)}`

/** Builds challenges over a store; only their hashes are in it. */
export const createChallenges = (deps: {
  readonly store: Store
  readonly clock: Clock
  readonly random: RandomSource
  readonly challengeMs: number
}): Challenges => {
  const { store, clock, random, challengeMs } = deps
  const keyOf = (challenge: string): string => `passkey:challenge:${hash(challenge)}`
  return {
    issue: async (ceremony) => {
      const challenge = new Uint8Array(random(BYTES))
      const expiresAt = clock() + challengeMs
      const value = JSON.stringify({ ...ceremony, expiresAt })
      await store.write(keyOf(Buffer.from(challenge).toString('base64url')), value, { ttlMs: challengeMs })
      return { challenge, expiresAt }
    },
    spend: async (challenge, ceremony) => {
      const key = keyOf(challenge)
      const stored = await store.read(key)
      if (stored === undefined || stored.value === SPENT) return 'challenge'
      // one of several answers at once gets further
      if (!(await store.write(key, SPENT, { ttlMs: challengeMs, ifVersion: stored.version }))) return 'challenge'
      const held = JSON.parse(stored.value) as Ceremony & { readonly expiresAt: number }
      if (clock() >= held.expiresAt || held.purpose !== ceremony.purpose) return 'challenge'
      return held.subject === ceremony.subject && held.binding === ceremony.binding ? undefined : 'binding'
    },
  }
}
