import { createMemo, type Keyring, type Masker } from '@parapet/core'
import type { BlindIndex, FieldContext, OpenKeyset } from '@parapet/privacy/encryption'
import { looksLikeAddress } from './addresses.js'
import { pseudonymOf } from './pseudonym.js'

/** The cell of a table that a sealed value stands in: bound into it, so that it opens nowhere else. */
export type Cell = Omit<FieldContext, 'tenant'>

/** A masker that also takes a text as the whole content of a string: `4111111111111111` is no number there, and gets no quotes. */
export type ContentMasker = Masker & { readonly content: (value: string) => string }

/** Columns that are searched for people and other values without holding them. */
export type IndexedColumn = 'events.user' | 'alerts.target' | 'decisions.target'

/**
 * What stands between the server and its tables: everything personal passes here on its way in and out. Errors of `open` are those
 * of sealed values: `PPT_SEALED_INVALID`, `PPT_KEY_UNKNOWN`, `PPT_KEY_DISABLED`, `PPT_KEY_DESTROYED`.
 */
export type Vault = {
  readonly masker: ContentMasker
  readonly seal: (plain: string, cell: Cell) => string
  readonly open: (sealed: string, cell: Cell) => string
  /** what a column holds instead of a value: addresses and ranges as they are, everything else as its blind index */
  readonly term: (column: IndexedColumn, value: string) => string
  /** everything that a column may hold for a value, also under older keys, also when it was an unknown subject's name */
  readonly terms: (column: IndexedColumn, value: string) => readonly string[]
  /** a keyed hash: the same for the same text, and no way back. One key for each purpose */
  readonly keyed: (purpose: string, text: string) => string
  /** stands for a name that may be a mistyped password: the same for the same name, and not the name */
  readonly pseudonym: (name: string) => string
}

/** 64 bits: among a hundred million names not one pair is confused, and far too few to tell a name from its index. */
const BITS = 64

/** Keyed hashes that are remembered. */
const HASHES = 16_384

const FOLDED = ['nfkc', 'trim', 'casefold'] as const

/** Attackers send halves of surrogate pairs; an index takes none. */
const wellFormed = (text: string): string => text.replaceAll(/\p{Cs}/gu, '\uFFFD')

/** Builds the vault from the keys that `lifecycle` opened. */
export const createVault = (deps: {
  keyring: Keyring
  keyset: Pick<OpenKeyset, 'cipher' | 'blindIndex'>
  masker: ContentMasker
}): Vault => {
  const { keyring, keyset, masker } = deps
  const { cipher } = keyset
  const index = (table: string, column: string, normalize: readonly (typeof FOLDED)[number][]): BlindIndex =>
    keyset.blindIndex({ tenant: '', table, column, normalize, bits: BITS })
  const indexes: Readonly<Record<IndexedColumn, BlindIndex>> = {
    'events.user': index('events', 'user', FOLDED),
    'alerts.target': index('alerts', 'targets', FOLDED),
    // as enforcers compare: a decision on Ann must not be taken back with one on ann
    'decisions.target': index('decisions', 'target_value', []),
  }
  // detection writes the state of the same groups with every batch, and a session is read with every request
  const hashes = createMemo<string>(HASHES, Infinity)
  const pseudonym = (name: string): string => pseudonymOf(keyring, wellFormed(name))
  return {
    masker,
    seal: (plain, cell) => cipher.seal(plain, { tenant: '', ...cell }),
    open: (sealed, cell) => cipher.open(sealed, { tenant: '', ...cell }),
    term: (column, value) => (looksLikeAddress(value) ? value : indexes[column].of(wellFormed(value))),
    terms: (column, value) => {
      if (looksLikeAddress(value)) return [value]
      const { allOf } = indexes[column]
      const text = wellFormed(value)
      return column === 'decisions.target' ? allOf(text) : [...allOf(text), ...allOf(pseudonym(text))]
    },
    keyed: (purpose, text) => {
      const name = `${purpose}:${text}`
      const known = hashes.get(name)
      if (known !== undefined) return known
      const fresh = keyring.sign(purpose, text)
      hashes.set(name, fresh)
      return fresh
    },
    pseudonym,
  }
}
