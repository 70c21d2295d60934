import type { Store } from '@parapet/core'
import { countFailure, EMPTY_TALLY, isLocked, LOCK_DEFAULTS, parseTally, type Tally, tallyTtl } from '../login/tally.js'

/** `until` in ms UTC. */
export type BudgetStanding = { readonly kind: 'open' } | { readonly kind: 'locked'; readonly until: number }

/** The attempts that a subject has, across all its factors. Every method rejects when the store does not answer. */
export type AttemptBudget = {
  readonly standing: (key: string, now: number) => Promise<BudgetStanding>
  /** Counts an attempt as wrong before it is checked, so that parallel attempts cannot share one count. */
  readonly reserve: (key: string, now: number) => Promise<BudgetStanding>
  /** what was reserved turned out right */
  readonly clear: (key: string) => Promise<void>
}

/** Rounds of compare-and-set before contention counts as an outage. */
const MOST_ROUNDS = 64

/**
 * A budget of its own beside the login shield's: there a right password clears the count, so that whoever has stolen it could guess
 * codes without end by signing in between guesses. Sources: ASVS 6.3.1, 6.6.3.
 */
export const createBudget = (store: Store, failures: number): AttemptBudget => {
  const policy = { ...LOCK_DEFAULTS, failures }
  const keyOf = (key: string): string => `mfa:attempts:${key}`
  const toStanding = (tally: Tally, now: number): BudgetStanding =>
    isLocked(tally, now) ? { kind: 'locked', until: tally.lockedUntil } : { kind: 'open' }
  return {
    standing: async (key, now) => {
      const stored = await store.read(keyOf(key))
      return stored === undefined ? { kind: 'open' } : toStanding(parseTally(stored.value), now)
    },
    reserve: async (key, now) => {
      for (let round = 0; round < MOST_ROUNDS; round++) {
        const stored = await store.read(keyOf(key))
        const before = stored === undefined ? EMPTY_TALLY : parseTally(stored.value)
        const after = countFailure(before, '', now, policy)
        if (after === before) return toStanding(before, now)
        const settings = { ttlMs: tallyTtl(after, now, policy), ifVersion: stored?.version ?? null }
        if (await store.write(keyOf(key), JSON.stringify(after), settings)) return { kind: 'open' }
      }
      throw new Error('too many writers')
    },
    clear: (key) => store.remove(keyOf(key)),
  }
}
