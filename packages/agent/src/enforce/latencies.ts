import type { WantedRange } from '@parapet/respond/enforcers'

/** How long it took from decisions to their effect here. */
export type Latencies = {
  /** notes those decisions that are new; `now` in ms UTC */
  add: (decisions: readonly Pick<WantedRange, 'startsAt'>[], now: number) => void
  summary: () => { readonly p50: number; readonly p99: number } | null
}

const MOST = 1_000
/** What began longer ago came from a disk or a snapshot, and says nothing about the way, ms. */
const FRESH_MS = 60_000

/** Keeps the last thousand. */
export const createLatencies = (): Latencies => {
  let upTo = 0
  let held: number[] = []
  return {
    add: (decisions, now) => {
      let newest = upTo
      let found: number[] = []
      for (const { startsAt } of decisions) {
        if (startsAt <= upTo || startsAt < now - FRESH_MS) continue
        newest = Math.max(newest, startsAt)
        found.push(Math.max(0, now - startsAt))
        if (found.length >= 2 * MOST) found = found.slice(-MOST)
      }
      upTo = newest
      if (found.length > 0) held = [...held, ...found].slice(-MOST)
    },
    summary: () => {
      if (held.length === 0) return null
      const sorted = held.toSorted((a, b) => a - b)
      const at = (part: number): number => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))] ?? 0
      return { p50: at(0.5), p99: at(0.99) }
    },
  }
}
