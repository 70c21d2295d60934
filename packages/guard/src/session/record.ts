import { createHash } from 'node:crypto'
import type { StoredValue } from '@parapet/core'

/** What an application keeps with a session; must survive JSON. */
export type SessionData = Readonly<Record<string, unknown>>

/** A session as the application sees it; holds nothing that signs in. Times in ms UTC. */
export type Session = {
  /** a public name for lists and revoking, never the cookie */
  readonly id: string
  readonly subject: string
  readonly data: SessionData
  readonly createdAt: number
  /** when the subject last proved who he is: what step-up asks */
  readonly authenticatedAt: number
  /** last use, exact to the minute or so: it is not written with every request */
  readonly seenAt: number
  /** the end, whatever happens */
  readonly expiresAt: number
  readonly userAgent?: string
  readonly address?: string
}

/** A session at rest. */
export type LiveRecord = Session & { readonly kind: 'live' }
/** What a rotated id leaves behind, so that its use can be told from a made-up one. */
export type RotatedRecord = {
  readonly kind: 'rotated'
  readonly id: string
  readonly subject: string
  readonly at: number
  /** the key of the successor */
  readonly to: string
  readonly expiresAt: number
}
export type SessionRecord = LiveRecord | RotatedRecord

/** 256 random bits as base64url. */
const TOKEN = /^[\w-]{43}$/

/** The token of a cookie value, or `undefined` for anything that we never issued. */
export const readToken = (value: string | undefined): string | undefined => (value !== undefined && TOKEN.test(value) ? value : undefined)

/** Where a token's session is kept: only its hash is at rest, so that a read of the store signs nobody in. */
export const keyOfToken = (token: string): string => `session:${createHash('sha256').update(token).digest('base64url')}`

/** The group of a subject's sessions; hashed, since subjects may be longer than a key. */
export const groupOfSubject = (subject: string): string => `sessions:${createHash('sha256').update(subject).digest('base64url')}`

const isRecord = (value: unknown): value is SessionRecord =>
  typeof value === 'object' &&
  value !== null &&
  'kind' in value &&
  (value.kind === 'live' || value.kind === 'rotated') &&
  'subject' in value

/** Reads a stored value; `undefined` for one that is not ours. */
export const parseRecord = (stored: Pick<StoredValue, 'value'>): SessionRecord | undefined => {
  try {
    const value: unknown = JSON.parse(stored.value)
    return isRecord(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** The session without what only the store needs. */
export const toSession = ({ kind: _kind, ...session }: LiveRecord): Session => session
