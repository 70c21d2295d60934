/** Counts by name, bounded: names beyond the bound are not kept apart any more, only counted. */
export type Tally = {
  readonly add: (name: string) => void
  readonly size: () => number
  readonly has: (name: string) => boolean
  readonly count: (name: string) => number
  /** the most frequent names, most first; equal ones by name */
  readonly top: (limit: number) => string[]
  readonly total: () => number
}

/** Creates a tally of at most `bound` names. */
export const createTally = (bound: number): Tally => {
  const counts = new Map<string, number>()
  let total = 0
  return {
    add: (name) => {
      total++
      const count = counts.get(name)
      if (count !== undefined || counts.size < bound) counts.set(name, (count ?? 0) + 1)
    },
    size: () => counts.size,
    has: (name) => counts.has(name),
    count: (name) => counts.get(name) ?? 0,
    top: (limit) =>
      [...counts]
        .toSorted(([a, m], [b, n]) => n - m || (a < b ? -1 : 1))
        .slice(0, limit)
        .map(([name]) => name),
    total: () => total,
  }
}
