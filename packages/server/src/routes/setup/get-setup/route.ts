import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'

/** Whether the first operator is still to be made. */
export const getSetup = defineRoute({
  id: 'getSetup',
  method: 'GET',
  url: '/v1/setup',
  tag: 'setup',
  summary: 'Is setup needed',
  permission: 'public',
  rateLimit: 'public',
  audit: 'none',
  answer: {
    status: 200,
    description: 'True until the first operator exists',
    schema: z.object({ needed: z.boolean() }).meta({ examples: [{ needed: true }] }),
  },
  handler: async ({ services }) => ({ needed: await services.operators.needed() }),
})
