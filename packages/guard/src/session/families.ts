import { createMemo, ParapetError, type Store, type StoredValue } from '@parapet/core'
import type { ReadsNow } from '../store/memory-store.js'
import { groupOfSubject, type LiveRecord, parseRecord, type RotatedRecord, type SessionRecord } from './record.js'

/** A session or what a rotated one left behind, with the version that a write must name. */
export type Stored = { readonly record: SessionRecord; readonly version: string }

/** Sessions in a store, by family: all ids that came of one sign-in. Every method rejects when the store does not answer. */
export type Families = {
  /** writes a session; false when somebody else was first, or its time is over */
  readonly save: (key: string, record: LiveRecord, ifVersion: string | null) => Promise<boolean>
  /** leaves a mark in place of a session whose id was replaced; false when somebody else was first */
  readonly bury: (key: string, record: RotatedRecord, version: string) => Promise<boolean>
  /** at once, without a promise, where the store is in this process */
  readonly read: (key: string) => Stored | undefined | Promise<Stored | undefined>
  readonly remove: (key: string) => Promise<void>
  /** open sessions of a subject, last used first */
  readonly live: (subject: string) => Promise<readonly LiveRecord[]>
  /** ends whatever came of one sign-in, under every id that it has had */
  readonly end: (subject: string, id: string) => Promise<void>
  /** ends all of a subject but one family; gives the ids that ended */
  readonly endAll: (subject: string, keep: string | undefined) => Promise<readonly string[]>
  readonly isOpen: (record: LiveRecord, now: number) => boolean
}

const MOST_DATA = 16_384
/** Records that are kept as they were parsed, twice as many at most, and the characters of the longest one. */
const [REMEMBERED, MOST_REMEMBERED] = [1_024, 4_096] as const
/** Rounds until nothing is left of a session that is ended. */
const MOST_ROUNDS = 8

/** What one request does to its session must not show in another. */
const freeze = <T>(value: T): T => {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
  for (const part of Object.values(value)) freeze(part)
  return Object.freeze(value)
}

/** Keeps sessions in a store. */
export const createFamilies = (store: Store, clock: () => number, idleMs: number): Families => {
  const parsed = createMemo<Stored>(REMEMBERED)
  const isOpen = (record: LiveRecord, now: number): boolean => now < record.expiresAt && now < record.seenAt + idleMs

  const live = async (subject: string): Promise<readonly LiveRecord[]> => {
    const now = clock()
    const found: LiveRecord[] = []
    for (const item of await store.list(groupOfSubject(subject))) {
      const record = parseRecord(item)
      if (record?.kind === 'live' && record.subject === subject && isOpen(record, now)) found.push(record)
    }
    return found.toSorted((a, b) => b.seenAt - a.seenAt || b.createdAt - a.createdAt)
  }

  /** Removes the records that are meant until a look at the store finds none. */
  const endWhere = async (subject: string, meant: (id: string | undefined) => boolean): Promise<void> => {
    for (let round = 0; round < MOST_ROUNDS; round++) {
      const left = (await store.list(groupOfSubject(subject))).filter((item) => meant(parseRecord(item)?.id))
      if (left.length === 0) return
      for (const { key } of left) await store.remove(key)
      // looked at again: a rotation under way between list and remove has left a successor that nobody removed
    }
    throw new Error('the session changes while it is ended')
  }

  const parse = (key: string, stored: StoredValue | undefined): Stored | undefined => {
    if (stored === undefined) return undefined
    const held = parsed.get(key)
    // what the store says counts: a version that it no longer gives stands for nothing
    if (held?.version === stored.version) return held
    const record = parseRecord(stored)
    if (record === undefined) return undefined
    const found = { record: freeze(record), version: stored.version }
    if (stored.value.length <= MOST_REMEMBERED) parsed.set(key, found)
    return found
  }

  const readLater = async (key: string): Promise<Stored | undefined> => parse(key, await store.read(key))

  return {
    save: async (key, record, ifVersion) => {
      const value = JSON.stringify(record)
      if (value.length > MOST_DATA) throw new ParapetError('PPT_INVALID', `session data: at most ${MOST_DATA} characters as JSON`)
      const ttlMs = Math.min(idleMs, record.expiresAt - clock())
      return ttlMs > 0 && store.write(key, value, { ttlMs, ifVersion, group: groupOfSubject(record.subject) })
    },
    bury: (key, record, version) =>
      store.write(key, JSON.stringify(record), {
        ttlMs: record.expiresAt - record.at,
        ifVersion: version,
        group: groupOfSubject(record.subject),
      }),
    read: (key) => {
      const { now } = store.read as Partial<ReadsNow>
      return now === undefined ? readLater(key) : parse(key, now(key))
    },
    remove: (key) => store.remove(key),
    live,
    end: (subject, id) => endWhere(subject, (one) => one === id),
    endAll: async (subject, keep) => {
      const ids = (await live(subject)).map(({ id }) => id).filter((id) => id !== keep)
      if (keep === undefined) await store.removeGroup(groupOfSubject(subject))
      else await endWhere(subject, (id) => id !== keep)
      return [...new Set(ids)]
    },
    isOpen,
  }
}
