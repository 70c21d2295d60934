import { type Clock, ParapetError } from '@parapet/core'
import { integerOption } from '../options/check.js'
import { createBreaker } from './breaker.js'
import { createDeadline } from './deadline.js'

/** How a store deals with its server being away. Times in ms. */
export type OutageOptions = {
  /** what one call waits at most; default 500 */
  readonly timeoutMs?: number
  /** failures one after another after which calls are refused at once; default 3 */
  readonly failures?: number
  /** how often one call then tries again; default 1,000 */
  readonly retryMs?: number
}

/** Does something at a server, in bounded time and not at all while it is away. Rejects with `PPT_STORE_UNAVAILABLE`. */
export type Guarded = <T>(work: () => Promise<T>) => Promise<T>

/** Builds a {@link Guarded} for one server; `isOurs` tells errors that say nothing about the server's health. Throws `PPT_CONFIG_INVALID`. */
export const createGuarded = (
  name: string,
  options: OutageOptions,
  clock: Clock,
  isOurs: (error: unknown) => boolean = () => false,
): Guarded => {
  const timeoutMs = integerOption(`${name}.timeoutMs`, options.timeoutMs, 500, 5, 60_000)
  const failures = integerOption(`${name}.failures`, options.failures, 3, 1, 100)
  const retryMs = integerOption(`${name}.retryMs`, options.retryMs, 1_000, 10, 60_000)
  const deadline = createDeadline(name, timeoutMs)
  const breaker = createBreaker({ clock, failures, retryMs })

  const unavailable = (error: unknown): Error =>
    error instanceof ParapetError ? error : new ParapetError('PPT_STORE_UNAVAILABLE', `${name} failed`, { cause: error })
  return async (work) => {
    if (breaker.admit() === 'skip') throw new ParapetError('PPT_STORE_UNAVAILABLE', `${name} is away`)
    return deadline(
      work(),
      (value) => {
        breaker.succeeded()
        return value
      },
      (error) => {
        if (isOurs(error)) breaker.succeeded()
        else breaker.failed('')
        return unavailable(error)
      },
    )
  }
}
