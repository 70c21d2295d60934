import { ParapetError } from '@parapet/core'
import type { PoolClient } from 'pg'
import { isUnavailable } from '../errors.js'
import { transaction } from '../pools.js'
import type { Database } from '../types.js'

/** What a writer did with a batch: the last sequence it used (the given head when none) and one answer for each item. */
export type Written<Result> = { readonly head: number; readonly results: readonly Result[] }

/** How one log stores its items. */
export type AppendLogOptions<Item, Result> = {
  /** the row of `log_heads`, and the channel `log_<name>` that is notified */
  readonly name: string
  /**
   * Stores a batch in the given transaction with sequences from `head + 1` on, in the order of the items. Runs while the log is
   * locked. A batch may be written again, item by item, after an error, so it must have no effect but the transaction's.
   */
  readonly write: (client: PoolClient, items: readonly Item[], head: number) => Promise<Written<Result>>
  /** how much of the bounds an item takes, 1 by default */
  readonly weight?: (item: Item) => number
  /** the most that one transaction takes, 5,000 by default; a single heavier item goes alone */
  readonly maxBatch?: number
  /** the most that may wait; beyond it `append` rejects with `PPT_BACKPRESSURE`; 50,000 by default */
  readonly maxQueued?: number
}

/**
 * An append-only log whose sequence rises in the order of commits: a reader that has seen n has seen everything below n.
 * A bare serial skips rows that take their number early and commit late.
 */
export type AppendLog<Item, Result> = {
  /**
   * Appends durably: resolves after the commit. Calls made while a transaction runs share the next one. Errors:
   * `PPT_BACKPRESSURE`, and `PPT_DATABASE_UNAVAILABLE`, after which the item may or may not be there: send it again with the same id.
   */
  readonly append: (item: Item) => Promise<Result>
  /** Appends within a transaction of the caller, which locks the log until it ends. Logs are locked in the order events, decisions, alerts. */
  readonly appendIn: (client: PoolClient, items: readonly Item[]) => Promise<readonly Result[]>
  /** the last sequence that is committed */
  readonly head: () => Promise<number>
  /** what waits now, by weight, and how many transactions and items there were */
  readonly stats: () => { readonly queued: number; readonly batches: number; readonly items: number }
  /** Resolves when everything appended so far is settled; later appends reject. */
  readonly close: () => Promise<void>
}

type Waiting<Item, Result> = {
  readonly item: Item
  readonly weight: number
  readonly resolve: (result: Result) => void
  readonly reject: (error: unknown) => void
}

const NAME = /^[a-z]{1,32}$/

/** The channel that is notified after every commit of a log. */
export const logChannel = (name: string): string => `log_${name}`

/** Creates the writing side of a log. */
export const createAppendLog = <Item, Result>(
  options: AppendLogOptions<Item, Result>,
  database: Pick<Database, 'pool'>,
): AppendLog<Item, Result> => {
  const { name, write, weight = () => 1, maxBatch = 5_000, maxQueued = 50_000 } = options
  if (!NAME.test(name)) throw new TypeError(`not a log name: ${name}`)
  let queue: Waiting<Item, Result>[] = []
  let queued = 0
  let batches = 0
  let items = 0
  let running: Promise<void> | undefined
  let closed = false

  const appendIn = async (client: PoolClient, batch: readonly Item[]): Promise<readonly Result[]> => {
    // held to the commit: whoever takes the next numbers waits until these are visible
    const { rows } = await client.query<{ head: number }>({
      name: `log-lock-${name}`,
      text: `SELECT head FROM log_heads WHERE name = '${name}' FOR UPDATE`,
    })
    const before = rows[0]?.head
    if (before === undefined) throw new ParapetError('PPT_INTERNAL', `there is no log ${name}`)
    const { head, results } = await write(client, batch, before)
    if (head !== before)
      await client.query(`UPDATE log_heads SET head = ${head} WHERE name = '${name}'; NOTIFY ${logChannel(name)}, '${head}'`)
    return results
  }

  const commit = (batch: readonly Waiting<Item, Result>[]): Promise<readonly Result[]> =>
    transaction(database.pool, (client) =>
      appendIn(
        client,
        batch.map((waiting) => waiting.item),
      ),
    )

  const settle = async (batch: readonly Waiting<Item, Result>[]): Promise<void> => {
    try {
      const results = await commit(batch)
      batches++
      items += batch.length
      for (const [index, waiting] of batch.entries()) waiting.resolve(results[index] as Result)
    } catch (error) {
      if (batch.length === 1 || isUnavailable(error)) {
        for (const waiting of batch) waiting.reject(error)
        return
      }
      // one item that the database refuses must not take those of other callers with it
      for (const waiting of batch) await settle([waiting])
    }
  }

  const takeBatch = (): Waiting<Item, Result>[] => {
    let total = 0
    let end = 0
    for (const waiting of queue) {
      if (end > 0 && total + waiting.weight > maxBatch) break
      total += waiting.weight
      end++
    }
    const batch = queue.slice(0, end)
    queue = queue.slice(end)
    return batch
  }

  const drain = async (): Promise<void> => {
    while (queue.length > 0) {
      const batch = takeBatch()
      await settle(batch)
      for (const waiting of batch) queued -= waiting.weight
    }
  }

  const start = (): void => {
    // what is appended in the same turn of the event loop goes into the same transaction
    running ??= Promise.resolve()
      .then(drain)
      .finally(() => {
        running = undefined
        if (queue.length > 0) start()
      })
  }

  return {
    append: (item) =>
      new Promise((resolve, reject) => {
        const size = weight(item)
        if (closed) {
          reject(new ParapetError('PPT_DATABASE_UNAVAILABLE', 'the server is stopping'))
          return
        }
        if (queued > 0 && queued + size > maxQueued) {
          reject(new ParapetError('PPT_BACKPRESSURE', `${queued} wait already`))
          return
        }
        queued += size
        queue.push({ item, weight: size, resolve, reject })
        start()
      }),
    appendIn,
    head: () => readHead(database, name),
    stats: () => ({ queued, batches, items }),
    close: async () => {
      closed = true
      // draining goes on with what came in meanwhile; the queue is empty when the last run has ended
      await (running ?? Promise.resolve())
      if (running !== undefined) await running
    },
  }
}

/** The last committed sequence of a log. Errors: `PPT_DATABASE_UNAVAILABLE`. */
export const readHead = async (database: Pick<Database, 'pool'>, name: string): Promise<number> => {
  const { rows } = await database.pool.query<{ head: number }>({
    name: 'log-head',
    text: 'SELECT head FROM log_heads WHERE name = $1',
    values: [name],
  })
  return rows[0]?.head ?? 0
}
