import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { sourceHealthSchema } from '../../../http/detection-schemas.js'

/** Applications and hosts that send events, whether they still do, and how their agents are. */
export const listSources = defineRoute({
  id: 'listSources',
  method: 'GET',
  url: '/v1/sources',
  tag: 'sources',
  summary: 'List sources',
  description: 'With an agent, `state` is what its heartbeat says; without one, what its events say.',
  permission: 'events.read',
  rateLimit: 'read',
  audit: 'none',
  answer: { status: 200, description: 'Sources by name', schema: z.object({ items: z.array(sourceHealthSchema) }) },
  handler: async ({ services }) => ({ items: await services.sourceHealth() }),
})
