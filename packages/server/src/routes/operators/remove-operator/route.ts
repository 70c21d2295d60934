import { defineRoute } from '../../../http/define-route.js'
import { idParams } from '../../../http/query-schemas.js'

/** Removes a person; every session of theirs ends at once. */
export const removeOperator = defineRoute({
  id: 'removeOperator',
  method: 'DELETE',
  url: '/v1/operators/:id',
  tag: 'operators',
  summary: 'Remove an operator',
  description: 'Ends all sessions and streams of this operator. The last admin cannot be removed (409).',
  permission: 'operators.manage',
  rateLimit: 'write',
  audit: { action: 'operator.removed', resource: 'operator' },
  params: idParams,
  answer: { status: 204, description: 'Removed' },
  handler: async ({ params, services, audit }) => {
    audit.id = params.id
    const operator = await services.operators.remove(params.id)
    audit.detail = { name: operator.name, role: operator.role }
    services.presence.forget(operator.id)
    await services.sessions.endAll(operator.id)
  },
})
