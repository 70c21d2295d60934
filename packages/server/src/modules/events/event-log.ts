import type { PoolClient } from 'pg'
import { type AppendLog, createAppendLog, type Written } from '../../db/append-log/index.js'
import type { Database } from '../../db/types.js'
import { dayOf, type EventRow, hourOf, weekOf } from './event-row.js'

/** What one call of `append` brings. `receivedAt` in ms UTC. */
export type EventBatch = {
  readonly source: { readonly id: string; readonly name: string }
  readonly receivedAt: number
  readonly rows: readonly EventRow[]
}

/** Every event of a batch is one or the other; both are durable. */
export type AppendResult = { readonly accepted: number; readonly duplicates: number }

const INSERT_KEYS = {
  name: 'events-keys',
  // the log is locked, so nobody else inserts keys: looking into the week before is enough
  text: `INSERT INTO event_keys (week, key)
    SELECT i.week, i.key FROM unnest($1::int[], $2::uuid[]) AS i (week, key)
    WHERE NOT EXISTS (SELECT 1 FROM event_keys p WHERE p.week = i.week - 1 AND p.key = i.key)
    ON CONFLICT DO NOTHING RETURNING key`,
}
const INSERT_EVENTS = {
  name: 'events-insert',
  text: `INSERT INTO events (day, sequence, id, received_at, source_id, source_name, address, user_id, user_name, demo, body)
    SELECT * FROM unnest($1::int[], $2::bigint[], $3::text[], $4::bigint[], $5::text[], $6::text[], $7::inet[], $8::text[], $9::text[], $10::boolean[], $11::json[])`,
}
const COUNT_HOURS = {
  name: 'events-hours',
  text: `INSERT INTO event_hours (hour, source_id, source_name, events, demo_events, last_received_at)
    SELECT * FROM unnest($1::bigint[], $2::text[], $3::text[], $4::bigint[], $5::bigint[], $6::bigint[])
    ON CONFLICT (hour, source_id) DO UPDATE SET source_name = excluded.source_name, events = event_hours.events + excluded.events,
      demo_events = event_hours.demo_events + excluded.demo_events, last_received_at = greatest(event_hours.last_received_at, excluded.last_received_at)`,
}

type Fresh = { readonly batch: EventBatch; readonly row: EventRow }

const countHours = (fresh: readonly Fresh[]): unknown[][] => {
  const hours = new Map<string, { hour: number; batch: EventBatch; events: number; demo: number; last: number }>()
  for (const { batch, row } of fresh) {
    const hour = hourOf(batch.receivedAt)
    const key = `${hour} ${batch.source.id}`
    const entry = hours.get(key) ?? { hour, batch, events: 0, demo: 0, last: 0 }
    entry.events++
    if (row.demo) entry.demo++
    entry.last = Math.max(entry.last, batch.receivedAt)
    hours.set(key, entry)
  }
  const list = [...hours.values()]
  return [
    list.map((each) => each.hour),
    list.map((each) => each.batch.source.id),
    list.map((each) => each.batch.source.name),
    list.map((each) => each.events),
    list.map((each) => each.demo),
    list.map((each) => each.last),
  ]
}

const write = async (client: PoolClient, batches: readonly EventBatch[], head: number): Promise<Written<AppendResult>> => {
  const first = new Map<string, Fresh>()
  for (const batch of batches) for (const row of batch.rows) if (!first.has(row.key)) first.set(row.key, { batch, row })
  const candidates = [...first.values()]
  const { rows: inserted } = await client.query<{ key: string }>({
    ...INSERT_KEYS,
    values: [candidates.map(({ batch }) => weekOf(batch.receivedAt)), candidates.map(({ row }) => row.key)],
  })
  const keys = new Set(inserted.map((each) => each.key))
  const fresh = candidates.filter(({ row }) => keys.has(row.key))
  const accepted = new Map<EventBatch, number>()
  for (const { batch } of fresh) accepted.set(batch, (accepted.get(batch) ?? 0) + 1)
  if (fresh.length > 0) {
    const column = <T>(read: (each: Fresh, index: number) => T): T[] => fresh.map(read)
    await client.query({
      ...INSERT_EVENTS,
      values: [
        column(({ batch }) => dayOf(batch.receivedAt)),
        column((_, index) => head + 1 + index),
        column(({ row }) => row.id),
        column(({ batch }) => batch.receivedAt),
        column(({ batch }) => batch.source.id),
        column(({ batch }) => batch.source.name),
        column(({ row }) => row.address),
        column(({ row }) => row.userId),
        column(({ row }) => row.userName),
        column(({ row }) => row.demo),
        column(({ row }) => row.body),
      ],
    })
    await client.query({ ...COUNT_HOURS, values: countHours(fresh) })
  }
  return {
    head: head + fresh.length,
    results: batches.map((batch) => {
      const count = accepted.get(batch) ?? 0
      return { accepted: count, duplicates: batch.rows.length - count }
    }),
  }
}

/** The log of events. A repetition of (source, id) within seven days is stored once, whether it comes in the same batch or later. */
export const createEventLog = (database: Pick<Database, 'pool'>): AppendLog<EventBatch, AppendResult> =>
  createAppendLog({ name: 'events', write, weight: (batch) => batch.rows.length, maxBatch: 5_000, maxQueued: 50_000 }, database)
