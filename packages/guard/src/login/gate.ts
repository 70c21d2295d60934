/** Lets a few pass at a time, queues some and turns the rest away. */
export type Gate = {
  /** resolves to what must be called when done; `undefined` at once when there is no room to wait */
  enter: (key: string) => Promise<() => void> | undefined
  readonly running: number
  readonly waiting: number
}

/**
 * Bounds password hashing, which is a way to exhaust a server. `perKey` bounds what one client may hold, running and waiting, so
 * that one address cannot fill the queue for all.
 */
export const createGate = (bounds: { readonly running: number; readonly waiting: number; readonly perKey: number }): Gate => {
  const queue: (() => void)[] = []
  const held = new Map<string, number>()
  let running = 0

  const leave = (key: string): (() => void) => {
    let left = false
    return () => {
      if (left) return
      left = true
      const rest = (held.get(key) ?? 1) - 1
      if (rest === 0) held.delete(key)
      else held.set(key, rest)
      const next = queue.shift()
      // the place goes to the next in line without becoming free, so that nobody overtakes
      if (next === undefined) running--
      else next()
    }
  }

  return {
    enter: (key) => {
      const mine = held.get(key) ?? 0
      if (mine >= bounds.perKey) return undefined
      if (running < bounds.running) {
        running++
        held.set(key, mine + 1)
        return Promise.resolve(leave(key))
      }
      if (queue.length >= bounds.waiting) return undefined
      held.set(key, mine + 1)
      return new Promise((resolve) => queue.push(() => resolve(leave(key))))
    },
    get running() {
      return running
    },
    get waiting() {
      return queue.length
    },
  }
}
