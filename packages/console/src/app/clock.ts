import { useSyncExternalStore } from 'react'

let now = Date.now()
let timer: ReturnType<typeof setInterval> | undefined
const listeners = new Set<() => void>()

const subscribe = (listener: () => void): (() => void) => {
  listeners.add(listener)
  timer ??= setInterval(() => {
    now = Date.now()
    for (const run of listeners) run()
  }, 1_000)
  return () => {
    listeners.delete(listener)
    if (listeners.size === 0) {
      clearInterval(timer)
      timer = undefined
    }
  }
}

/** The current time in ms UTC, up to the next `step` ms: a component repaints only when its step changes. One timer for the whole page. */
export const useNow = (step = 1_000): number => useSyncExternalStore(subscribe, () => Math.ceil(now / step) * step)
