import { type Clock, ParapetError, type Store, type StoredValue, systemClock } from '@parapet/core'
import { choiceOption, integerOption, knownOptions } from '../options/check.js'
import { checkWrite } from './bounds.js'
import { createExpiryHeap } from './expiry-heap.js'
import { memoryLimits } from './memory-limits.js'
import type { LimitCapable } from '../limiter/types.js'

/**
 * What {@link memoryStore} takes. `whenFull` says what happens to a new key at `maxEntries`: `'evict'` (default) makes room by
 * dropping the entry that would expire soonest, so that short-lived counters go before sessions and locks; `'refuse'` rejects the write.
 */
export type MemoryStoreOptions = { readonly clock?: Clock; readonly maxEntries?: number; readonly whenFull?: 'evict' | 'refuse' }

/**
 * A store in this process with counters for limits, and what it had to do to stay within its bound. `read.now` is `read` without a promise;
 * it hangs on `read` itself, so that whoever puts another `read` in its place has put this one away with it.
 */
export type MemoryStore = Store &
  LimitCapable & {
    read: Store['read'] & ReadsNow
    stats: () => { readonly entries: number; readonly evicted: number; readonly refused: number }
  }

/** What a `read` that need not wait has besides. */
export type ReadsNow = { readonly now: (key: string) => StoredValue | undefined }

type Entry = {
  readonly key: string
  readonly value: string
  readonly version: string
  readonly expiresAt: number
  readonly group: string | undefined
}

/** Expired entries dropped with one write, so that no single request pays for all. */
const SWEPT_AT_ONCE = 16

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
    checkWrite(key, value, settings)
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

  // the entry itself: it is never changed, and a copy of it for every request is what a look-up costs most
  const now = (key: string): StoredValue | undefined => live(key)

  return {
    read: Object.assign(
      async (key: string) => {
        const entry = live(key)
        return entry === undefined ? undefined : { value: entry.value, version: entry.version }
      },
      { now },
    ),
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
    limits: memoryLimits(clock, maxEntries),
    stats: () => ({ entries: entries.size, evicted, refused }),
  }
}
