import type { Keyring } from '@parapet/core'

const PURPOSE = 'unknown-name'

/** Shortest name of which a character is shown: of less, it would tell too much. */
const HINTED = 4

/** 72 bits of the keyed hash. */
const HASH = 12

/** The form under which spellings of one name are one. */
const fold = (name: string): string => name.normalize('NFKC').trim().toLowerCase()

/**
 * Stands for a name that nobody is known by, and that is often a mistyped password: its first character as a hint, and a keyed hash.
 * `h***~k3Jx9fQ2LmQa`. The same name gives the same text, so that tries are counted; there is no way back from it.
 */
export const pseudonymOf = (keyring: Keyring, name: string): string => {
  const folded = fold(name)
  const first = String.fromCodePoint(folded.codePointAt(0) ?? 0)
  // only what no control, space or direction character can hide in
  const hint = folded.length >= HINTED && /^[\p{L}\p{N}]$/u.test(first) ? first : ''
  return `${hint}***~${keyring.sign(PURPOSE, folded).slice(0, HASH)}`
}
