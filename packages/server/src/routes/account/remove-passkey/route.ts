import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { asOperator } from '../../../http/principal.js'
import { line } from '../../../http/query-schemas.js'
import { removeUnlessLast } from '../not-last.js'
import { endOthersAndRenew, tellSelf } from '../own-act.js'

/** Removes one of one's own passkeys. */
export const removePasskey = defineRoute({
  id: 'removePasskey',
  method: 'DELETE',
  url: '/v1/account/passkeys/:id',
  tag: 'account',
  summary: 'Remove a passkey',
  description: 'Where a second factor is required, the last one stays (409): set up another one first. Every other session of yours ends.',
  permission: 'operator',
  rateLimit: 'write',
  audit: { action: 'factor.removed', resource: 'factor' },
  stepUp: { tokens: 'refuse' },
  params: z.object({ id: line(256) }),
  answer: { status: 204, description: 'Removed' },
  handler: async ({ params, principal, request, reply, services, audit }) => {
    const operator = asOperator(principal)
    audit.detail = { factor: 'passkey' }
    await removeUnlessLast(services, operator, () => services.factors.removePasskey(operator.id, params.id))
    await endOthersAndRenew(services, operator, request, reply)
    tellSelf(services, operator, request, 'factor_removed', 'passkey')
  },
})
