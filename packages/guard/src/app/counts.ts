import type { GuardCounts } from './types.js'

/** Counters of one guard. Reasons are words of ours, never text that came in. */
export type Counts = {
  /** what became of one request; `refused` and `observed` by reason */
  readonly note: (refused: string | undefined, observed: string | undefined) => void
  readonly degraded: (part: string) => void
  readonly snapshot: () => GuardCounts
}

const bump = (counters: Map<string, number>, name: string): void => {
  counters.set(name, (counters.get(name) ?? 0) + 1)
}

export const createCounts = (): Counts => {
  const [refusals, watched, broken] = [new Map<string, number>(), new Map<string, number>(), new Map<string, number>()]
  let [requests, allowed] = [0, 0]
  return {
    note: (refused, observed) => {
      requests++
      if (refused === undefined) allowed++
      else bump(refusals, refused)
      if (observed !== undefined) bump(watched, observed)
    },
    degraded: (part) => bump(broken, part),
    snapshot: () => ({
      requests,
      allowed,
      refused: Object.fromEntries(refusals),
      observed: Object.fromEntries(watched),
      degraded: Object.fromEntries(broken),
    }),
  }
}
