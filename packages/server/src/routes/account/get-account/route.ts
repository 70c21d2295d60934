import { ParapetError } from '@parapet/core'
import { defineRoute } from '../../../http/define-route.js'
import { asOperator } from '../../../http/principal.js'
import { asksForFactor } from '../../../modules/sessions/index.js'
import { accountSchema } from '../account-schemas.js'

/** How the signed-in operator signs in. */
export const getAccount = defineRoute({
  id: 'getAccount',
  method: 'GET',
  url: '/v1/account',
  tag: 'account',
  summary: 'Your own account',
  permission: 'operator',
  rateLimit: 'read',
  audit: 'none',
  beforeEnrolment: true,
  answer: { status: 200, description: 'Factors, recovery codes left, and when the password was set', schema: accountSchema },
  handler: async ({ principal, services }) => {
    const { id } = asOperator(principal)
    const operator = await services.operators.get(id)
    if (operator === undefined) throw new ParapetError('PPT_UNAUTHENTICATED')
    return {
      id,
      name: operator.name,
      role: operator.role,
      factorRequired: asksForFactor(services.config, operator.role),
      ...(await services.factors.held(id)),
      passwordChangedAt: await services.operators.passwordChangedAt(id),
    }
  },
})
