import type { CspReport } from './types.js'
import type { Violation } from './violation.js'

/** Kinds of violations with their counts; bounded in what it keeps and in what it tells. */
export type ViolationTable = {
  /** counts one; false when it is of a new kind and the table is full. A new kind is told at once while the window's share lasts */
  readonly add: (violation: Violation, now: number) => boolean
  /** tells what was counted since, the most frequent first, as far as the window's share goes; `all` to the last */
  readonly tell: (now: number, all?: boolean) => void
  readonly size: () => number
}

type Entry = { violation: Violation; count: number; firstAt: number; lastAt: number }

/** Whoever sends a report chooses what it says: kinds, not texts, are told apart, and their number is bounded whatever comes. */
export const createViolationTable = (options: {
  readonly kinds: number
  readonly perWindow: number
  readonly windowMs: number
  readonly report: (reports: readonly CspReport[]) => void
}): ViolationTable => {
  const { kinds, perWindow, windowMs, report } = options
  const table = new Map<string, Entry>()
  let [windowEnd, left] = [0, perWindow]

  const toReport = ({ violation, count, firstAt, lastAt }: Entry): CspReport => ({ ...violation, count, firstAt, lastAt })

  const send = (entries: readonly Entry[]): void => {
    if (entries.length === 0) return
    const reports = entries.map((entry) => toReport(entry))
    for (const entry of entries) entry.count = 0
    report(reports)
  }

  /** also for a clock that was set back: the old time may be far away */
  const isOver = (now: number): boolean => now >= windowEnd || now < windowEnd - windowMs

  const tell = (now: number, all = false): void => {
    if (isOver(now)) [windowEnd, left] = [now + windowMs, perWindow]
    const counted = [...table.values()].filter(({ count }) => count > 0).toSorted((a, b) => b.count - a.count)
    const share = all ? counted : counted.slice(0, left)
    left -= Math.min(left, share.length)
    send(share)
    // what is told and has not come back makes room, once room is needed
    if (table.size * 2 > kinds)
      for (const [key, { count, lastAt }] of table) if (count === 0 && Math.abs(now - lastAt) >= windowMs) table.delete(key)
  }

  return {
    add: (violation, now) => {
      if (isOver(now)) tell(now)
      const key = JSON.stringify([violation.directive, violation.blocked, violation.disposition, violation.source])
      const entry = table.get(key)
      if (entry !== undefined) {
        entry.count++
        entry.lastAt = now
        return true
      }
      if (table.size >= kinds) return false
      const made: Entry = { violation, count: 1, firstAt: now, lastAt: now }
      table.set(key, made)
      if (left > 0) {
        left--
        send([made])
      }
      return true
    },
    tell,
    size: () => table.size,
  }
}
