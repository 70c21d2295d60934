import type { Database, DatabaseLog } from '../types.js'
import { logChannel } from './append-log.js'

/** How to read a log. */
export type FollowOptions<Row> = {
  readonly name: string
  /** rows with a sequence above `after`, rising, at most `limit` */
  readonly read: (after: number, limit: number) => Promise<readonly Row[]>
  readonly sequenceOf: (row: Row) => number
  /** called for each row in order; what it throws is logged, the row counts as seen */
  readonly onRow: (row: Row) => void
  /** where to begin, exclusive */
  readonly after: number
  readonly limit?: number
  /** how often to look without being notified, ms; 1,000 by default */
  readonly pollMs?: number
}

/** A running reader. `position` is the last sequence it has seen. */
export type Follower = { readonly position: () => number; readonly stop: () => Promise<void> }

/**
 * Follows a log by cursor: woken by notifications, and looking by itself in case one was lost. While the database is away it
 * waits; nothing is skipped and nothing comes twice.
 */
export const followLog = async <Row>(
  options: FollowOptions<Row>,
  database: Pick<Database, 'listen'>,
  log: Pick<DatabaseLog, 'warn' | 'error'>,
): Promise<Follower> => {
  const { name, read, sequenceOf, onRow, limit = 500, pollMs = 1_000 } = options
  let position = options.after
  const end = new AbortController()
  const stopped = (): boolean => end.signal.aborted
  let wanted = true
  let running: Promise<void> | undefined

  const drain = async (): Promise<void> => {
    try {
      while (wanted && !stopped()) {
        wanted = false
        const rows = await read(position, limit)
        for (const row of rows) {
          if (stopped()) return
          try {
            onRow(row)
          } catch (error) {
            log.error({ log: name, sequence: sequenceOf(row), error: String(error) }, 'a reader of the log failed on a row')
          }
          position = sequenceOf(row)
        }
        if (rows.length === limit) wanted = true
      }
    } catch (error) {
      // the next notification or look comes back to it
      if (!stopped()) log.warn({ log: name, error: String(error) }, 'the log cannot be read; trying again')
    } finally {
      // in the same turn as the last check of `wanted`, so that no wake falls in between
      running = undefined
    }
  }
  const wake = (): void => {
    wanted = true
    if (!stopped()) running ??= drain()
  }

  const unlisten = await database.listen(logChannel(name), wake)
  const timer = setInterval(wake, pollMs)
  timer.unref()
  wake()
  return {
    position: () => position,
    stop: async () => {
      end.abort()
      clearInterval(timer)
      unlisten()
      await running
    },
  }
}
