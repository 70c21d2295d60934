import { DAY, ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { ruleTestSchema } from '../../../http/detection-schemas.js'
import { idParams, momentSchema } from '../../../http/query-schemas.js'

/** Runs one rule over what is stored. */
export const testRule = defineRoute({
  id: 'testRule',
  method: 'POST',
  url: '/v1/rules/:id/test',
  tag: 'rules',
  summary: 'Try a rule on stored events',
  description:
    'The rule alone, also one that is switched off, over at most the newest 200,000 events of the last 30 days. Nothing is kept, nobody is told. One trial at a time; 429 while another runs.',
  permission: 'rules.manage',
  rateLimit: 'write',
  audit: { action: 'rule.tried', resource: 'rule', when: 'refused' },
  params: idParams,
  body: z.strictObject({ since: momentSchema.optional() }).meta({ examples: [{ since: 1_795_000_000_000 }] }),
  answer: { status: 200, description: 'What it finds', schema: ruleTestSchema },
  handler: async ({ params, body, principal, services }) => {
    const now = services.clock()
    const since = body.since ?? now - 7 * DAY
    if (since < now - 30 * DAY || since > now) throw new ParapetError('PPT_INVALID', 'since: within the last 30 days')
    const result = await services.trials.test(params.id, since)
    const shown = services.namesFor(principal)
    return { ...result, alerts: result.alerts.map((alert) => shown.alert(services.alerts.asView(alert))) }
  },
})
