import { DAY, HOUR, MINUTE } from '@parapet/core'

/** When failures lock, and for how long. Times in ms. */
export type LockPolicy = {
  readonly failures: number
  readonly windowMs: number
  /** the first lock, the second, and every further one */
  readonly tiersMs: readonly number[]
  /** an address prefix is locked when this many different subjects fail from it */
  readonly addressSubjects: number
  /** or at this many failures of subjects that did not succeed from it */
  readonly addressFailures: number
}

export const LOCK_DEFAULTS: LockPolicy = {
  failures: 5,
  windowMs: 15 * MINUTE,
  tiersMs: [15 * MINUTE, HOUR, DAY],
  addressSubjects: 5,
  addressFailures: 20,
}

/** How long after a lock the next one still is of the next tier. */
const REMEMBERED_MS = DAY

/** Failures of one subject on unknown devices, of one known device, or of one address prefix. */
export type Tally = {
  /** when, and of whom: a short hash of the subject */
  readonly failures: readonly (readonly [at: number, subject: string])[]
  readonly lockedUntil: number
  /** locks so far, without a day of quiet between */
  readonly locks: number
}

export const EMPTY_TALLY: Tally = { failures: [], lockedUntil: 0, locks: 0 }

export const isLocked = (tally: Tally, now: number): boolean => now < tally.lockedUntil

/** How long a tally must be kept. */
export const tallyTtl = (tally: Tally, now: number, policy: LockPolicy): number =>
  Math.max(policy.windowMs, tally.locks === 0 ? 0 : tally.lockedUntil + REMEMBERED_MS - now)

const lock = (tally: Tally, now: number, policy: LockPolicy): Tally => {
  const locks = now >= tally.lockedUntil + REMEMBERED_MS ? 0 : tally.locks
  const last = policy.tiersMs.length - 1
  return { failures: [], lockedUntil: now + (policy.tiersMs[Math.min(locks, last)] ?? 0), locks: locks + 1 }
}

/**
 * A failure that is later than `now` counts: the attempt that wrote it began after this one and was faster, or another machine's clock is
 * ahead. Dropping it would give parallel guesses more than their budget. Only one a whole window ahead is taken for a clock that was wrong.
 */
const add = (tally: Tally, subject: string, now: number, policy: LockPolicy): Tally => ({
  ...tally,
  failures: [...tally.failures.filter(([at]) => at > now - policy.windowMs && at < now + policy.windowMs), [now, subject]],
})

/** One more failure of a subject or a device. A lock that stands is not extended. */
export const countFailure = (tally: Tally, subject: string, now: number, policy: LockPolicy): Tally => {
  if (isLocked(tally, now)) return tally
  const next = add(tally, subject, now, policy)
  return next.failures.length >= policy.failures ? lock(next, now, policy) : next
}

/** One more failure from an address prefix. */
export const countAddressFailure = (tally: Tally, subject: string, now: number, policy: LockPolicy): Tally => {
  if (isLocked(tally, now)) return tally
  const next = add(tally, subject, now, policy)
  const subjects = new Set(next.failures.map(([, of]) => of)).size
  return subjects >= policy.addressSubjects || next.failures.length >= policy.addressFailures ? lock(next, now, policy) : next
}

/**
 * A success explains the failures of the same subject before it (typing errors) and nobody else's: an attacker
 * gains nothing by signing in to his own account between guesses. A lock that stands stays.
 */
export const explainFailures = (tally: Tally, subject: string): Tally => ({
  ...tally,
  failures: tally.failures.filter(([, of]) => of !== subject),
})

/** Reads a stored tally; throws for anything odd, so that a damaged count is trouble and never a fresh start. */
export const parseTally = (value: string): Tally => {
  const read: unknown = JSON.parse(value)
  if (typeof read !== 'object' || read === null || !('failures' in read) || !Array.isArray(read.failures)) throw new Error('not a tally')
  return read as Tally
}
