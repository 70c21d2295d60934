import { defineRoute } from '../../../http/define-route.js'
import { asOperator } from '../../../http/principal.js'
import { endOthersAndRenew, tellSelf } from '../own-act.js'
import { removeUnlessLast } from '../not-last.js'

/** Removes one's own authenticator app. */
export const removeTotp = defineRoute({
  id: 'removeTotp',
  method: 'DELETE',
  url: '/v1/account/totp',
  tag: 'account',
  summary: 'Remove your authenticator app',
  description: 'Where a second factor is required, the last one stays (409): set up another one first. Every other session of yours ends.',
  permission: 'operator',
  rateLimit: 'write',
  audit: { action: 'factor.removed', resource: 'factor' },
  stepUp: { tokens: 'refuse' },
  answer: { status: 204, description: 'Removed' },
  handler: async ({ principal, request, reply, services, audit }) => {
    const operator = asOperator(principal)
    audit.detail = { factor: 'totp' }
    await removeUnlessLast(services, operator, () => services.factors.removeTotp(operator.id))
    await endOthersAndRenew(services, operator, request, reply)
    tellSelf(services, operator, request, 'factor_removed', 'authenticator app')
  },
})
