import type { LimitAnswer } from './types.js'

/** Keys that the store limits until a known time, so that they are refused without asking it. */
export type DenyCache = {
  /** the store's answer, moved on to now, for a cost that it refused */
  readonly find: (key: string, cost: number, now: number) => LimitAnswer | undefined
  readonly add: (key: string, cost: number, answer: LimitAnswer, now: number) => void
  readonly remove: (key: string) => void
  readonly size: number
}

type Denied = { readonly cost: number; readonly since: number; readonly until: number; readonly trusted: number; readonly resets: number }

/** Keys held; the oldest goes first. What is not held is asked for again, so that a flood opens nothing. */
const MOST = 16_384

/**
 * Builds the cache. An answer holds until the store itself would allow, and at most `trustMs`: when another process gives a key its
 * allowance back, nobody here knows.
 */
export const createDenyCache = (trustMs: number): DenyCache => {
  const held = new Map<string, Denied>()
  return {
    find: (key, cost, now) => {
      const denied = held.get(key)
      if (denied === undefined) return undefined
      if (now >= denied.trusted || now < denied.since) {
        held.delete(key)
        return undefined
      }
      // it was a larger cost that did not fit
      if (cost < denied.cost) return undefined
      return { limited: true, remaining: 0, resetMs: Math.max(0, denied.resets - now), retryAfterMs: denied.until - now }
    },
    add: (key, cost, { retryAfterMs, resetMs }, now) => {
      const span = Math.min(retryAfterMs, trustMs)
      if (span <= 0 || cost === 0) return
      if (held.size >= MOST) {
        const oldest = held.keys().next()
        if (oldest.done !== true) held.delete(oldest.value)
      }
      held.set(key, { cost, since: now, until: now + retryAfterMs, trusted: now + span, resets: now + resetMs })
    },
    remove: (key) => void held.delete(key),
    get size() {
      return held.size
    },
  }
}
