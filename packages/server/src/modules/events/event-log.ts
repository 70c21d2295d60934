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

/**
 * Lists travel as one text with a line for each event, split by the server: a third of the time that arrays take, since nothing
 * has to be quoted. No value of them can hold a line break: keys, stored ids, addresses, indexes and sealed values are plain, JSON writes
 * it as `\n`.
 */
const lines = (parameter: number): string => `string_to_table($${parameter}, E'\\n')`

const INSERT_KEYS = {
  name: 'events-keys',
  // the log is locked, so nobody else inserts keys: looking into the week before is enough. Asked for each key by itself: a join
  // would be planned as one over the whole week
  text: `INSERT INTO event_keys (week, key) SELECT $1, k::uuid FROM ${lines(2)} AS k
    WHERE (SELECT 1 FROM event_keys p WHERE p.week = $1 - 1 AND p.key = k::uuid LIMIT 1) IS NULL
    ON CONFLICT DO NOTHING RETURNING key`,
}
const INSERT_EVENTS = {
  name: 'events-insert',
  text: `INSERT INTO events (sequence, id, address, user_id, user_name, user_email, demo, body, sealed, form, day, received_at, source_id, source_name)
    SELECT $1 + n, id, nullif(address, '')::inet, user_id, nullif(user_name, ''), nullif(user_email, ''), demo::boolean, body::json, nullif(sealed, ''), 1,
      ($11::int[])[batch::int], ($12::bigint[])[batch::int], ($13::text[])[batch::int], ($14::text[])[batch::int]
    FROM ROWS FROM (${lines(2)}, ${lines(3)}, unnest($4::text[]), ${lines(5)}, ${lines(6)}, ${lines(7)}, ${lines(8)}, ${lines(9)}, ${lines(10)})
      WITH ORDINALITY AS e (id, address, user_id, user_name, user_email, demo, body, sealed, batch, n)`,
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

/** Remembers the keys that are new and answers those. */
const insertKeys = async (client: PoolClient, candidates: readonly Fresh[]): Promise<ReadonlySet<string>> => {
  const weeks = new Map<number, string[]>()
  for (const { batch, row } of candidates) {
    const week = weekOf(batch.receivedAt)
    const keys = weeks.get(week)
    if (keys === undefined) weeks.set(week, [row.key])
    else keys.push(row.key)
  }
  const fresh = new Set<string>()
  // nearly always one: batches of the same moment
  for (const [week, keys] of weeks) {
    const { rows } = await client.query<{ key: string }>({ ...INSERT_KEYS, values: [week, keys.join('\n')] })
    for (const { key } of rows) fresh.add(key)
  }
  return fresh
}

const write = async (client: PoolClient, batches: readonly EventBatch[], head: number): Promise<Written<AppendResult>> => {
  const first = new Map<string, Fresh>()
  for (const batch of batches) for (const row of batch.rows) if (!first.has(row.key)) first.set(row.key, { batch, row })
  const candidates = [...first.values()]
  const keys = await insertKeys(client, candidates)
  const fresh = candidates.filter(({ row }) => keys.has(row.key))
  const accepted = new Map<EventBatch, number>()
  for (const { batch } of fresh) accepted.set(batch, (accepted.get(batch) ?? 0) + 1)
  if (fresh.length > 0) {
    const used = [...new Set(fresh.map(({ batch }) => batch))]
    const place = new Map(used.map((batch, index) => [batch, index + 1]))
    const joined = (read: (each: Fresh) => string | number): string => fresh.map(read).join('\n')
    await client.query({
      ...INSERT_EVENTS,
      values: [
        head,
        joined(({ row }) => row.id),
        joined(({ row }) => row.address ?? ''),
        fresh.map(({ row }) => row.userId),
        joined(({ row }) => row.userName ?? ''),
        joined(({ row }) => row.userEmail ?? ''),
        joined(({ row }) => (row.demo ? 't' : 'f')),
        joined(({ row }) => row.body),
        joined(({ row }) => row.sealed ?? ''),
        joined(({ batch }) => place.get(batch) ?? 0),
        used.map((batch) => dayOf(batch.receivedAt)),
        used.map((batch) => batch.receivedAt),
        used.map((batch) => batch.source.id),
        used.map((batch) => batch.source.name),
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
