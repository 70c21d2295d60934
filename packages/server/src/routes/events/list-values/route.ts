import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { topValuesSchema } from '../../../http/detection-schemas.js'
import { searchOf, searchQuery } from '../search-schema.js'

/** What values a field has among the events that a search finds. */
export const listValues = defineRoute({
  id: 'listValues',
  method: 'GET',
  url: '/v1/events/values',
  tag: 'events',
  summary: 'Count the values of a field',
  description:
    'Among the newest 10,000 events that the search finds. `of` says how many were looked at; `whole: false`, that there are more.',
  permission: 'events.read',
  rateLimit: 'read',
  audit: 'none',
  query: searchQuery.extend({
    field: z
      .string()
      .max(128)
      .regex(/^[\w@][\w.@-]*$/, 'the name of a field'),
    most: z.coerce.number().int().min(1).max(100).default(20),
  }),
  answer: { status: 200, description: 'Values, most frequent first', schema: topValuesSchema.extend({ whole: z.boolean() }) },
  handler: async ({ query: { field, most, ...query }, principal, services }) => {
    const { whole, ...top } = await services.events.find.values(searchOf(query, services.clock()), field, most)
    return { ...services.namesFor(principal).topValues(top), whole }
  },
})
