import { createHash } from 'node:crypto'
import { type Keyring, type RandomSource, randomToken, type Store } from '@parapet/core'
import type { LoginMethod } from '../login/report.js'
import { type CookieShape, cookieName, readCookie, writeCookie } from '../request/cookies.js'
import type { GuardRequest } from '../request/guard-request.js'

/** A sign-in whose first factor was right. `expiresAt` in ms UTC. */
export type Pending = { readonly id: string; readonly subject: string; readonly method: LoginMethod; readonly expiresAt: number }

/** Tokens that stand for a sign-in between its two factors. Methods that return promises reject when the store does not answer. */
export type PendingTokens = {
  readonly issue: (
    pending: Omit<Pending, 'id'>,
    request: GuardRequest,
  ) => { readonly token: string; readonly cookie: string; readonly expiresAt: number }
  /** what a token of ours stands for, for the browser that it was given to; used ones included */
  readonly read: (request: GuardRequest, token: string | undefined, now: number) => Pending | undefined
  readonly isUsed: (pending: Pending) => Promise<boolean>
  /** true for the first that asks */
  readonly use: (pending: Pending, now: number) => Promise<boolean>
  readonly clearCookie: () => string
}

const PURPOSE = 'guard.mfa-pending'
const LONGEST_TOKEN = 4_000

const isPending = (value: unknown): value is Pending =>
  typeof value === 'object' && value !== null && 'subject' in value && 'expiresAt' in value && 'id' in value && 'method' in value

/**
 * Sealed rather than signed, since a subject may be a name: the token is opaque to the browser and opens only where its
 * user agent is the same. The mark that it was used is in the store.
 */
export const createPendingTokens = (
  deps: { readonly keyring: Keyring; readonly store: Store; readonly random: RandomSource },
  shape: CookieShape,
): PendingTokens => {
  const { keyring, store, random } = deps
  const deviceOf = (request: GuardRequest): string =>
    createHash('sha256')
      .update(request.header('user-agent') ?? '')
      .digest('base64url')
  const keyOf = (pending: Pending): string => `mfa:pending:${pending.id}`
  return {
    issue: (about, request) => {
      const pending: Pending = { ...about, id: randomToken(16, random) }
      const token = keyring.seal(PURPOSE, JSON.stringify(pending), deviceOf(request))
      return { token, cookie: writeCookie(shape, token), expiresAt: about.expiresAt }
    },
    read: (request, token, now) => {
      const sealed = token ?? readCookie(request.header('cookie'), cookieName(shape))
      if (typeof sealed !== 'string' || sealed === '' || sealed.length > LONGEST_TOKEN) return undefined
      try {
        const pending: unknown = JSON.parse(keyring.open(PURPOSE, sealed, deviceOf(request)))
        return isPending(pending) && now < pending.expiresAt ? pending : undefined
      } catch {
        // cut, forged, of another purpose, of another browser: all the same to whoever sent it
        return undefined
      }
    },
    isUsed: async (pending) => (await store.read(keyOf(pending))) !== undefined,
    use: (pending, now) => store.write(keyOf(pending), 'used', { ttlMs: Math.max(1_000, pending.expiresAt - now), ifVersion: null }),
    clearCookie: () => writeCookie(shape, '', 0),
  }
}
