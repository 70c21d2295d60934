/** Lets a few pass at a time, queues some and turns the rest away. */
export type Gate = {
  /**
   * Resolves to what must be called when done; `undefined` at once when there is no room to wait. `known` waits in a line of its own, which
   * is served in turn with the other: a flood of strangers neither turns known people away nor keeps them waiting for all of itself.
   */
  enter: (key: string, line?: 'strangers' | 'known') => Promise<() => void> | undefined
  readonly running: number
  readonly waiting: number
}

/**
 * Bounds password hashing, which is a way to exhaust a server. `waiting` bounds each of the two lines. `perKey` bounds what one client may
 * hold, running and waiting, so that one address cannot fill the queue for all.
 */
export const createGate = (bounds: { readonly running: number; readonly waiting: number; readonly perKey: number }): Gate => {
  const lines: Readonly<Record<'strangers' | 'known', (() => void)[]>> = { strangers: [], known: [] }
  let turn: 'strangers' | 'known' = 'known'
  const held = new Map<string, number>()
  let running = 0

  const next = (): (() => void) | undefined => {
    const line = lines[turn].length > 0 ? turn : turn === 'known' ? 'strangers' : 'known'
    turn = line === 'known' ? 'strangers' : 'known'
    return lines[line].shift()
  }

  const leave = (key: string): (() => void) => {
    let left = false
    return () => {
      if (left) return
      left = true
      const rest = (held.get(key) ?? 1) - 1
      if (rest === 0) held.delete(key)
      else held.set(key, rest)
      const follows = next()
      // the place goes to the next in line without becoming free, so that nobody overtakes
      if (follows === undefined) running--
      else follows()
    }
  }

  return {
    enter: (key, line = 'strangers') => {
      const mine = held.get(key) ?? 0
      if (mine >= bounds.perKey) return undefined
      if (running < bounds.running) {
        running++
        held.set(key, mine + 1)
        return Promise.resolve(leave(key))
      }
      if (lines[line].length >= bounds.waiting) return undefined
      held.set(key, mine + 1)
      return new Promise((resolve) => lines[line].push(() => resolve(leave(key))))
    },
    get running() {
      return running
    },
    get waiting() {
      return lines.strangers.length + lines.known.length
    },
  }
}
