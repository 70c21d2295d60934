import type { Clock } from '@parapet/core'

/** A clock that a test moves by hand. Times in ms UTC. */
export type FakeClock = Clock & {
  /** moves on by `ms` and gives the new time */
  advance: (ms: number) => number
  /** jumps, backwards too: machines do that */
  set: (now: number) => void
}

/** A {@link FakeClock} that stands at `start` (2026-11-20T00:00:00Z when left out). */
export const fakeClock = (start: number = Date.UTC(2026, 10, 20)): FakeClock => {
  let now = start
  return Object.assign(() => now, {
    advance: (ms: number) => (now += ms),
    set: (to: number) => {
      now = to
    },
  })
}
