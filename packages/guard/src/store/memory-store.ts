import { type Clock, ParapetError, type Store, systemClock } from '@parapet/core'
import { choiceOption, integerOption, knownOptions } from '../options/check.js'
import { createExpiryHeap } from './expiry-heap.js'

/**
 * What {@link memoryStore} takes. `whenFull` says what happens to a new key at `maxEntries`: `'evict'` (default) makes room by
 * dropping the entry that would expire soonest, so that short-lived counters go before sessions and locks; `'refuse'` rejects the write.
 */
export type MemoryStoreOptions = { readonly clock?: Clock; readonly maxEntries?: number; readonly whenFull?: 'evict' | 'refuse' }

/** A store in this process, and what it had to do to stay within its bound. */
export type MemoryStore = Store & { stats: () => { readonly entries: number; readonly evicted: number; readonly refused: number } }

type Entry = {
  readonly key: string
  readonly value: string
  readonly version: string
  readonly expiresAt: number
  readonly group: string | undefined
}

/** Characters of a key and of a group, and of a value: the bounds of the `Store` port. */
const LONGEST_KEY = 512
const LONGEST_VALUE = 65_536
/** Expired entries dropped with one write, so that no single request pays for all. */
const SWEPT_AT_ONCE = 16

const checkKey = (name: string, key: string): void => {
  if (typeof key !== 'string' || key === '' || key.length > LONGEST_KEY)
    throw new ParapetError('PPT_INVALID', `store ${name}: 1 to ${LONGEST_KEY} characters`)
}

/** Builds the store for one process: it forgets everything with it. Throws `PPT_CONFIG_INVALID`. */
export const memoryStore = (options: MemoryStoreOptions = {}): MemoryStore => {
  knownOptions('memoryStore', options, ['clock', 'maxEntries', 'whenFull'])
  const clock = options.clock ?? systemClock
  const maxEntries = integerOption('memoryStore.maxEntries', options.maxEntries, 100_000, 1, 10_000_000)
  const whenFull = choiceOption('memoryStore.whenFull', options.whenFull, 'evict', ['evict', 'refuse'])
  const entries = new Map<string, Entry>()
  const groups = new Map<string, Set<string>>()
  const heap = createExpiryHeap<Entry>()
  let versions = 0
  let evicted = 0
  let refused = 0

  const isHeld = (entry: Entry): boolean => entries.get(entry.key) === entry

  const drop = (entry: Entry): void => {
    entries.delete(entry.key)
    if (entry.group === undefined) return
    const members = groups.get(entry.group)
    members?.delete(entry.key)
    if (members?.size === 0) groups.delete(entry.group)
  }

  const live = (key: string): Entry | undefined => {
    const entry = entries.get(key)
    if (entry === undefined || clock() < entry.expiresAt) return entry
    drop(entry)
    return undefined
  }

  const sweep = (now: number): void => {
    for (let i = 0; i < SWEPT_AT_ONCE; i++) {
      const top = heap.peek()
      if (top === undefined || (isHeld(top) && top.expiresAt > now)) return
      heap.pop()
      if (isHeld(top)) drop(top)
    }
  }

  const makeRoom = (): void => {
    while (entries.size >= maxEntries) {
      const top = heap.pop()
      if (top === undefined) return
      if (!isHeld(top)) continue
      drop(top)
      if (top.expiresAt > clock()) evicted++
    }
  }

  const write = (key: string, value: string, settings: { ttlMs: number; ifVersion?: string | null; group?: string }): boolean => {
    checkKey('key', key)
    if (settings.group !== undefined) checkKey('group', settings.group)
    if (typeof value !== 'string' || value.length > LONGEST_VALUE)
      throw new ParapetError('PPT_INVALID', `store value: at most ${LONGEST_VALUE} characters`)
    if (!Number.isFinite(settings.ttlMs) || settings.ttlMs <= 0) throw new ParapetError('PPT_INVALID', 'store ttlMs: more than 0')
    const now = clock()
    sweep(now)
    const held = live(key)
    if (settings.ifVersion !== undefined && (held?.version ?? null) !== settings.ifVersion) return false
    if (held === undefined && entries.size >= maxEntries) {
      if (whenFull === 'refuse') {
        refused++
        throw new ParapetError('PPT_BACKPRESSURE', `the store holds ${maxEntries} entries`)
      }
      makeRoom()
    }
    if (held !== undefined) drop(held)
    const entry: Entry = { key, value, version: String(++versions), expiresAt: now + settings.ttlMs, group: settings.group }
    entries.set(key, entry)
    heap.push(entry)
    if (entry.group !== undefined) {
      const members = groups.get(entry.group)
      if (members === undefined) groups.set(entry.group, new Set([key]))
      else members.add(key)
    }
    // every rewrite leaves its old entry in the heap
    if (heap.size > 2 * entries.size + 64) heap.keep(isHeld)
    return true
  }

  const members = (group: string): Entry[] =>
    [...(groups.get(group) ?? [])].flatMap((key) => {
      const entry = live(key)
      return entry === undefined ? [] : [entry]
    })

  return {
    read: async (key) => {
      const entry = live(key)
      return entry === undefined ? undefined : { value: entry.value, version: entry.version }
    },
    write: async (key, value, settings) => write(key, value, settings),
    remove: async (key) => {
      const entry = entries.get(key)
      if (entry !== undefined) drop(entry)
    },
    list: async (group) => members(group).map(({ key, value }) => ({ key, value })),
    removeGroup: async (group) => {
      const gone = members(group)
      for (const entry of gone) drop(entry)
      return gone.length
    },
    stats: () => ({ entries: entries.size, evicted, refused }),
  }
}
