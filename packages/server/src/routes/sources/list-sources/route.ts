import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { sourceViews } from '../../../modules/overview/index.js'
import { sourceSchema } from '../source-schema.js'

/** Applications and hosts that send events, and whether they still do. */
export const listSources = defineRoute({
  id: 'listSources',
  method: 'GET',
  url: '/v1/sources',
  tag: 'sources',
  summary: 'List sources',
  permission: 'events.read',
  rateLimit: 'read',
  audit: 'none',
  answer: { status: 200, description: 'Sources by name', schema: z.object({ items: z.array(sourceSchema) }) },
  handler: async ({ services }) => ({ items: await sourceViews(services) }),
})
