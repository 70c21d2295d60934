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

/** Signs with a named purpose and opens what it sealed. Purposes are separate keys: a signature for one is no signature for another. */
export type Keyring = {
  sign: (purpose: string, data: string) => string
  verify: (purpose: string, data: string, signature: string) => boolean
}
