/** Waiting that can be cut short: by news, or for good. */
export type Waker = {
  readonly wake: () => void
  readonly stop: () => void
  readonly stopped: () => boolean
  /** Forgets earlier news; call before looking, so that news during the look is not slept over. */
  readonly arm: () => void
  /** Resolves at news since the last `arm`, at `stop`, or after `ms`. */
  readonly wait: (ms: number) => Promise<void>
  /** Resolves at `stop` or after `ms`, whatever the news. */
  readonly sleep: (ms: number) => Promise<void>
}

/** Creates a waker. */
export const createWaker = (): Waker => {
  let news = false
  let ended = false
  let release: { resolve: () => void; atNews: boolean } | undefined

  const pause = (ms: number, atNews: boolean): Promise<void> => {
    if (ended || (atNews && news)) return Promise.resolve()
    return new Promise((resolve) => {
      const timer = setTimeout(() => finish(), ms)
      const finish = (): void => {
        clearTimeout(timer)
        release = undefined
        resolve()
      }
      release = { resolve: finish, atNews }
    })
  }
  return {
    wake: () => {
      news = true
      if (release?.atNews === true) release.resolve()
    },
    stop: () => {
      ended = true
      release?.resolve()
    },
    stopped: () => ended,
    arm: () => {
      news = false
    },
    wait: (ms) => pause(ms, true),
    sleep: (ms) => pause(ms, false),
  }
}
