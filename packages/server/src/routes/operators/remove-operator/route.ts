import { defineRoute } from '../../../http/define-route.js'
import { idParams } from '../../../http/query-schemas.js'
import { assertHolds } from '../operator-schema.js'

/** Removes a person; their sessions end at once, and the tokens they made for themselves. */
export const removeOperator = defineRoute({
  id: 'removeOperator',
  method: 'DELETE',
  url: '/v1/operators/:id',
  tag: 'operators',
  summary: 'Remove an operator',
  description:
    'Ends all sessions and streams of this operator, and revokes the tokens they made, but for those of sources. The last admin cannot be removed (409).',
  permission: 'operators.manage',
  rateLimit: 'write',
  audit: { action: 'operator.removed', resource: 'operator' },
  stepUp: { tokens: 'exempt' },
  params: idParams,
  answer: { status: 204, description: 'Removed' },
  handler: async ({ params, principal, services, audit }) => {
    audit.id = params.id
    const known = await services.operators.get(params.id)
    if (known !== undefined) assertHolds(principal, known.role)
    const operator = await services.operators.remove(params.id)
    const tokens = await services.tokens.revokeOf(operator.id)
    audit.detail = { name: operator.name, role: operator.role, tokens }
    services.presence.forget(operator.id)
    await services.sessions.endAll(operator.id)
  },
})
