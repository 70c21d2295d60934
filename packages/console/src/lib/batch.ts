/** Collects what arrives in a burst and hands it over at once, latest per key; `limit` keys at most, the oldest go first. */
export type Batcher<T> = { readonly add: (key: string, value: T) => void; readonly flush: () => void; readonly stop: () => void }

/**
 * Keeps a flood of live messages from repainting the page for each one. `schedule` runs the hand-over later and
 * returns how to call that off.
 */
export const createBatcher = <T>(
  options: { readonly limit: number },
  deps: { readonly schedule: (run: () => void) => () => void; readonly deliver: (values: readonly T[]) => void },
): Batcher<T> => {
  const waiting = new Map<string, T>()
  let cancel: (() => void) | undefined
  const flush = (): void => {
    cancel?.()
    cancel = undefined
    if (waiting.size === 0) return
    const values = [...waiting.values()]
    waiting.clear()
    deps.deliver(values)
  }
  return {
    add: (key, value) => {
      waiting.delete(key)
      waiting.set(key, value)
      if (waiting.size > options.limit) {
        const oldest = waiting.keys().next()
        if (oldest.done !== true) waiting.delete(oldest.value)
      }
      cancel ??= deps.schedule(flush)
    },
    flush,
    stop: () => {
      cancel?.()
      cancel = undefined
      waiting.clear()
    },
  }
}
