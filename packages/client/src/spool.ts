import { ParapetError } from '@parapet/core'

/** An event on its way: its JSON, and whether it goes first and is dropped last. */
export type SpoolItem = { readonly id: string; readonly json: string; readonly urgent: boolean }

/** Where events wait while the control plane is away. */
export type Spool = {
  /** Takes an item in; returns how many older ones were dropped to make room (1 and nothing taken, when it fits nowhere). */
  push: (item: SpoolItem) => number
  /** takes out up to `maxCount` items of together at most `maxBytes`, at least one if there is any */
  take: (maxCount: number, maxBytes: number) => readonly SpoolItem[]
  /**
   * Told when items that were taken out are with the control plane, or will never be taken by it. A spool that has this keeps taken items
   * until then, also beyond the end of the process; what waits in it at `close` is not dropped.
   */
  settle?: (items: readonly SpoolItem[]) => void
  readonly size: number
  readonly bytes: number
}

/** Bounds of a {@link memorySpool}. */
export type SpoolBounds = { readonly maxEvents?: number; readonly maxBytes?: number }

/** First in, first out without moving what is behind. */
const createLane = (): {
  push: (item: SpoolItem) => void
  peek: () => SpoolItem | undefined
  shift: () => SpoolItem | undefined
  size: () => number
} => {
  let items: (SpoolItem | undefined)[] = []
  let head = 0
  return {
    push: (item) => {
      items.push(item)
    },
    peek: () => items[head],
    shift: () => {
      const item = items[head]
      if (item === undefined) return undefined
      items[head++] = undefined
      if (head > 1_024 && head * 2 > items.length) {
        items = items.slice(head)
        head = 0
      }
      return item
    },
    size: () => items.length - head,
  }
}

const bound = (name: string, value: number | undefined, fallback: number): number => {
  if (value === undefined) return fallback
  if (!Number.isInteger(value) || value < 1 || value > 1e9)
    throw new ParapetError('PPT_CONFIG_INVALID', `spool.${name} is ${value}; give a whole number from 1`)
  return value
}

/**
 * Holds events in memory, 10,000 and 16 MiB by default. When it is full the oldest ordinary events go first, so that a flood of
 * requests does not push out the sign-ins that it is meant to hide.
 */
export const memorySpool = (bounds: SpoolBounds = {}): Spool => {
  const maxEvents = bound('maxEvents', bounds.maxEvents, 10_000)
  const maxBytes = bound('maxBytes', bounds.maxBytes, 16_777_216)
  const urgent = createLane()
  const ordinary = createLane()
  let bytes = 0
  const size = (): number => urgent.size() + ordinary.size()
  return {
    push: (item) => {
      const cost = Buffer.byteLength(item.json)
      if (cost > maxBytes) return 1
      let dropped = 0
      while (size() + 1 > maxEvents || bytes + cost > maxBytes) {
        if (!item.urgent && ordinary.size() === 0) return dropped + 1
        const gone = ordinary.shift() ?? urgent.shift()
        if (gone === undefined) break
        bytes -= Buffer.byteLength(gone.json)
        dropped++
      }
      const lane = item.urgent ? urgent : ordinary
      lane.push(item)
      bytes += cost
      return dropped
    },
    take: (maxCount, most) => {
      const taken: SpoolItem[] = []
      let total = 0
      while (taken.length < maxCount) {
        const lane = urgent.size() > 0 ? urgent : ordinary
        const next = lane.peek()
        if (next === undefined) break
        const cost = Buffer.byteLength(next.json)
        if (taken.length > 0 && total + cost + 1 > most) break
        lane.shift()
        taken.push(next)
        total += cost + 1
        bytes -= cost
      }
      return taken
    },
    get size() {
      return size()
    },
    get bytes() {
      return bytes
    },
  }
}
