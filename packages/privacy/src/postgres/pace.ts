import { setTimeout as sleep } from 'node:timers/promises'
import type { Clock } from '@parapet/core'

/** How long to wait, in ms, so that `rows` since `elapsedMs` ago stay under `rowsPerSecond`. */
export const pauseFor = (rows: number, elapsedMs: number, rowsPerSecond: number): number =>
  Math.max(0, Math.ceil((rows / rowsPerSecond) * 1000 - elapsedMs))

/** How a loop over rows is slowed down and watched. */
export type PaceOptions = {
  /** no bound when left out */
  readonly rowsPerSecond?: number
  /** hears how many more rows were looked at */
  readonly onRows?: (rows: number) => void
}

/** Slows a loop down to a number of rows a second; without a number it never waits. */
export const createPace = ({ rowsPerSecond, onRows }: PaceOptions, clock: Clock): ((rows: number) => Promise<void>) => {
  const start = clock()
  let done = 0
  return async (rows) => {
    onRows?.(rows)
    if (rowsPerSecond === undefined) return
    done += rows
    const pause = pauseFor(done, clock() - start, rowsPerSecond)
    if (pause > 0) await sleep(pause)
  }
}
