import { ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { idParams } from '../../../http/query-schemas.js'
import { sessionSchema } from '../../account/account-schemas.js'
import { toSessionView } from '../../account/session-view.js'

/** Where an operator is signed in, for admins. */
export const listOperatorSessions = defineRoute({
  id: 'listOperatorSessions',
  method: 'GET',
  url: '/v1/operators/:id/sessions',
  tag: 'operators',
  summary: 'List the sessions of an operator',
  permission: 'operators.manage',
  rateLimit: 'read',
  audit: 'none',
  params: idParams,
  answer: { status: 200, description: 'Sessions, last used first', schema: z.object({ items: z.array(sessionSchema) }) },
  handler: async ({ params, principal, services }) => {
    if ((await services.operators.get(params.id)) === undefined) throw new ParapetError('PPT_NOT_FOUND')
    const current = principal.kind === 'operator' ? principal.session : undefined
    return { items: (await services.sessions.list(params.id)).map((one) => toSessionView(one, current)) }
  },
})
