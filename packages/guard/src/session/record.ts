import { hash } from 'node:crypto'
import type { StoredValue } from '@parapet/core'
import type { KnownNetwork, Print } from './traits.js'
import type { ProvenFactor, RiskLevel, SessionFlag } from './types.js'

/** What an application keeps with a session; must survive JSON. What is read is frozen: `rotate` with `data` changes it. */
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
  /** where it was used from last, exact to the minute or so */
  readonly address?: string
  /** what was proven in it and when, the last proof of each; empty where the application did not say */
  readonly factors: readonly ProvenFactor[]
  /** in words of our own, such as `Firefox on Windows` */
  readonly device?: string
  /** such as `Berlin, DE`; only with a geo look-up */
  readonly place?: string
  /** it was seen at risk, and has not proven itself since */
  readonly flag?: SessionFlag
}

/** A session at rest. What is kept of browser and networks stays out of {@link Session}. */
export type LiveRecord = Session & {
  readonly kind: 'live'
  readonly print?: Print
  readonly networks?: readonly KnownNetwork[]
  /** stands for the address that signed in, for `strict` */
  readonly bound?: string
  /** the worst that was told of it since it proved itself */
  readonly told?: RiskLevel
}
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
export const keyOfToken = (token: string): string => `session:${hash('sha256', token, 'base64url')}`

/** The group of a subject's sessions; hashed, since subjects may be longer than a key. */
export const groupOfSubject = (subject: string): string => `sessions:${hash('sha256', subject, 'base64url')}`

const isRecord = (value: unknown): value is SessionRecord =>
  typeof value === 'object' &&
  value !== null &&
  'kind' in value &&
  (value.kind === 'live' || value.kind === 'rotated') &&
  'subject' in value

/** Records of before factors were kept have none. */
const withFactors = (record: SessionRecord): SessionRecord =>
  record.kind === 'live' && !Array.isArray(record.factors) ? { ...record, factors: [] } : record

/** Reads a stored value; `undefined` for one that is not ours. */
export const parseRecord = (stored: Pick<StoredValue, 'value'>): SessionRecord | undefined => {
  try {
    const value: unknown = JSON.parse(stored.value)
    return isRecord(value) ? withFactors(value) : undefined
  } catch {
    return undefined
  }
}

/** The session without what only the store needs. By hand: this runs with every request, and taking members away is slow. */
export const toSession = (record: LiveRecord): Session => {
  const { id, subject, data, createdAt, authenticatedAt, seenAt, expiresAt, factors, userAgent, address, device, place, flag } = record
  const session: { -readonly [Name in keyof Session]: Session[Name] } = {
    id,
    subject,
    data,
    createdAt,
    authenticatedAt,
    seenAt,
    expiresAt,
    factors,
  }
  if (userAgent !== undefined) session.userAgent = userAgent
  if (address !== undefined) session.address = address
  if (device !== undefined) session.device = device
  if (place !== undefined) session.place = place
  if (flag !== undefined) session.flag = flag
  return session
}
