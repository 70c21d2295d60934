import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { asOperator } from '../../../http/principal.js'
import { sessionSchema } from '../account-schemas.js'
import { toSessionView } from '../session-view.js'

/** Where one is signed in. */
export const listSessions = defineRoute({
  id: 'listSessions',
  method: 'GET',
  url: '/v1/account/sessions',
  tag: 'account',
  summary: 'List your sessions',
  permission: 'operator',
  rateLimit: 'read',
  audit: 'none',
  answer: { status: 200, description: 'Sessions, last used first', schema: z.object({ items: z.array(sessionSchema) }) },
  handler: async ({ principal, services }) => {
    const { id, session } = asOperator(principal)
    return { items: (await services.sessions.list(id)).map((one) => toSessionView(one, session)) }
  },
})
