import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { operatorViewSchema } from '../operator-schema.js'

/** Everybody who may sign in. */
export const listOperators = defineRoute({
  id: 'listOperators',
  method: 'GET',
  url: '/v1/operators',
  tag: 'operators',
  summary: 'List operators',
  permission: 'operators.manage',
  rateLimit: 'read',
  audit: 'none',
  answer: { status: 200, description: 'Operators, oldest first', schema: z.object({ items: z.array(operatorViewSchema) }) },
  handler: async ({ services }) => ({ items: [...(await services.operators.list())] }),
})
