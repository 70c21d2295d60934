import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { searchOf, searchQuery } from '../search-schema.js'

/** How many events a search finds, in time. */
export const getHistogram = defineRoute({
  id: 'getHistogram',
  method: 'GET',
  url: '/v1/events/histogram',
  tag: 'events',
  summary: 'Count events in time',
  description:
    'By the time of receipt, oldest first. Counted from the newest on; `whole: false`: the time was up before the oldest were counted.',
  permission: 'events.read',
  rateLimit: 'read',
  audit: 'none',
  query: searchQuery.extend({ buckets: z.coerce.number().int().min(1).max(500).default(60) }),
  answer: {
    status: 200,
    description: 'Buckets of equal length, `step` in ms',
    schema: z.object({ step: z.int(), buckets: z.array(z.object({ at: z.int(), events: z.int() })), whole: z.boolean() }),
  },
  handler: async ({ query: { buckets, ...query }, services }) => {
    const now = services.clock()
    return services.events.find.histogram(searchOf({ ...query, until: query.until ?? now + 1 }, now), buckets)
  },
})
