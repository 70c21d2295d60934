import { type RandomSource, randomToken } from '@parapet/core'
import type { FactorRecord, FactorStore } from './factor-store.js'

/** Rounds of compare-and-set before contention counts as an outage. */
const MOST_ROUNDS = 32

/** Characters of a subject and of a factor's name. */
const LONGEST_SUBJECT = 512
const LONGEST_NAME = 64

/** A record without any factor, and its handle: 256 random bits, since the handle is told to authenticators. */
export const emptyRecord = (random: RandomSource): FactorRecord => ({
  handle: randomToken(32, random),
  totp: [],
  recovery: undefined,
  passkeys: [],
})

/** Whether a subject can be one: text of 1 to 512 characters. */
export const isSubject = (subject: unknown): subject is string =>
  typeof subject === 'string' && subject !== '' && subject.length <= LONGEST_SUBJECT

/** The text with what is no Unicode replaced. */
const wellFormed = (text: string): string => Buffer.from(text).toString()

/** A name as it is kept: trimmed, bounded, without control characters; the fallback for none. */
export const factorName = (name: unknown, fallback: string): string => {
  if (typeof name !== 'string') return fallback
  const kept = wellFormed(name.slice(0, 4 * LONGEST_NAME))
    .replaceAll(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]+/gu, ' ')
    .trim()
  return kept === '' ? fallback : Array.from(kept).slice(0, LONGEST_NAME).join('')
}

/** A record whose last factor was taken away keeps no recovery codes: they would be a way in that nobody thinks of. */
export const withoutOrphans = (record: FactorRecord): FactorRecord =>
  record.totp.length === 0 && record.passkeys.length === 0 ? { ...record, recovery: undefined } : record

/**
 * Changes a subject's record by compare-and-set and gives back what `by` made of the version that was written. The same record back
 * means that nothing is to be written. Rejects when the store does not answer, or changes faster than we do.
 */
export const changeRecord = async <T>(
  factors: FactorStore,
  subject: string,
  random: RandomSource,
  by: (record: FactorRecord) => { readonly record: FactorRecord; readonly result: T },
): Promise<T> => {
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const stored = await factors.read(subject)
    const before = stored?.record ?? emptyRecord(random)
    const { record, result } = by(before)
    if (record === before) return result
    if (await factors.write(subject, record, stored?.version ?? null)) return result
  }
  throw new Error('too many writers')
}
