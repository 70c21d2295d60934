import { createHash } from 'node:crypto'
import { type Clock, type PersonRef, SECOND } from '@parapet/core'
import { type ApiToken, looksLikeToken, type Tokens } from '../tokens/index.js'
import type { Permission } from '../../http/permissions.js'

/** What a presented token opens: the source it belongs to, or why nothing. */
export type Credential =
  | { readonly kind: 'known'; readonly source: PersonRef }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'not_allowed' }

/** Knows the tokens of proxies without the database: one that was good is asked about again in the background. */
export type Credentials = {
  /** at once for one that is known; `undefined` when the database has to be asked first */
  readonly held: (presented: string) => Credential | undefined
  /** asks the database. Errors: `PPT_DATABASE_UNAVAILABLE`. */
  readonly look: (presented: string) => Promise<Credential>
}

/** A revoked token is refused within this time on other servers, at once on this one. */
const FRESH_MS = 5 * SECOND
const MOST = 10_000

/** SHA-256 of 256 random bits: looking it up takes the same time for every guess, and a dump of memory shows no token. */
const keyOf = (presented: string): string => createHash('sha256').update(presented).digest('base64url')

/** Creates the credentials; `permission` is what a token must be good for. */
export const createCredentials = (deps: {
  readonly tokens: Pick<Tokens, 'find' | 'onRevoked'>
  readonly permission: Permission
  readonly clock: Clock
}): Credentials => {
  const { tokens, permission, clock } = deps
  type Entry = { readonly token: ApiToken; readonly source: PersonRef; checkedAt: number; asking: boolean }
  const known = new Map<string, Entry>()
  tokens.onRevoked((id) => {
    for (const [key, { token }] of known) if (token.id === id) known.delete(key)
  })

  const look = async (presented: string): Promise<Credential> => {
    if (!looksLikeToken(presented)) return { kind: 'unknown' }
    const token = await tokens.find(presented)
    const key = keyOf(presented)
    if (token === undefined) {
      known.delete(key)
      return { kind: 'unknown' }
    }
    if (token.source === null || !token.scopes.includes(permission)) return { kind: 'not_allowed' }
    if (known.size >= MOST) known.delete(known.keys().next().value ?? '')
    known.set(key, { token, source: token.source, checkedAt: clock(), asking: false })
    return { kind: 'known', source: token.source }
  }

  return {
    held: (presented) => {
      const entry = known.get(keyOf(presented))
      if (entry === undefined) return undefined
      const now = clock()
      if (entry.token.expiresAt !== null && now >= entry.token.expiresAt) return { kind: 'unknown' }
      if (now - entry.checkedAt >= FRESH_MS && !entry.asking) {
        entry.asking = true
        // while the database is away nobody can revoke it either: it stays good, and is asked about again
        look(presented).catch(() => {
          entry.asking = false
          entry.checkedAt = now
        })
      }
      return { kind: 'known', source: entry.source }
    },
    look,
  }
}
