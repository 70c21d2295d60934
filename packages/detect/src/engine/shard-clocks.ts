import { createShardClock, type SavedClock, type ShardClock } from './shard-clock.js'
import { SHARDS } from './shards.js'

/** How far the time of parts has come, ms UTC; infinity at the end of input. `furthest` is that of the part that is ahead of all others. */
export type Watermarks = { readonly furthest: number; of: (shard: number) => number }

/** The end of input. */
export const THE_END: Watermarks = { furthest: Number.POSITIVE_INFINITY, of: () => Number.POSITIVE_INFINITY }

/** The clocks of the parts that an engine keeps. Parts that have seen the same stream have the same clock, so there is nearly always one. */
export type ShardClocks = {
  of: (shard: number) => ShardClock
  /** takes note of an event; `moved` is called when watermarks moved, with infinity for parts whose time went back: what waits there is over */
  see: (time: number, moved: (marks: Watermarks) => void) => void
  /** all that have seen an event */
  saved: () => { shard: number; saved: SavedClock }[]
  /** those that changed since the last call */
  changed: () => { shard: number; saved: SavedClock }[]
  restore: (saved: readonly { shard: number; saved: SavedClock }[]) => void
}

type Cohort = { readonly clock: ShardClock; readonly shards: readonly number[] }

/** Builds the clocks of these parts. */
export const createShardClocks = (owns: ReadonlySet<number>, skew: number): ShardClocks => {
  let cohorts: readonly Cohort[] = []
  let byShard: readonly ShardClock[] = []
  const set = (next: readonly Cohort[]): void => {
    cohorts = next
    const unused = createShardClock(skew)
    byShard = Array.from({ length: SHARDS }, (_, shard) => next.find(({ shards }) => shards.includes(shard))?.clock ?? unused)
  }
  set([{ clock: createShardClock(skew), shards: [...owns] }])
  const collect = (read: (clock: ShardClock) => SavedClock | undefined): { shard: number; saved: SavedClock }[] =>
    cohorts.flatMap(({ clock, shards }) => {
      const saved = read(clock)
      return saved === undefined ? [] : shards.map((shard) => ({ shard, saved }))
    })
  const at = (shard: number): number => (byShard[shard] as ShardClock).at()
  const furthest = (): number => cohorts.reduce((most, { clock }) => Math.max(most, clock.at()), Number.NEGATIVE_INFINITY)
  return {
    of: (shard) => byShard[shard] as ShardClock,
    see: (time, moved) => {
      let on = false
      let back: Cohort[] | undefined
      for (let i = 0; i < cohorts.length; i++) {
        const cohort = cohorts[i] as Cohort
        const move = cohort.clock.see(time)
        if (move === 'on') on = true
        else if (move === 'back') (back ??= []).push(cohort)
      }
      if (back !== undefined) {
        const over = new Set(back.flatMap(({ shards }) => shards))
        moved({ ...THE_END, of: (shard) => (over.has(shard) ? Number.POSITIVE_INFINITY : at(shard)) })
      } else if (on) moved({ furthest: furthest(), of: at })
    },
    saved: () => collect((clock) => clock.saved()),
    changed: () => collect((clock) => clock.changed()),
    restore: (saved) => {
      const alike = new Map<string, { saved: SavedClock; shards: number[] }>()
      const fresh = new Set(owns)
      for (const { shard, saved: clock } of saved) {
        const name = JSON.stringify([clock.at, clock.elapsed, clock.line, clock.away, clock.nearest, clock.disputed])
        const cohort = alike.get(name) ?? { saved: clock, shards: [] }
        cohort.shards.push(shard)
        alike.set(name, cohort)
        fresh.delete(shard)
      }
      set([
        ...[...alike.values()].map(({ saved: clock, shards }) => ({ clock: createShardClock(skew, clock), shards })),
        ...(fresh.size === 0 ? [] : [{ clock: createShardClock(skew), shards: [...fresh] }]),
      ])
    },
  }
}
