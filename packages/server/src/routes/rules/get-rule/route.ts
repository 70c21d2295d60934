import { ParapetError } from '@parapet/core'
import { defineRoute } from '../../../http/define-route.js'
import { ruleDetailSchema } from '../../../http/detection-schemas.js'
import { idParams } from '../../../http/query-schemas.js'

/** One rule with its text, its exceptions and its latest alerts. */
export const getRule = defineRoute({
  id: 'getRule',
  method: 'GET',
  url: '/v1/rules/:id',
  tag: 'rules',
  summary: 'Read a rule',
  permission: 'alerts.read',
  rateLimit: 'read',
  audit: 'none',
  params: idParams,
  answer: { status: 200, description: 'The rule', schema: ruleDetailSchema },
  handler: async ({ params, principal, services }) => {
    const [rule] = await services.rules.views(params.id)
    if (rule === undefined) throw new ParapetError('PPT_NOT_FOUND')
    const [exceptions, latest] = await Promise.all([
      services.exceptions.list({ ruleId: rule.id }),
      services.alerts.list({ rule: rule.id }, null, 20),
    ])
    const shown = services.namesFor(principal)
    const { id: _id, ...described } = services.rules.describe(rule.id)
    return { rule, ...described, exceptions: exceptions.map(shown.exception), latest: latest.items.map(shown.alert) }
  },
})
