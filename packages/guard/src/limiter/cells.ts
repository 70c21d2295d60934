/** The state of one policy: a theoretical arrival time for each key, in a bounded table. */
export type Cells = {
  /** the arrival time held for a key; `-Infinity` when none is */
  read: (key: string) => number
  /** Keeps an arrival time. False: the table is full of keys without allowance, and this one was not taken in. */
  write: (key: string, arrival: number, now: number) => boolean
  remove: (key: string) => void
  readonly size: number
  readonly evicted: number
}

/** Slots looked at to make room for one key: the work of a flood stays constant for each request. */
const LOOKED_AT = 32

/**
 * A table of at most `maxKeys` keys. When it is full, a key whose time has passed makes room (nothing is lost), else the one with the
 * least used allowance among those looked at; a key that has used up to `spared` or more is never evicted, so that a flood of
 * made-up keys cannot give an attacker a fresh allowance.
 */
export const createCells = (maxKeys: number, spared: number): Cells => {
  const slots = new Map<string, number>()
  const keys: string[] = []
  const arrivals: number[] = []
  let hand = 0
  let evicted = 0

  const replace = (slot: number, key: string, arrival: number): void => {
    slots.delete(keys[slot] ?? '')
    keys[slot] = key
    arrivals[slot] = arrival
    slots.set(key, slot)
  }

  return {
    read: (key) => {
      const slot = slots.get(key)
      return slot === undefined ? -Infinity : (arrivals[slot] ?? -Infinity)
    },
    write: (key, arrival, now) => {
      const held = slots.get(key)
      if (held !== undefined) {
        arrivals[held] = arrival
        return true
      }
      if (keys.length < maxKeys) {
        slots.set(key, keys.push(key) - 1)
        arrivals.push(arrival)
        return true
      }
      let best = -1
      let least = now + spared
      for (let i = 0; i < LOOKED_AT; i++) {
        hand = hand + 1 < keys.length ? hand + 1 : 0
        const held = arrivals[hand] ?? 0
        // further ahead than any allowance reaches: the clock was set back
        const at = held > now + spared ? now : held
        if (at < least) {
          best = hand
          least = at
          if (at <= now) break
        }
      }
      if (best < 0) return false
      if (least > now) evicted++
      replace(best, key, arrival)
      return true
    },
    remove: (key) => {
      const slot = slots.get(key)
      if (slot === undefined) return
      const lastKey = keys.pop() ?? ''
      const lastArrival = arrivals.pop() ?? 0
      if (lastKey === key) slots.delete(key)
      else replace(slot, lastKey, lastArrival)
    },
    get size() {
      return keys.length
    },
    get evicted() {
      return evicted
    },
  }
}
