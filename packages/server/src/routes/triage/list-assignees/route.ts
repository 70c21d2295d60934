import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'

/** Whom a group can be given to. */
export const listAssignees = defineRoute({
  id: 'listAssignees',
  method: 'GET',
  url: '/v1/triage/assignees',
  tag: 'triage',
  summary: 'List operators that a group can be given to',
  permission: 'alerts.read',
  rateLimit: 'read',
  audit: 'none',
  answer: {
    status: 200,
    description: 'Operators by name',
    schema: z.object({ items: z.array(z.object({ id: z.string(), name: z.string() })) }),
  },
  handler: async ({ services }) => ({ items: (await services.operators.list()).map(({ id, name }) => ({ id, name })) }),
})
