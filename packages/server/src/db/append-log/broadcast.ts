import { isUnavailable } from '../errors.js'
import type { Database, DatabaseLog } from '../types.js'
import { readHead } from './append-log.js'
import { type Follower, followLog } from './follow.js'

/** Brings the rows of a log to any number of readers in this process over one follower. */
export type Broadcast<Row> = {
  /** `fn` gets every row that is committed from now on; some that came just before may come too. Answers a function that ends it. */
  readonly subscribe: (fn: (row: Row) => void) => () => void
  /**
   * Resolves once following has begun, if anybody subscribed. A reader that subscribes, awaits this, and then reads the log
   * has no gap between what it read and what comes.
   */
  readonly ready: () => Promise<void>
  readonly close: () => Promise<void>
}

/** Creates a broadcast; it follows from the first subscription on. */
export const createBroadcast = <Row>(
  options: {
    name: string
    read: (after: number, limit: number) => Promise<readonly Row[]>
    sequenceOf: (row: Row) => number
    retryMs?: number
  },
  database: Pick<Database, 'pool' | 'listen'>,
  log: Pick<DatabaseLog, 'warn' | 'error'>,
): Broadcast<Row> => {
  const readers = new Set<(row: Row) => void>()
  const closing = new AbortController()
  let started: Promise<Follower | undefined> | undefined

  const onRow = (row: Row): void => {
    for (const fn of readers) {
      try {
        fn(row)
      } catch (error) {
        log.error({ log: options.name, error: String(error) }, 'a subscriber of the log failed')
      }
    }
  }
  const pause = (): Promise<void> =>
    new Promise((resolve) => {
      const timer = setTimeout(resolve, options.retryMs ?? 250)
      closing.signal.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve()
      })
    })
  const start = async (): Promise<Follower | undefined> => {
    while (!closing.signal.aborted) {
      try {
        const after = await readHead(database, options.name)
        return await followLog({ name: options.name, read: options.read, sequenceOf: options.sequenceOf, onRow, after }, database, log)
      } catch (error) {
        // subscribers stay; they hear again when the database is back
        log.warn({ log: options.name, unavailable: isUnavailable(error), error: String(error) }, 'the log cannot be followed yet')
        await pause()
      }
    }
    return undefined
  }

  return {
    subscribe: (fn) => {
      const entry = (row: Row): void => fn(row)
      readers.add(entry)
      started ??= start()
      return () => {
        readers.delete(entry)
      }
    },
    ready: async () => {
      await started
    },
    close: async () => {
      closing.abort()
      readers.clear()
      const follower = await started
      await follower?.stop()
    },
  }
}
