import type { Clock } from '@parapet/core'

/** Whether to ask a store: `go`; `probe`: it was away, and this call finds out; `skip`: it is taken to be away. */
export type Admission = 'go' | 'probe' | 'skip'

/** Keeps callers from waiting for a store that is away. */
export type Breaker = {
  readonly admit: () => Admission
  readonly succeeded: () => void
  readonly failed: (reason: string) => void
  readonly isOpen: () => boolean
}

/** What {@link createBreaker} takes. Times in ms. */
export type BreakerOptions = {
  readonly clock: Clock
  /** failures one after another after which the store is taken to be away */
  readonly failures: number
  /** how long nobody asks before one call tries again */
  readonly retryMs: number
  readonly opened?: (at: number, reason: string) => void
  readonly closed?: (at: number, lastedMs: number) => void
}

/** Builds a breaker: closed, open after several failures in a row, half open for one probe at a time. */
export const createBreaker = ({ clock, failures, retryMs, opened, closed }: BreakerOptions): Breaker => {
  let inARow = 0
  let openedAt: number | undefined
  let askedAt = 0

  return {
    admit: () => {
      if (openedAt === undefined) return 'go'
      const now = clock()
      // a probe that never settles holds nobody up: the next one is due all the same; so it is when the clock was set back
      if (now >= askedAt && now - askedAt < retryMs) return 'skip'
      askedAt = now
      return 'probe'
    },
    succeeded: () => {
      inARow = 0
      if (openedAt === undefined) return
      const now = clock()
      const lasted = now - openedAt
      openedAt = undefined
      closed?.(now, Math.max(0, lasted))
    },
    failed: (reason) => {
      if (++inARow < failures || openedAt !== undefined) return
      const now = clock()
      openedAt = now
      askedAt = now
      opened?.(now, reason)
    },
    isOpen: () => openedAt !== undefined,
  }
}
