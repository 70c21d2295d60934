import { createHash, randomBytes } from 'node:crypto'
import type { GuardParts } from '@parapet/guard'

/** What a mailed link is for, and how long it is good, ms. */
const GOOD_FOR = { reset: 30 * 60_000, 'sign-up': 24 * 60 * 60_000 } as const
/** What a mailed link can be for. */
export type LinkKind = keyof typeof GOOD_FOR

/** The mailed links of the studio. */
export type MailLinks = ReturnType<typeof createMailLinks>

/** Tokens for links that are mailed: random, only their hash at rest, good once; a newer one ends the older ones of its subject. */
export const createMailLinks = (store: GuardParts['store']) => {
  const keyOf = (kind: LinkKind, token: string): string => `${kind}:${createHash('sha256').update(token.slice(0, 100)).digest('base64url')}`
  const groupOf = (kind: LinkKind, subject: string): string => `${kind} of ${subject}`

  return {
    make: async (kind: LinkKind, subject: string): Promise<string> => {
      const token = randomBytes(32).toString('base64url')
      await store.removeGroup(groupOf(kind, subject))
      await store.write(keyOf(kind, token), subject, { ttlMs: GOOD_FOR[kind], ifVersion: null, group: groupOf(kind, subject) })
      return token
    },
    /** whose link it is, without using it up: mail scanners follow links */
    look: async (kind: LinkKind, token: string): Promise<string | undefined> => (await store.read(keyOf(kind, token)))?.value || undefined,
    /** the same, once: of two that come at a time one gets nothing */
    use: async (kind: LinkKind, token: string): Promise<string | undefined> => {
      const found = await store.read(keyOf(kind, token))
      if (found === undefined || found.value === '') return undefined
      const first = await store.write(keyOf(kind, token), '', { ttlMs: GOOD_FOR[kind], ifVersion: found.version })
      return first ? found.value : undefined
    },
    end: async (kind: LinkKind, subject: string): Promise<void> => void (await store.removeGroup(groupOf(kind, subject))),
  }
}
