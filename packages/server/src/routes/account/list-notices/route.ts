import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { asOperator } from '../../../http/principal.js'
import { limitSchema } from '../../../http/query-schemas.js'
import { noticeSchema } from '../account-schemas.js'

/** What happened to one's own account. */
export const listNotices = defineRoute({
  id: 'listNotices',
  method: 'GET',
  url: '/v1/account/notices',
  tag: 'account',
  summary: 'List notices about your account',
  description: 'New devices, pauses of the sign-in, changes of factors, sessions that were ended. Kept for 90 days.',
  permission: 'operator',
  rateLimit: 'read',
  audit: 'none',
  query: z.object({ limit: limitSchema }),
  answer: { status: 200, description: 'Notices, newest first', schema: z.object({ items: z.array(noticeSchema) }) },
  handler: async ({ query, principal, services }) => ({
    items: [...(await services.notices.list(asOperator(principal).id, query.limit))],
  }),
})
