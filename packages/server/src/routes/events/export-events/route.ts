import { Readable } from 'node:stream'
import type { StoredEvent } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { actorOf } from '../../../http/principal.js'
import { CSV_HEAD, csvLine } from '../../../modules/events/index.js'
import { searchOf, searchQuery } from '../search-schema.js'

const TYPES = { ndjson: 'application/x-ndjson; charset=utf-8', csv: 'text/csv; charset=utf-8; header=present' } as const

/** Everything that a search finds, as a file. */
export const exportEvents = defineRoute({
  id: 'exportEvents',
  method: 'GET',
  url: '/v1/events/export',
  tag: 'events',
  summary: 'Download events',
  description:
    'Newest first, at most 100,000. In CSV a cell that a program of tables would take for a formula begins with an apostrophe. Recorded.',
  permission: 'events.read',
  rateLimit: 'write',
  audit: 'none',
  query: searchQuery.extend({ format: z.enum(['ndjson', 'csv']).default('ndjson') }),
  answer: { status: 200, description: 'A file of lines', mediaType: 'application/x-ndjson' },
  handler: async ({ query: { format, ...query }, principal, services, request, reply }) => {
    const now = services.clock()
    const search = searchOf(query, now)
    // a read, but one that takes much away at once
    await services.recordAct({
      at: now,
      actor: actorOf(principal),
      action: 'events.exported',
      resource: { type: 'event' },
      outcome: 'success',
      ...(request.clientAddress === undefined ? {} : { address: request.clientAddress }),
      detail: { format, since: search.since, until: search.until, filters: search.filters.length },
    })
    const shown = services.namesFor(principal).event
    const lineOf = format === 'csv' ? csvLine : (stored: StoredEvent): string => `${JSON.stringify(stored)}\n`
    const lines = async function* (): AsyncGenerator<string> {
      if (format === 'csv') yield CSV_HEAD
      for await (const stored of services.events.find.each(search)) yield lineOf(shown(stored))
    }
    void reply
      .header('content-type', TYPES[format])
      .header('content-disposition', `attachment; filename="events-${new Date(now).toISOString().slice(0, 10)}.${format}"`)
    await reply.send(Readable.from(lines()))
  },
})
