import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { enforcerViewSchema } from '../../../http/enforcement-schemas.js'

/** What carries decisions out, and what each really holds. */
export const listEnforcers = defineRoute({
  id: 'listEnforcers',
  method: 'GET',
  url: '/v1/enforcers',
  tag: 'enforcers',
  summary: 'List enforcers',
  description:
    'Guards, nftables and nginx of hosts, forward-auth and feeds, as each said itself last. `behind`: a change of ten seconds ago is not in force there; `drift`: it holds less than it should; `silent`: no report for 45 seconds.',
  permission: 'decisions.read',
  rateLimit: 'read',
  audit: 'none',
  answer: { status: 200, description: 'All that reported within a day', schema: z.object({ items: z.array(enforcerViewSchema) }) },
  handler: async ({ services }) => ({ items: await services.enforcers.list() }),
})
