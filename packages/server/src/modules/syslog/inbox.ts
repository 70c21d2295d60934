import type { SecurityEvent } from '@parapet/core'

/** What waits to be stored, by source. */
export type Inbox = {
  /** false when the bound is reached and the events were not taken */
  readonly put: (source: string, events: readonly SecurityEvent[]) => boolean
  readonly hasRoom: () => boolean
  /** resolves when there is room again */
  readonly room: () => Promise<void>
  /** Stores everything that waits, and ends. */
  readonly close: () => Promise<void>
}

/** The most that waits, the most that is stored at once, and how long an event waits for others, ms. */
const WAITING = 20_000
const BATCH = 2_000
const GATHER_MS = 100
const RETRY_MS = 500

/**
 * Gathers events that come one by one into batches. While the store is away they wait, up to a bound; none is lost that was taken. `store` may
 * reject: it is asked again. On `close` what cannot be stored is told of by `lost`.
 */
export const createInbox = (
  store: (source: string, events: readonly SecurityEvent[]) => Promise<unknown>,
  lost: (count: number, error: unknown) => void,
): Inbox => {
  const waiting = new Map<string, SecurityEvent[]>()
  let count = 0
  let closed = false
  let working: Promise<void> | undefined
  let rooms: (() => void)[] = []
  const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))

  const storeNext = async (): Promise<void> => {
    for (const [source, events] of waiting) {
      const batch = events.slice(0, BATCH)
      await store(source, batch)
      events.splice(0, batch.length)
      count -= batch.length
      if (events.length === 0) waiting.delete(source)
    }
    if (count <= WAITING / 2) for (const resolve of rooms.splice(0)) resolve()
  }
  const work = async (): Promise<void> => {
    if (!closed) await pause(GATHER_MS)
    // counted by `put` and `storeNext` meanwhile
    for (; waiting.size > 0;) {
      try {
        await storeNext()
      } catch (error) {
        if (closed) {
          lost(count, error)
          break
        }
        await pause(RETRY_MS)
      }
    }
    working = undefined
  }
  return {
    put: (source, events) => {
      if (closed || count + events.length > WAITING) return false
      const own = waiting.get(source) ?? []
      own.push(...events)
      waiting.set(source, own)
      count += events.length
      working ??= work()
      return true
    },
    hasRoom: () => !closed && count < WAITING,
    room: () => new Promise((resolve) => rooms.push(resolve)),
    close: async () => {
      closed = true
      await working
      for (const resolve of rooms.splice(0)) resolve()
      rooms = []
    },
  }
}
