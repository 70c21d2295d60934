import type { Keyring } from '@parapet/core'

/** What a sealed value belongs to. It is bound into the ciphertext: moved to another cell, the value does not open. */
export type FieldContext = {
  /** empty string where an application has no tenants */
  readonly tenant: string
  readonly table: string
  readonly column: string
  /**
   * the primary key, each part in the order of the key; decided before the insert. Integers may come as number, bigint or
   * text (drivers return int8 as text) and count as the same; a UUID counts in lower case
   */
  readonly row: readonly (string | number | bigint)[]
  /** how the plain value is written; part of the context, so that a text never opens as JSON */
  readonly type: 'text' | 'json' | 'bytes'
}

/** Seals and opens single fields. Synchronous: keys are unwrapped once, when the keyset is opened. */
export type FieldCipher = {
  /**
   * text form for text and json columns: `ppt1.` and base64url. Throws PPT_INVALID for text that UTF-8 cannot carry (half a
   * surrogate) or that is too long, PPT_SEALED_CONTEXT for a context that names no cell
   */
  readonly seal: (plain: string | Uint8Array, context: FieldContext) => string
  /** throws PPT_SEALED_INVALID (cut, flipped, moved), PPT_KEY_UNKNOWN, PPT_KEY_DISABLED, PPT_KEY_DESTROYED; never returns a stand-in */
  readonly open: (sealed: string, context: FieldContext) => string
  /** raw form for bytea columns */
  readonly sealBytes: (plain: string | Uint8Array, context: FieldContext) => Buffer
  readonly openBytes: (sealed: string | Uint8Array, context: FieldContext) => Buffer
  /** the key that sealed it, or undefined when it is not a whole sealed value of ours; `isSealedText` also knows damaged ones */
  readonly keyIdOf: (value: string | Uint8Array) => number | undefined
  /** the key that seals now */
  readonly primaryKeyId: number
}

/** How a value is made comparable before it is indexed, applied in order. */
export type Normalizer = 'nfkc' | 'casefold' | 'trim' | 'email' | 'phone' | 'digits'

/** Makes equality searchable without revealing the value: a truncated HMAC keyed per tenant, table and column. */
export type BlindIndex = {
  /** of the key that indexes now: what is written beside the sealed value. `ppi1.` and base64url of the key's id and the index */
  readonly of: (value: string) => string
  /** under every key that can still be in the column, newest first: what a query compares with */
  readonly allOf: (value: string) => readonly string[]
}

/** Life of a key. Source: Tink's keyset, NIST SP 800-57 part 1 section 7. */
export type KeyStatus = 'pending' | 'primary' | 'enabled' | 'disabled' | 'destroyed'

/** One key of a keyset; `wrapped` is absent once it is destroyed. Times ms UTC. */
export type KeysetKey = {
  /** 32 bits, never used twice in a keyset */
  readonly id: number
  readonly status: KeyStatus
  readonly alg: 'AES-256-GCM-HMAC-SHA512-COMMIT'
  readonly created: number
  /** when it took its present status: a promotion waits for it, and a proof of no use must be younger */
  readonly since: number
  /** base64url of the key as the KEK wrapped it */
  readonly wrapped?: string
  /** key check value: tells a wrong KEK from a damaged file */
  readonly kcv: string
}

/** Keys for one store, each wrapped by a key-encryption key. Safe to keep beside the data; useless without the KEK. */
export type Keyset = {
  readonly version: 1
  /** UUIDv7; also what the KEK binds its wrapping to */
  readonly id: string
  /** made for development: refused with NODE_ENV=production */
  readonly dev: boolean
  /** what wraps the keys: `file:/path`, `env:NAME`, `vault:...`, `aws-kms:...`; never the key itself */
  readonly kek: string
  readonly keys: readonly KeysetKey[]
}

/** Wraps keys: a file, an environment variable, Vault Transit, AWS KMS. Every method throws PPT_KEK naming the provider and what to do. */
export type KekProvider = {
  readonly uri: string
  readonly wrap: (key: Uint8Array, context: string) => Promise<Buffer>
  readonly unwrap: (wrapped: Uint8Array, context: string) => Promise<Buffer>
}

/** Where a keyset lies. `write` is a compare-and-set: false when somebody else was first. */
export type KeysetStore = {
  /** a path or a table, for messages */
  readonly where: string
  readonly read: () => Promise<{ readonly keyset: Keyset; readonly version: string } | undefined>
  readonly write: (keyset: Keyset, ifVersion: string | null) => Promise<boolean>
}

/** A keyset whose usable keys were unwrapped. `cipher`, `keyring` and every blind index follow a refresh. */
export type OpenKeyset = {
  /** as last read */
  readonly keyset: Keyset
  readonly cipher: FieldCipher
  /** signs and seals for the parts of the guard; follows a refresh as well. `createGuard({ keyring: opened.keyring })` */
  readonly keyring: Keyring
  readonly blindIndex: (options: {
    readonly tenant: string
    readonly table: string
    readonly column: string
    readonly normalize: readonly Normalizer[]
    /** length of the index in bits, 16 to 128 */
    readonly bits: number
  }) => BlindIndex
  /** 64 bytes that only the primary key gives for an input: what tokens are made of */
  readonly tokenDigest: (input: Uint8Array) => Buffer
  /**
   * Reads the store again and takes over what changed; true when something did. The old keys stay in use when it throws
   * (PPT_KEYS_MISSING, PPT_KEYSET_INVALID, PPT_KEK).
   */
  readonly refresh: () => Promise<boolean>
  /** Refreshes every so many ms until the returned function is called. A failure goes to `onError` and is tried again. */
  readonly watch: (options: { readonly everyMs?: number; readonly onError: (error: unknown) => void }) => () => void
  /** zeroises what can be zeroised and refuses further use */
  readonly close: () => void
}
