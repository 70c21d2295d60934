import { type Author, type Clock, DEMO_TAG, type Page, ParapetError, type SecurityEvent, type StoredEvent } from '@parapet/core'
import { codeOf } from '../../db/errors.js'
import { transaction } from '../../db/pools.js'
import type { Database } from '../../db/types.js'
import { createConceal, type Vault } from '../../vault/index.js'
import { createDecisionLog } from '../decisions/decision-log.js'
import { type AppendResult, createEventLog, type EventBatch } from './event-log.js'
import { toEventRow } from './event-row.js'
import { createPartitions } from './partitions.js'
import { type EventQuery, readEventsAfter, readEventsAt, readEventsById, readSequenceBefore, searchEvents } from './read-events.js'
import { createEventSearches, type EventSearches } from './search-events.js'

/** When a source last sent something, ms UTC, and how much in all hours that are kept. */
export type SourceActivity = { readonly id: string; readonly name: string; readonly lastEventAt: number; readonly events: number }

/** The events of all sources. Methods reject with `PPT_DATABASE_UNAVAILABLE` while the database is away. */
export type EventStore = {
  /**
   * Stores events of one source, durable before it resolves; those it sent before (same `event.id`, at least seven days back) are
   * counted, not stored. One that claims to be of more than a day after `receivedAt` (ms UTC) counts as of then. Errors: `PPT_BACKPRESSURE`.
   */
  readonly append: (source: EventBatch['source'], events: readonly SecurityEvent[], receivedAt: number) => Promise<AppendResult>
  /** Events by id in the order they came; at most 1,000. */
  readonly byIds: (ids: readonly (string | number)[]) => Promise<readonly StoredEvent[]>
  /** Newest first. Errors: `PPT_INVALID`, `PPT_ADDRESS_INVALID`. */
  readonly search: (query: EventQuery) => Promise<Page<StoredEvent>>
  /** Events by their places in the log, newest first; at most 1,000. */
  readonly at: (places: readonly { readonly sequence: number; readonly day: number }[]) => Promise<readonly StoredEvent[]>
  /** searches of the page Activity */
  readonly find: EventSearches
  /** The last sequence before the day of a moment, ms UTC. */
  readonly before: (receivedAt: number) => Promise<number>
  /** Events with a sequence above `sequence`, in order. */
  readonly after: (sequence: number, limit: number) => Promise<readonly StoredEvent[]>
  /** the last sequence */
  readonly head: () => Promise<number>
  /** Events received in each hour from `since` (ms UTC) on, oldest first; hours without any are left out. */
  readonly countsByHour: (since: number) => Promise<readonly { readonly at: number; readonly events: number }[]>
  readonly lastEventPerSource: () => Promise<readonly SourceActivity[]>
  /** Removes generated data, with its alerts, after lifting its decisions; only for the tag `parapet.demo`. Answers how many events went. */
  readonly removeTagged: (tag: string) => Promise<number>
  /** Makes the partitions of now and of the next days. */
  readonly preparePartitions: () => Promise<void>
  /** Drops events received before `day` (days since 1970-01-01 UTC). Answers how many partitions went. */
  readonly dropPartitionsBefore: (day: number) => Promise<number>
  /** events that wait for the database now, and what was written since the start */
  readonly stats: () => { readonly queued: number; readonly batches: number; readonly items: number }
  /** Resolves when everything appended is settled. */
  readonly close: () => Promise<void>
}

const DEMO_REMOVER: Author = { kind: 'cli', id: 'parapet.demo', name: 'parapet demo' }

/** No partition for a row: dropped behind our back. Source: PostgreSQL appendix A, check_violation. */
const NO_PARTITION = '23514'

/** Creates the store of events. */
export const createEventStore = (deps: { database: Pick<Database, 'pool' | 'owner'>; clock: Clock; vault: Vault }): EventStore => {
  const { database, clock, vault } = deps
  const conceal = createConceal(vault)
  const reader = { database, vault, conceal }
  const log = createEventLog(database)
  const partitions = createPartitions(database)
  const decisions = createDecisionLog(database, vault)

  const append = async (source: EventBatch['source'], events: readonly SecurityEvent[], receivedAt: number): Promise<AppendResult> => {
    if (events.length === 0) return { accepted: 0, duplicates: 0 }
    const batch = { source, receivedAt, rows: events.map((event) => toEventRow(source.id, event, receivedAt, { clock, vault, conceal })) }
    await partitions.ensure(receivedAt)
    try {
      return await log.append(batch)
    } catch (error) {
      if (codeOf(error) !== NO_PARTITION) throw error
      partitions.forget()
      await partitions.ensure(receivedAt)
      return log.append(batch)
    }
  }

  return {
    append,
    byIds: (ids) => readEventsById(reader, ids),
    search: (query) => searchEvents(reader, query),
    at: (places) => readEventsAt(reader, places),
    find: createEventSearches(reader),
    before: (receivedAt) => readSequenceBefore(reader, receivedAt),
    after: (sequence, limit) => readEventsAfter(reader, sequence, limit),
    head: log.head,
    countsByHour: async (since) => {
      const { rows } = await database.pool.query<{ at: number; events: number }>(
        'SELECT hour AS at, sum(events)::bigint AS events FROM event_hours WHERE hour > $1::bigint - 3600000 GROUP BY hour ORDER BY hour',
        [since],
      )
      return rows
    },
    lastEventPerSource: async () => {
      const { rows } = await database.pool.query<SourceActivity>(
        `SELECT source_id AS id, (array_agg(source_name ORDER BY hour DESC))[1] AS name, max(last_received_at) AS "lastEventAt", sum(events)::bigint AS events
         FROM event_hours GROUP BY source_id ORDER BY source_id`,
      )
      return rows
    },
    removeTagged: (tag) => {
      if (tag !== DEMO_TAG)
        return Promise.reject(new ParapetError('PPT_INVALID', `tag: only ${DEMO_TAG} can be removed; events are evidence`))
      return transaction(database.pool, async (client) => {
        const { rows } = await client.query<{ id: string }>(
          'SELECT d.id FROM decisions d JOIN alerts a ON a.id = d.alert_id WHERE a.demo AND d.lifted_at IS NULL',
        )
        // enforcers hear of it first: what vanished without a word they would go on enforcing
        await decisions.appendIn(client, [
          { kind: 'lift', ids: rows.map((row) => row.id), by: DEMO_REMOVER, reason: 'generated data was removed', at: clock() },
        ])
        const { rows: removed } = await client.query<{ events: number }>('SELECT remove_demo() AS events')
        return removed[0]?.events ?? 0
      })
    },
    preparePartitions: () => partitions.ensure(clock()),
    dropPartitionsBefore: (day) => partitions.dropBefore(day, clock()),
    stats: log.stats,
    close: log.close,
  }
}
