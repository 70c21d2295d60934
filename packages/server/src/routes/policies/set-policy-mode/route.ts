import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { modeSchema, policyViewSchema } from '../../../http/enforcement-schemas.js'
import { personOf } from '../../../http/principal.js'
import { idParams, line } from '../../../http/query-schemas.js'

/** Promotes a policy, or its answer to one rule, to enforce; or takes it back to observe. */
export const setPolicyMode = defineRoute({
  id: 'setPolicyMode',
  method: 'PUT',
  url: '/v1/policies/:id/mode',
  tag: 'policies',
  summary: 'Let a policy enforce, or only observe',
  description:
    'For the whole policy, or for its answer to one rule. What stands against enforcing a rule is in `holds` of the answer; it is said, not forbidden. Every server obeys at once.',
  permission: 'policies.manage',
  rateLimit: 'write',
  audit: { action: 'policy.mode_set', resource: 'policy' },
  stepUp: { tokens: 'exempt' },
  params: idParams,
  body: z
    .strictObject({ mode: modeSchema, ruleId: line(128).optional() })
    .meta({ examples: [{ mode: 'enforce', ruleId: 'sql-injection' }] }),
  answer: { status: 200, description: 'The policy as it is now', schema: policyViewSchema },
  handler: async ({ params, body, principal, services, audit }) => {
    audit.id = params.id
    audit.detail = { mode: body.mode, ...(body.ruleId === undefined ? {} : { rule: body.ruleId }) }
    const view = await services.policies.setMode(params.id, body.mode, body.ruleId, personOf(principal))
    const against = view.rules.filter(({ rule }) => body.ruleId === undefined || rule.id === body.ruleId).flatMap(({ holds }) => holds)
    if (body.mode === 'enforce') audit.detail = { ...audit.detail, holds: against.length }
    return view
  },
})
