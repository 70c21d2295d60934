import { DAY, HOUR, MINUTE } from '@parapet/core'

/** The watermark of a part: how far its events have come in time, whatever single sources claim. Times in ms UTC. */
export type ShardClock = {
  readonly at: () => number
  /**
   * How much time has gone by, whatever any source claims: never goes back, one event moves it by at most {@link STRIDE}, and what may be another zone
   * does not move it. It begins at the first event's time
   */
  readonly elapsed: () => number
  /** takes note of an event; says whether the watermark moved on, or back, or not at all */
  see: (time: number) => 'still' | 'on' | 'back'
  /**
   * 0 or 1: which of two lines of time an event belongs to. While sources contradict each other by days, those that are far from the watermark count
   * among themselves.
   */
  line: (time: number) => number
  /** true when a group that has come to `latest` was led astray by a wrong clock, since an event at `time` is where the watermark is */
  isAstray: (latest: number, time: number) => boolean
  /** as JSON; `undefined` before the first event */
  saved: () => SavedClock | undefined
  /** as JSON, if it changed since the last call */
  changed: () => SavedClock | undefined
}

/** A clock as it is stored. */
export type SavedClock = {
  readonly at: number
  /** `at` where a store has none */
  readonly elapsed?: number
  readonly line: number
  /** events in a row that were far from the watermark on one side, and the one of them that was nearest to it */
  readonly away: number
  readonly nearest: number
  /** sources contradicted each other not long ago: until the watermark has come here */
  readonly disputed: number
}

/** The watermark moves in steps of at least this: ends of bursts are told at most this much late. */
export const STEP = 5_000
/** How far one event may move it. */
const REACH = HOUR
/** How far one event may move what has elapsed: whatever is kept so much over its time is not forgotten for one wrong clock. */
export const STRIDE: number = 5 * MINUTE
/** So many events in a row, far from the watermark on one side, move it: a gap in the log. While sources contradict each other it takes more. */
const IN_A_ROW = { usual: 3, disputed: 16 }

/**
 * Builds a clock. A source with a wrong clock moves nothing as long as others speak between its events, and does not make the events of others late.
 * All of it is a function of the stream, so that every worker has the same clock.
 */
export const createShardClock = (skew: number, from?: SavedClock): ShardClock => {
  const never = Number.NEGATIVE_INFINITY
  let { at, line, away, nearest, disputed } = from ?? { at: never, line: 0, away: 0, nearest: 0, disputed: 0 }
  let elapsed = from?.elapsed ?? at
  let changed = false
  const saved = (): SavedClock | undefined => (at === never ? undefined : { at, elapsed, line, away, nearest, disputed })
  const isFar = (time: number): boolean => at < disputed && Math.abs(time - at) > skew

  const seeFar = (time: number): 'still' | 'on' | 'back' => {
    changed = true
    if (at === never) {
      at = time
      elapsed = time
      return 'on'
    }
    const ahead = time > at
    if (away > 0 && nearest > at === ahead) {
      away++
      nearest = ahead ? Math.min(nearest, time) : Math.max(nearest, time)
    } else {
      // one side and then the other: they cannot all be right
      if (away > 0) disputed = at + DAY
      away = 1
      nearest = time
    }
    if (away < (at < disputed ? IN_A_ROW.disputed : IN_A_ROW.usual)) return 'still'
    if (isFar(nearest)) line = 1 - line
    away = 0
    // a time that was contested stays so for a day, counted from where it is now
    if (at < disputed) disputed = nearest + DAY
    if (nearest - at > skew) elapsed += Math.min(STRIDE, nearest - at - skew)
    at = nearest
    return ahead ? 'on' : 'back'
  }

  return {
    at: () => at,
    elapsed: () => elapsed,
    see: (time) => {
      const distance = time - at
      if (!(distance <= REACH && distance >= -REACH)) return seeFar(time)
      if (away !== 0) {
        away = 0
        disputed = at + DAY
        changed = true
      }
      if (distance < STEP) return 'still'
      elapsed += Math.min(STRIDE, distance)
      at = time
      changed = true
      return 'on'
    },
    line: (time) => (isFar(time) ? 1 - line : line),
    isAstray: (latest, time) => latest - at > skew && Math.abs(time - at) <= REACH,
    saved,
    changed: () => {
      if (!changed) return undefined
      changed = false
      return saved()
    },
  }
}
