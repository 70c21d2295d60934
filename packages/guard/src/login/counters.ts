import { createHash } from 'node:crypto'
import { DAY, type Keyring, type Store } from '@parapet/core'
import type { LockScope } from './report.js'
import {
  countAddressFailure,
  countFailure,
  EMPTY_TALLY,
  explainFailures,
  isLocked,
  type LockPolicy,
  parseTally,
  type Tally,
  tallyTtl,
} from './tally.js'

/** Whose counts one attempt touches. `device` is the id of a device known for the subject. */
export type Parties = { readonly subject: string; readonly device: string | undefined; readonly addressKey: string | undefined }

/** A lock that holds. `until` in ms UTC. */
export type Standing = { readonly kind: 'open' } | { readonly kind: 'locked'; readonly scope: LockScope; readonly until: number }

/** The counts behind the login shield, over any store. Every method rejects when the store does not answer. */
export type Counters = {
  /** whether a lock holds, without counting */
  standing: (parties: Parties, now: number) => Promise<Standing>
  /**
   * Counts an attempt as a failure before it is checked, so that parallel attempts cannot share one count. `failures` stands in for those
   * of the policy on an unknown device.
   */
  reserve: (
    parties: Parties,
    now: number,
    failures?: number,
  ) => Promise<Standing & { readonly remaining?: number; readonly locks?: boolean }>
  /** what was reserved turned out a failure: now it counts for the address too; true when that locked it */
  failed: (parties: Parties, now: number) => Promise<boolean>
  /** what was reserved turned out right */
  succeeded: (parties: Parties, now: number) => Promise<void>
  forgetSubject: (subject: string) => Promise<void>
  forgetAddress: (addressKey: string) => Promise<void>
  /** makes every device known for a subject unknown again: what was issued before `now` is void */
  forgetDevices: (subject: string, now: number) => Promise<void>
  /** what stands for a name outside of the store, short */
  nameOf: (subject: string) => string
  /** when devices of a subject were last forgotten, ms UTC; 0 for never */
  devicesSince: (subject: string) => Promise<number>
}

/** Rounds of compare-and-set before contention counts as an outage. */
const MOST_ROUNDS = 64

/** As long as a device cookie lives, ms. */
const DEVICE_MS = 366 * DAY

const plainHash = (text: string): string => createHash('sha256').update(text).digest('base64url')
const addressKeyOf = (key: string): string => `login:address:${key}`

/** What stands for names in keys and values at rest, as long as there is a keyring: a plain hash of a name can be guessed. */
const PURPOSE = 'guard.login-name'

/** Counts over a store. With a keyring names are kept as keyed hashes, else as plain ones. */
export const createCounters = (store: Store, policy: LockPolicy, keyring?: Pick<Keyring, 'sign'>): Counters => {
  const hash = (text: string): string => (keyring === undefined ? plainHash(text) : keyring.sign(PURPOSE, text))
  const subjectKey = (subject: string): string => `login:subject:${hash(subject)}`
  const deviceKey = (device: string, subject: string): string => `login:device:${device}:${hash(subject)}`
  const devicesKey = (subject: string): string => `login:devices:${hash(subject)}`
  const read = async (key: string): Promise<Tally> => {
    const stored = await store.read(key)
    return stored === undefined ? EMPTY_TALLY : parseTally(stored.value)
  }

  /** Changes a tally by compare-and-set; the same object back means that nothing is to be written. */
  const change = async (key: string, now: number, by: (tally: Tally) => Tally): Promise<{ before: Tally; after: Tally }> => {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const stored = await store.read(key)
      const before = stored === undefined ? EMPTY_TALLY : parseTally(stored.value)
      const after = by(before)
      if (after === before) return { before, after }
      const settings = { ttlMs: tallyTtl(after, now, policy), ifVersion: stored?.version ?? null }
      if (await store.write(key, JSON.stringify(after), settings)) return { before, after }
    }
    throw new Error('too many writers')
  }

  const own = (parties: Parties): string =>
    parties.device === undefined ? subjectKey(parties.subject) : deviceKey(parties.device, parties.subject)
  const ownScope = (parties: Parties): LockScope => (parties.device === undefined ? 'subject' : 'device')
  const short = (subject: string): string => hash(subject).slice(0, 12)

  /** A known device passes a lock of its address: an attacker behind the same NAT must not shut out who works there. */
  const addressStanding = async (parties: Parties, now: number): Promise<Standing> => {
    if (parties.addressKey === undefined || parties.device !== undefined) return { kind: 'open' }
    const tally = await read(addressKeyOf(parties.addressKey))
    return isLocked(tally, now) ? { kind: 'locked', scope: 'address', until: tally.lockedUntil } : { kind: 'open' }
  }

  return {
    standing: async (parties, now) => {
      const address = await addressStanding(parties, now)
      if (address.kind === 'locked') return address
      const tally = await read(own(parties))
      return isLocked(tally, now) ? { kind: 'locked', scope: ownScope(parties), until: tally.lockedUntil } : address
    },
    reserve: async (parties, now, failures) => {
      const address = await addressStanding(parties, now)
      if (address.kind === 'locked') return address
      const rule = failures === undefined || parties.device !== undefined ? policy : { ...policy, failures }
      const { before, after } = await change(own(parties), now, (tally) => countFailure(tally, short(parties.subject), now, rule))
      if (isLocked(before, now)) return { kind: 'locked', scope: ownScope(parties), until: before.lockedUntil }
      const locks = isLocked(after, now)
      return { kind: 'open', remaining: locks ? 0 : rule.failures - after.failures.length, locks }
    },
    failed: async (parties, now) => {
      if (parties.addressKey === undefined) return false
      const { before, after } = await change(addressKeyOf(parties.addressKey), now, (tally) =>
        countAddressFailure(tally, short(parties.subject), now, policy),
      )
      return !isLocked(before, now) && isLocked(after, now)
    },
    succeeded: async (parties, now) => {
      await store.remove(own(parties))
      const explain = (tally: Tally): Tally =>
        tally.failures.some(([, of]) => of === short(parties.subject)) ? explainFailures(tally, short(parties.subject)) : tally
      // what unknown devices have failed stays counted: an owner who signs in at home gives whoever guesses meanwhile no fresh budget
      if (parties.addressKey !== undefined) await change(addressKeyOf(parties.addressKey), now, explain)
    },
    forgetSubject: (subject) => store.remove(subjectKey(subject)),
    forgetAddress: (key) => store.remove(addressKeyOf(key)),
    nameOf: short,
    forgetDevices: async (subject, now) => {
      await store.write(devicesKey(subject), String(now), { ttlMs: DEVICE_MS })
    },
    devicesSince: async (subject) => {
      const stored = await store.read(devicesKey(subject))
      const since = stored === undefined ? 0 : Number(stored.value)
      if (!Number.isSafeInteger(since)) throw new Error('not a time')
      return since
    },
  }
}
