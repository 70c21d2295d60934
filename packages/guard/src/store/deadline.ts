import { ParapetError } from '@parapet/core'

type Waiting = { readonly until: number; reject: ((reason: ParapetError) => void) | undefined }

/** Gives work a time limit, and settles as `came` or `failed` say: one promise less for each request than with two steps. */
export type Deadline = <T, R>(work: Promise<T>, came: (value: T) => R, failed: (error: unknown) => unknown) => Promise<R>

/**
 * Gives promises at most `timeoutMs`; what has not settled by then fails with `PPT_STORE_UNAVAILABLE`. One timer for all of them: they
 * end in the order in which they came. Rejects with what `failed` makes of the error, or with what `came` throws.
 */
export const createDeadline = (what: string, timeoutMs: number): Deadline => {
  const queue: Waiting[] = []
  let armed = false

  const expire = (): void => {
    const now = performance.now()
    let done = 0
    for (const waiting of queue) {
      if (waiting.reject !== undefined) {
        if (waiting.until > now) break
        const { reject } = waiting
        waiting.reject = undefined
        reject(new ParapetError('PPT_STORE_UNAVAILABLE', `${what} did not answer within ${timeoutMs} ms`))
      }
      done++
    }
    queue.splice(0, done)
    arm()
  }

  const arm = (): void => {
    const [first] = queue
    armed = first !== undefined
    // one turn later: after a pause of this process, answers that lie ready in the socket are read first
    if (first !== undefined) setTimeout(() => setImmediate(expire), Math.max(1, Math.ceil(first.until - performance.now())))
  }

  return <T, R>(work: Promise<T>, came: (value: T) => R, failed: (error: unknown) => unknown) =>
    new Promise<R>((resolve, reject) => {
      const lost = (error: unknown): void => {
        const reason = failed(error)
        reject(reason instanceof Error ? reason : new Error(String(reason)))
      }
      const waiting: Waiting = { until: performance.now() + timeoutMs, reject: lost }
      queue.push(waiting)
      if (!armed) arm()
      const settle =
        <V>(end: (value: V) => void) =>
        (value: V): void => {
          // what comes after the end was told already
          if (waiting.reject === undefined) return
          waiting.reject = undefined
          end(value)
        }
      const arrived = settle((value: T): void => {
        try {
          resolve(came(value))
        } catch (error) {
          lost(error)
        }
      })
      work.then(arrived, settle(lost))
    })
}
