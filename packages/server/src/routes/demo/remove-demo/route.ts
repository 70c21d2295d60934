import { DEMO_TAG } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'

/** Removes what `parapet demo` made: events, their alerts and decisions, and the demo's sources. Nothing else. */
export const removeDemo = defineRoute({
  id: 'removeDemo',
  method: 'DELETE',
  url: '/v1/demo',
  tag: 'demo',
  summary: 'Remove generated data',
  description: 'Decisions of the demo are lifted first, so that no enforcer goes on with them.',
  permission: 'demo.manage',
  rateLimit: 'write',
  audit: { action: 'demo.removed', resource: 'demo' },
  stepUp: { tokens: 'exempt' },
  answer: {
    status: 200,
    description: 'What was removed',
    schema: z.object({ events: z.int(), sources: z.int() }).meta({ examples: [{ events: 1_204, sources: 2 }] }),
  },
  handler: async ({ services, audit }) => {
    // the sources first: a generator that still runs must not add to what is being removed
    const sources = await services.sources.removeDemo()
    services.tokens.forgetCached()
    const events = await services.events.removeTagged(DEMO_TAG)
    audit.detail = { events, sources: sources.length }
    return { events, sources: sources.length }
  },
})
