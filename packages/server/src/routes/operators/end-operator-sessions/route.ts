import { ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { idParams } from '../../../http/query-schemas.js'
import { byWhom } from '../operator-schema.js'

/** Signs an operator out everywhere. */
export const endOperatorSessions = defineRoute({
  id: 'endOperatorSessions',
  method: 'DELETE',
  url: '/v1/operators/:id/sessions',
  tag: 'operators',
  summary: 'End all sessions of an operator',
  description: 'Password and factors stay as they are: they can sign in again at once.',
  permission: 'operators.manage',
  rateLimit: 'write',
  audit: { action: 'operator.sessions_ended', resource: 'operator' },
  params: idParams,
  answer: { status: 200, description: 'How many ended', schema: z.object({ ended: z.int() }) },
  handler: async ({ params, principal, services, audit }) => {
    audit.id = params.id
    const operator = await services.operators.get(params.id)
    if (operator === undefined) throw new ParapetError('PPT_NOT_FOUND')
    const ended = await services.sessions.endAll(operator.id)
    audit.detail = { name: operator.name, ended }
    services.presence.forget(operator.id)
    if (ended > 0) services.tell(operator.id, { kind: 'session_ended', detail: 'all', by: byWhom(principal) })
    return { ended }
  },
})
