import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { ROLE_PERMISSIONS, ROLES } from '../../../http/permissions.js'
import { idParams } from '../../../http/query-schemas.js'
import { assertHolds, byWhom, operatorSchema } from '../operator-schema.js'

/** Gives an operator another role. */
export const changeRole = defineRoute({
  id: 'changeRole',
  method: 'PATCH',
  url: '/v1/operators/:id',
  tag: 'operators',
  summary: 'Change the role of an operator',
  description:
    'All sessions of this operator end, and tokens they made that reach beyond the new role are revoked. The last admin stays one (409).',
  permission: 'operators.manage',
  rateLimit: 'write',
  audit: { action: 'operator.role_changed', resource: 'operator' },
  stepUp: { tokens: 'exempt' },
  params: idParams,
  body: z.strictObject({ role: z.enum(ROLES) }).meta({ examples: [{ role: 'viewer' }] }),
  answer: { status: 200, description: 'The operator in the new role', schema: operatorSchema },
  handler: async ({ params, body, principal, services, audit }) => {
    audit.id = params.id
    audit.detail = { role: body.role }
    const known = await services.operators.get(params.id)
    for (const role of [body.role, known?.role ?? body.role]) assertHolds(principal, role)
    const { operator, before } = await services.operators.changeRole(params.id, body.role)
    audit.detail = { name: operator.name, role: operator.role, before }
    if (before === operator.role) return operator
    const tokens = await services.tokens.revokeOf(operator.id, ROLE_PERMISSIONS[operator.role])
    audit.detail = { ...audit.detail, tokens }
    // sessions carry the role that they began with
    await services.sessions.endAll(operator.id)
    services.tell(operator.id, { kind: 'role_changed', detail: operator.role, by: byWhom(principal) })
    return operator
  },
})
