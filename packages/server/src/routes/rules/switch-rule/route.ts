import { ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { reasonSchema, ruleViewSchema } from '../../../http/detection-schemas.js'
import { personOf } from '../../../http/principal.js'
import { idParams } from '../../../http/query-schemas.js'

/** Switches a rule off, or on again. */
export const switchRule = defineRoute({
  id: 'switchRule',
  method: 'PATCH',
  url: '/v1/rules/:id',
  tag: 'rules',
  summary: 'Switch a rule on or off',
  description: 'A rule that is off alerts no more; rules that build on it still do. Every server obeys at once.',
  permission: 'rules.manage',
  rateLimit: 'write',
  audit: { action: 'rule.switched', resource: 'rule' },
  stepUp: { tokens: 'exempt' },
  params: idParams,
  body: z.strictObject({ state: z.enum(['on', 'off']), reason: reasonSchema.optional() }).meta({ examples: [{ state: 'off' }] }),
  answer: { status: 200, description: 'The rule as it is now', schema: ruleViewSchema },
  handler: async ({ params, body, principal, services, audit }) => {
    audit.id = params.id
    audit.detail = { state: body.state }
    if (body.reason !== undefined) audit.reason = body.reason
    if (services.rules.book().get(params.id) === undefined) throw new ParapetError('PPT_NOT_FOUND')
    await services.rules.settings.switch(params.id, body.state, personOf(principal))
    const [rule] = await services.rules.views(params.id)
    if (rule === undefined) throw new ParapetError('PPT_NOT_FOUND')
    return rule
  },
})
