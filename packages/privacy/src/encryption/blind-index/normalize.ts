import { isWellFormed, ParapetError } from '@parapet/core'
import type { Normalizer } from '../types.js'

const digitsOf = (text: string): string => text.replaceAll(/[^0-9]/g, '')

/** Any case and spacing of an address is one mailbox, as nearly every server has it. Tags and dots stay: whose they are is not known. */
const email = (text: string): string => text.normalize('NFKC').trim().toLowerCase().normalize('NFKC')

/**
 * `+` and digits where the number is international (it begins with `+` or `00`), else the digits alone: without knowing a
 * country nothing can be added. Source: E.164.
 */
const phone = (text: string): string => {
  const plain = text.normalize('NFKC').trim()
  // (0) after a country code is dialled only without it
  const digits = digitsOf(plain.startsWith('+') || plain.startsWith('00') ? plain.replace('(0)', '') : plain)
  if (plain.startsWith('+')) return `+${digits}`
  return plain.startsWith('00') ? `+${digits.slice(2)}` : digits
}

const STEPS: Readonly<Record<Normalizer, (text: string) => string>> = {
  nfkc: (text) => text.normalize('NFKC'),
  // upper case first: it unfolds ß and joins the two lower-case sigmas, which lower case alone keeps apart
  casefold: (text) => text.toUpperCase().toLowerCase().normalize('NFC').replaceAll('ς', 'σ'),
  trim: (text) => text.trim(),
  email,
  phone,
  digits: (text) => digitsOf(text.normalize('NFKC')),
}

/** Checks the names of the steps. Throws PPT_INVALID naming the one that is not known. */
export const checkNormalizers = (names: readonly Normalizer[]): void => {
  for (const name of names)
    if (!Object.hasOwn(STEPS, name)) throw new ParapetError('PPT_INVALID', `normalize takes ${Object.keys(STEPS).join(', ')}`)
}

/** Applies the steps in order. Throws PPT_INVALID for text with half a surrogate pair. */
export const normalizeValue = (value: string, names: readonly Normalizer[]): string => {
  if (typeof value !== 'string' || !isWellFormed(value)) throw new ParapetError('PPT_INVALID', 'a blind index takes well-formed text')
  let text = value
  for (const name of names) text = STEPS[name](text)
  return text
}
