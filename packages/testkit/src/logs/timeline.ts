/** One line to be: when (seconds), in which order it was made, and what it says. */
type Entry<T> = { readonly at: number; readonly order: number; readonly what: T }

/** Lines in the order in which they were made, given out in the order of their times; a full timeline takes no more. */
export type Timeline<T> = {
  readonly size: () => number
  readonly add: (at: number, what: T) => void
  /** drops what was added beyond `count` */
  readonly trim: (count: number) => void
  readonly sorted: () => Iterable<readonly [at: number, what: T]>
}

/** An empty {@link Timeline}. */
export const createTimeline = <T>(): Timeline<T> => {
  const entries: Entry<T>[] = []
  return {
    size: () => entries.length,
    add: (at, what) => {
      entries.push({ at, order: entries.length, what })
    },
    trim: (count) => {
      entries.length = Math.min(entries.length, count)
    },
    *sorted() {
      for (const { at, what } of entries.toSorted((a, b) => a.at - b.at || a.order - b.order)) yield [at, what]
    },
  }
}
