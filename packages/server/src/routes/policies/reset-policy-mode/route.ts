import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { policyViewSchema } from '../../../http/enforcement-schemas.js'
import { idParams, line } from '../../../http/query-schemas.js'

/** Takes back how somebody set a policy: it answers as its file says. */
export const resetPolicyMode = defineRoute({
  id: 'resetPolicyMode',
  method: 'DELETE',
  url: '/v1/policies/:id/mode',
  tag: 'policies',
  summary: 'Go back to the mode of the policy itself',
  permission: 'policies.manage',
  rateLimit: 'write',
  audit: { action: 'policy.mode_reset', resource: 'policy' },
  stepUp: { tokens: 'exempt' },
  params: idParams,
  body: z.strictObject({ ruleId: line(128).optional() }).meta({ examples: [{ ruleId: 'sql-injection' }] }),
  answer: { status: 200, description: 'The policy as it is now', schema: policyViewSchema },
  handler: async ({ params, body, services, audit }) => {
    audit.id = params.id
    audit.detail = body.ruleId === undefined ? {} : { rule: body.ruleId }
    return services.policies.resetMode(params.id, body.ruleId)
  },
})
