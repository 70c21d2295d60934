import type { Clock } from '@parapet/core'

/** Limits of a whole run. */
export type Caps = { readonly requests: number; readonly perSecond: number }

/** Counts requests and spreads them: a second's worth may go at once (races need that), more waits. */
export type Gate = {
  readonly admit: () => Promise<string | undefined>
  readonly count: () => number
  readonly stop: (reason: string) => void
}

/** Builds the gate of a run. */
export const createGate = (caps: Caps, deps: { readonly clock: Clock; readonly sleep: (ms: number) => Promise<void> }): Gate => {
  let sent = 0
  let stopped: string | undefined
  /** when the next request is due, had they come evenly */
  let due = 0
  const gap = 1_000 / caps.perSecond
  return {
    admit: async () => {
      if (stopped !== undefined) return stopped
      if (sent >= caps.requests) return `the run may send ${caps.requests} requests, and has; raise --max-requests`
      sent++
      const now = deps.clock()
      due = Math.max(due, now - 1_000) + gap
      if (due > now) await deps.sleep(due - now)
      return stopped
    },
    count: () => sent,
    stop: (reason) => void (stopped ??= reason),
  }
}
