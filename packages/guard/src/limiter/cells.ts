/** The keys of one policy in a bounded table: for each an arrival time, which says how much is used, and what else is kept of it. */
export type Cells<State = undefined> = {
  /** the slot of a key, -1 when it has none; good until the next {@link Cells.add} or {@link Cells.remove} */
  find: (key: string) => number
  arrivalAt: (slot: number) => number
  stateAt: (slot: number) => State | undefined
  set: (slot: number, arrival: number, state?: State) => void
  /** Takes a new key in. False: the table is full of keys without allowance, and this one was not. */
  add: (key: string, arrival: number, now: number, state?: State) => boolean
  remove: (key: string) => void
  readonly size: number
  readonly evicted: number
}

/** Slots looked at to make room for one key: the work of a flood stays constant for each request. */
const LOOKED_AT = 32
/** What part of an allowance is little: of more, the one who has used least is looked for. */
const LITTLE = 0.25

/**
 * A table of at most `maxKeys` keys. When it is full, a key whose time has passed makes room (nothing is lost), else the one with the
 * least used allowance among those looked at; a key that has used up to `spared` or more is never evicted, so that a flood of
 * made-up keys cannot give an attacker a fresh allowance.
 */
export const createCells = <State = undefined>(maxKeys: number, spared: number): Cells<State> => {
  const slots = new Map<string, number>()
  const keys: string[] = []
  const arrivals: number[] = []
  // stays empty where arrival times are all there is
  const states: (State | undefined)[] = []
  let hand = 0
  let evicted = 0

  const replace = (slot: number, key: string, arrival: number, state: State | undefined): void => {
    slots.delete(keys[slot] ?? '')
    keys[slot] = key
    arrivals[slot] = arrival
    if (state !== undefined) states[slot] = state
    slots.set(key, slot)
  }

  return {
    find: (key) => slots.get(key) ?? -1,
    arrivalAt: (slot) => arrivals[slot] ?? -Infinity,
    stateAt: (slot) => states[slot],
    set: (slot, arrival, state) => {
      arrivals[slot] = arrival
      if (state !== undefined) states[slot] = state
    },
    add: (key, arrival, now, state) => {
      if (keys.length < maxKeys) {
        slots.set(key, keys.push(key) - 1)
        arrivals.push(arrival)
        if (state !== undefined) states.push(state)
        return true
      }
      let best = -1
      let least = now + spared
      // a newcomer who takes little may have the place of anyone who has taken no more: in a flood, that of the first one looked at
      const enough = arrival - now <= spared * LITTLE ? arrival : now
      for (let i = 0; i < LOOKED_AT; i++) {
        hand = hand + 1 < keys.length ? hand + 1 : 0
        const held = arrivals[hand] ?? 0
        // further ahead than any allowance reaches: the clock was set back
        const at = held > now + spared ? now : held
        if (at < least) {
          best = hand
          least = at
          if (at <= enough) break
        }
      }
      if (best < 0) return false
      if (least > now) evicted++
      replace(best, key, arrival, state)
      return true
    },
    remove: (key) => {
      const slot = slots.get(key)
      if (slot === undefined) return
      const lastKey = keys.pop() ?? ''
      const lastArrival = arrivals.pop() ?? 0
      const lastState = states.length > 0 ? states.pop() : undefined
      if (lastKey === key) slots.delete(key)
      else replace(slot, lastKey, lastArrival, lastState)
    },
    get size() {
      return keys.length
    },
    get evicted() {
      return evicted
    },
  }
}
