import type { Keyring, RandomSource } from '@parapet/core'

/** Codes made at a time. */
export const RECOVERY_CODES = 10

/** 120 bits: with 112 or more a keyed hash needs no slowness, since there is nothing to guess. Source: ASVS 6.5.2. */
const BYTES = 15
const LENGTH = 24
const PURPOSE = 'guard.recovery-code'
/** Crockford's base32: no letter that is taken for another sign. */
const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz'

const newCode = (random: RandomSource): string => {
  let code = ''
  let [held, bits] = [0, 0]
  for (const byte of random(BYTES)) {
    held = ((held << 8) | byte) & 0xfff
    bits += 8
    while (bits >= 5) {
      bits -= 5
      code += ALPHABET[(held >> bits) & 31]
    }
  }
  return code
}

/** As it is shown: six groups of four. */
const show = (code: string): string => code.replaceAll(/.{4}(?=.)/g, '$&-')

/** What was typed as a code, in any case and grouping, with `o` for 0 and `i` or `l` for 1; `undefined` for anything else. */
export const readRecoveryCode = (typed: unknown): string | undefined => {
  if (typeof typed !== 'string' || typed.length > 64) return undefined
  let code = ''
  for (const character of typed.toLowerCase()) {
    if (character === ' ' || character === '-') continue
    const sign = character === 'o' ? '0' : character === 'i' || character === 'l' ? '1' : character
    if (!ALPHABET.includes(sign)) return undefined
    code += sign
  }
  return code.length === LENGTH ? code : undefined
}

/** The length keeps subject and code apart whatever the subject holds. */
const signed = (subject: string, code: string): string => `${subject.length}:${subject}:${code}`

/** Makes recovery codes: to show once, and as keyed hashes, bound to their subject, to keep. */
export const makeRecoveryCodes = (
  keyring: Pick<Keyring, 'sign'>,
  subject: string,
  random: RandomSource,
): { readonly shown: readonly string[]; readonly hashes: readonly string[] } => {
  const codes = Array.from({ length: RECOVERY_CODES }, () => newCode(random))
  return { shown: codes.map(show), hashes: codes.map((code) => keyring.sign(PURPOSE, signed(subject, code))) }
}

/** The place of a code among the hashes, -1 for none. Compares with all of them, so that the time does not tell which. */
export const findRecoveryCode = (keyring: Pick<Keyring, 'verify'>, subject: string, code: string, hashes: readonly string[]): number => {
  const data = signed(subject, code)
  let found = -1
  for (const [i, hash] of hashes.entries()) if (keyring.verify(PURPOSE, data, hash)) found = i
  return found
}
