import { DAY } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { cursorSchema, limitSchema, line, momentSchema } from '../../../http/query-schemas.js'
import { pageOf, storedEventSchema } from '../../../http/wire-schemas.js'

/** Raw events by time, address and user. */
export const searchEvents = defineRoute({
  id: 'searchEvents',
  method: 'GET',
  url: '/v1/events',
  tag: 'events',
  summary: 'Search stored events',
  description: 'Newest first; the last 24 hours when nothing else is said.',
  permission: 'events.read',
  rateLimit: 'read',
  audit: 'none',
  query: z.object({
    since: momentSchema.optional(),
    until: momentSchema.optional(),
    address: line(64).optional(),
    user: line(256).optional(),
    limit: limitSchema,
    cursor: cursorSchema,
  }),
  answer: { status: 200, description: 'A page of events', schema: pageOf(storedEventSchema) },
  handler: async ({ query, principal, services }) => {
    const now = services.clock()
    const page = await services.events.search({ ...query, since: query.since ?? now - DAY, until: query.until ?? now + DAY })
    return { items: page.items.map(services.namesFor(principal).event), next: page.next }
  },
})
