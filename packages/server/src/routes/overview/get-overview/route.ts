import { defineRoute } from '../../../http/define-route.js'
import { overviewSchema } from '../../../http/wire-schemas.js'
import { overviewOf } from '../../../modules/overview/index.js'

/** The page Now: one sentence, what needs somebody, the last day. */
export const getOverview = defineRoute({
  id: 'getOverview',
  method: 'GET',
  url: '/v1/overview',
  tag: 'overview',
  summary: 'How things stand now',
  permission: 'alerts.read',
  rateLimit: 'read',
  audit: 'none',
  answer: { status: 200, description: 'The state in words and numbers', schema: overviewSchema },
  handler: async ({ principal, services }) => services.namesFor(principal).overview(await overviewOf(services)),
})
