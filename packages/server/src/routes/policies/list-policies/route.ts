import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { policyViewSchema } from '../../../http/enforcement-schemas.js'

/** All policies and how they do. */
export const listPolicies = defineRoute({
  id: 'listPolicies',
  method: 'GET',
  url: '/v1/policies',
  tag: 'policies',
  summary: 'List policies',
  description:
    'In the order in which they are asked; each with the rules that it answers, how, what it did in the last seven days, and what stands against enforcing it.',
  permission: 'decisions.read',
  rateLimit: 'read',
  audit: 'none',
  answer: { status: 200, description: 'All policies, also files that cannot run', schema: z.object({ items: z.array(policyViewSchema) }) },
  handler: async ({ services }) => ({ items: [...(await services.policies.views())] }),
})
