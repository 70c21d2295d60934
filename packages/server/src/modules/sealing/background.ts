import { setTimeout as sleep } from 'node:timers/promises'

/** Sealing that goes on beside the work of the day. */
export type Sealing = {
  /** resolves when everything is done, or it was stopped; never rejects */
  readonly done: Promise<void>
  /** ends after the batch at hand; the next start goes on from there */
  readonly stop: () => Promise<void>
}

/** The end of such work: the signal that it shall stop, a pause that ends with it, and the handle of the work once it runs. */
export const createBackground = (): {
  readonly signal: AbortSignal
  readonly pause: (ms: number) => Promise<unknown>
  readonly handle: (done: Promise<void>) => Sealing
} => {
  const end = new AbortController()
  const { signal } = end
  return {
    signal,
    pause: (ms) => sleep(ms, undefined, { signal }).catch(() => undefined),
    handle: (done) => ({
      done,
      stop: async () => {
        end.abort()
        await done
      },
    }),
  }
}
