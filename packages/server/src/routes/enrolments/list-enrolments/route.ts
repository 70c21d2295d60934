import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { enrolmentSchema } from '../../../http/detection-schemas.js'

/** One-time tokens that wait for their agents; the tokens themselves are not kept. */
export const listEnrolments = defineRoute({
  id: 'listEnrolments',
  method: 'GET',
  url: '/v1/enrolments',
  tag: 'agents',
  summary: 'List tokens that wait for their agents',
  permission: 'sources.manage',
  rateLimit: 'read',
  audit: 'none',
  answer: { status: 200, description: 'Newest first', schema: z.object({ items: z.array(enrolmentSchema) }) },
  handler: async ({ services }) => ({ items: [...(await services.enrolments.list())] }),
})
