import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { cursorSchema, limitSchema } from '../../../http/query-schemas.js'
import { pageOf, storedEventSchema } from '../../../http/wire-schemas.js'
import { searchOf, searchQuery } from '../search-schema.js'

/** Raw events by time, field and text. */
export const searchEvents = defineRoute({
  id: 'searchEvents',
  method: 'GET',
  url: '/v1/events',
  tag: 'events',
  summary: 'Search stored events',
  description:
    'Newest first; the last 24 hours when nothing else is said. Names, ids and mail addresses of users are found by their blind index, as whole values; other sealed fields cannot be searched. `whole: false`: the time was up before the page was full; `next` goes on from there.',
  permission: 'events.read',
  rateLimit: 'read',
  audit: 'none',
  query: searchQuery.extend({ limit: limitSchema, cursor: cursorSchema }),
  answer: { status: 200, description: 'A page of events', schema: pageOf(storedEventSchema).extend({ whole: z.boolean() }) },
  handler: async ({ query: { limit, cursor, ...query }, principal, services }) => {
    const page = await services.events.find.page(searchOf(query, services.clock()), cursor, limit)
    return { ...page, items: page.items.map(services.namesFor(principal).event) }
  },
})
