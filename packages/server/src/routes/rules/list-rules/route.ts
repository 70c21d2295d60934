import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { ruleProblemSchema, ruleViewSchema } from '../../../http/detection-schemas.js'

/** All rules and how they do. */
export const listRules = defineRoute({
  id: 'listRules',
  method: 'GET',
  url: '/v1/rules',
  tag: 'rules',
  summary: 'List rules',
  description:
    'Rules that come with Parapet and those of the directory `rules` of the data directory. One that cannot run stands there with its reason.',
  permission: 'alerts.read',
  rateLimit: 'read',
  audit: 'none',
  answer: {
    status: 200,
    description: 'Rules, those that cannot run at the end',
    schema: z.object({ items: z.array(ruleViewSchema), problems: z.array(ruleProblemSchema) }),
  },
  handler: async ({ services }) => ({ items: await services.rules.views(), problems: [...services.rules.book().problems] }),
})
