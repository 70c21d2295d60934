import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { exceptionSchema } from '../../../http/detection-schemas.js'
import { line } from '../../../http/query-schemas.js'

/** What rules leave out of account now. */
export const listExceptions = defineRoute({
  id: 'listExceptions',
  method: 'GET',
  url: '/v1/exceptions',
  tag: 'rules',
  summary: 'List exceptions in force',
  permission: 'alerts.read',
  rateLimit: 'read',
  audit: 'none',
  query: z.object({ rule: line(128).optional() }),
  answer: { status: 200, description: 'Exceptions, newest first', schema: z.object({ items: z.array(exceptionSchema) }) },
  handler: async ({ query, principal, services }) => ({
    items: (await services.exceptions.list({ ruleId: query.rule })).map(services.namesFor(principal).exception),
  }),
})
