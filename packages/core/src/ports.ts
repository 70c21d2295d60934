import type { FieldValue } from './events.js'

/** Why a store could not answer. Trouble is a variant of its own: never "denied", never "fine". */
export type Degraded = { readonly kind: 'degraded'; readonly reason: string }

/** A value in a {@link Store} with the version that a compare-and-set names. */
export type StoredValue = { readonly value: string; readonly version: string }

/**
 * Small shared state with expiry: sessions, login counters, one-time marks. Every method may reject (the store is
 * down); callers turn that into a `degraded` verdict. Keys are at most 512 characters; values at most 64 KiB.
 */
export type Store = {
  /** the live value, or `undefined` when it never was, expired or was removed */
  read: (key: string) => Promise<StoredValue | undefined>
  /**
   * Writes when `ifVersion` still holds (`null`: only when absent; left out: always). False: somebody else was first.
   * `group` makes the value listable, such as the sessions of one subject.
   */
  write: (key: string, value: string, options: { ttlMs: number; ifVersion?: string | null; group?: string }) => Promise<boolean>
  remove: (key: string) => Promise<void>
  list: (group: string) => Promise<readonly { readonly key: string; readonly value: string }[]>
  removeGroup: (group: string) => Promise<number>
}

/** One act for the record: who did what to which thing, with what result. Times in ms UTC. */
export type AuditEntry = {
  readonly at: number
  readonly actor: { readonly kind: 'operator' | 'token' | 'source' | 'system' | 'anonymous'; readonly id: string; readonly name?: string }
  /** `operator.signed_in`, `decision.lifted`, ... */
  readonly action: string
  readonly resource: { readonly type: string; readonly id?: string }
  readonly outcome: 'success' | 'failure' | 'refused'
  readonly address?: string
  readonly reason?: string
  readonly detail?: Readonly<Record<string, FieldValue>>
}

/** Where acts are recorded; append-only. */
export type AuditSink = { record: (entry: AuditEntry) => Promise<void> }

/** Hides personal data and secrets in text and in structures before they are logged or sent. */
export type Masker = { text: (value: string) => string; value: (value: unknown) => unknown }

/** One key of a purpose: its id, and 32 bytes that nothing else is made with. */
export type DerivedKey = { readonly id: string; readonly key: Uint8Array }

/**
 * Signs, and seals small texts such as the secret of an authenticator. Purposes are separate keys: what one made means nothing to
 * another. After a rotation the newest key signs and seals, and the older ones still verify and open.
 */
export type Keyring = {
  readonly sign: (purpose: string, data: string) => string
  readonly verify: (purpose: string, data: string, signature: string) => boolean
  /** Encrypts text bound to `context`, such as the subject that it belongs to; two seals of one text differ. */
  readonly seal: (purpose: string, text: string, context: string) => string
  /** Throws `PPT_SEALED_INVALID` for what was cut, changed, made by an unknown key or moved to another context. */
  readonly open: (purpose: string, sealed: string, context: string) => string
  /**
   * The keys of a purpose for a construction of its own, such as public ids: the newest first, with which to make, and the older ones,
   * with which to read. The same list until keys change. They are not those that sign and seal.
   */
  readonly derive: (purpose: string) => readonly DerivedKey[]
}

/** Where an address is and whose network it belongs to, as far as the operator's databases know. */
export type Place = {
  /** ISO 3166-1 alpha-2, such as `DE` */
  readonly country?: string
  readonly city?: string
  /** number of the autonomous system, such as 3320 */
  readonly asn?: number
  /** who runs it */
  readonly network?: string
  /** degrees */
  readonly latitude?: number
  readonly longitude?: number
  /** how far off that may be, km */
  readonly accuracyKm?: number
}

/**
 * The port by which parts ask where an address is: `createGeo` of `@parapet/guard/geo` is one. `undefined` for an
 * address that no database knows; never throws.
 */
export type GeoLookup = { readonly lookup: (address: string) => Place | undefined }
