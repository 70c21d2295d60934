import { DAY, ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { matchSchema, previewSchema } from '../../../http/detection-schemas.js'
import { line, momentSchema } from '../../../http/query-schemas.js'

/** Tries an exception on what is stored before anybody makes it. */
export const previewException = defineRoute({
  id: 'previewException',
  method: 'POST',
  url: '/v1/exceptions/preview',
  tag: 'rules',
  summary: 'Try an exception on stored events',
  description:
    'Runs the rule alone over the stored events with and without the exception, at most 200,000 events of the last 30 days. Nothing is kept. One trial at a time; 429 while another runs.',
  permission: 'rules.manage',
  rateLimit: 'write',
  audit: { action: 'exception.tried', resource: 'exception', when: 'refused' },
  body: z
    .strictObject({ ruleId: line(128), match: matchSchema, since: momentSchema.optional() })
    .meta({ examples: [{ ruleId: 'ssh-brute-force', match: { 'source.ip': '192.0.2.0/24' } }] }),
  answer: { status: 200, description: 'What it would have left out', schema: previewSchema },
  handler: async ({ body, principal, services }) => {
    const now = services.clock()
    const since = body.since ?? now - 7 * DAY
    if (since < now - 30 * DAY || since > now) throw new ParapetError('PPT_INVALID', 'since: within the last 30 days')
    const preview = await services.trials.preview(body, since)
    const shown = services.namesFor(principal)
    return { ...preview, examples: preview.examples.map((alert) => shown.alert(services.alerts.asView(alert))) }
  },
})
