import { type Page, SECOND, type StoredEvent, type TopValues } from '@parapet/core'
import { checkLimit, readCursor } from '../../db/paging.js'
import { topValues } from '../triage/top-values.js'
import { type EventSearch, isSealedField } from './event-filter.js'
import type { EventReader } from './read-events.js'
import { STORED_COLUMNS, type StoredRow, toStored } from './stored-event.js'
import { walkEvents, type WalkOptions } from './walk-events.js'

/** How long one answer may look, ms: then it says how far it came. */
const BUDGET_MS = 3 * SECOND
/** Events whose values are counted. */
const SAMPLE = 10_000
/** Events of one export, and of one step of it. */
const EXPORT = { events: 100_000, step: 1_000 } as const

/** A page of events; `whole`: false when the time was up before it was full. Then `next` goes on from there. */
export type EventPage = Page<StoredEvent> & { readonly whole: boolean }

/** Events in time: `buckets` of `step` ms each, oldest first, those without events too. */
export type Histogram = {
  readonly step: number
  readonly buckets: readonly { readonly at: number; readonly events: number }[]
  readonly whole: boolean
}

/** Searches over stored events; each answers within seconds and says when it stopped early. Errors: `PPT_INVALID`, `PPT_ADDRESS_INVALID`. */
export type EventSearches = {
  /** newest first */
  readonly page: (search: EventSearch, cursor: string | undefined, limit: number) => Promise<EventPage>
  /** the most frequent values of a field among the newest events that are found */
  readonly values: (search: EventSearch, field: string, most: number) => Promise<TopValues & { readonly whole: boolean }>
  readonly histogram: (search: EventSearch, buckets: number) => Promise<Histogram>
  /** everything that is found, newest first, at most 100,000 events */
  readonly each: (search: EventSearch) => AsyncGenerator<StoredEvent, void, undefined>
}

/** Creates the searches. `now` in ms, of any clock that does not go back; `span`: rows that a step looks at. */
export const createEventSearches = (
  reader: EventReader,
  options: { readonly now?: () => number; readonly span?: WalkOptions['span'] } = {},
): EventSearches => {
  const { now = () => performance.now(), span } = options
  const rowsOf = (search: EventSearch, most: () => number, before?: number | null) =>
    walkEvents<StoredRow>(reader, search, { select: () => STORED_COLUMNS, most, span, ...(before === undefined ? {} : { before }) })

  return {
    page: async (search, cursor, limit) => {
      const wanted = checkLimit(limit)
      const until = now() + BUDGET_MS
      const rows: StoredRow[] = []
      let low: number | null = null
      for await (const step of rowsOf(search, () => wanted + 1 - rows.length, readCursor(cursor))) {
        rows.push(...step.rows)
        low = step.end ? null : step.low
        if (rows.length > wanted || now() > until) break
      }
      const items = rows.slice(0, wanted).map((row) => toStored(reader, row))
      if (rows.length > wanted) return { items, next: String(items.at(-1)?.sequence), whole: true }
      return { items, next: low === null ? null : String(low), whole: low === null }
    },
    values: async (search, field, most) => {
      const until = now() + BUDGET_MS
      const sealed = isSealedField(field)
      const events: StoredEvent['event'][] = []
      let whole = false
      for await (const step of rowsOf(search, () => Math.min(2_000, SAMPLE - events.length))) {
        for (const row of step.rows) events.push(sealed || row.form === 0 ? toStored(reader, row).event : row.body)
        whole = step.end
        if (events.length >= SAMPLE || now() > until) break
      }
      return { ...topValues(events, field, most), whole }
    },
    histogram: async (search, buckets) => {
      const step = Math.max(1, Math.ceil((search.until - search.since) / buckets))
      const until = now() + BUDGET_MS
      const counts = new Map<number, number>()
      let whole = false
      const walk = walkEvents<{ bucket: number; events: number }>(reader, search, {
        select: (bind) => `(received_at - ${bind(search.since)}::bigint) / ${bind(step)}::bigint AS bucket, count(*)::int AS events`,
        groupBy: 'bucket',
        most: () => buckets,
        span,
      })
      for await (const { rows, end } of walk) {
        for (const { bucket, events } of rows) counts.set(bucket, (counts.get(bucket) ?? 0) + events)
        whole = end
        if (now() > until) break
      }
      const filled = Math.ceil((search.until - search.since) / step)
      return {
        step,
        buckets: Array.from({ length: filled }, (_, i) => ({ at: search.since + i * step, events: counts.get(i) ?? 0 })),
        whole,
      }
    },
    each: async function* (search) {
      let given = 0
      for await (const step of rowsOf(search, () => Math.min(EXPORT.step, EXPORT.events - given))) {
        for (const row of step.rows) {
          yield toStored(reader, row)
          if (++given >= EXPORT.events) return
        }
      }
    },
  }
}
