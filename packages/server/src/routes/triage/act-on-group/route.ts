import { ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { groupSchema, triageActSchema } from '../../../http/detection-schemas.js'
import { personOf } from '../../../http/principal.js'
import { line } from '../../../http/query-schemas.js'

/** Says where a group stands: acknowledged, somebody's, put away, closed with what it turned out to be; or leaves a note. */
export const actOnGroup = defineRoute({
  id: 'actOnGroup',
  method: 'POST',
  url: '/v1/triage/:key',
  tag: 'triage',
  summary: 'Do something with a group of alerts',
  description:
    'Snoozed groups open again when their time is over, at a higher level, or at twice the events. A new alert opens a closed group.',
  permission: 'triage.write',
  rateLimit: 'write',
  audit: { action: 'triage.changed', resource: 'triage' },
  params: z.object({ key: line(128) }),
  body: triageActSchema,
  answer: { status: 200, description: 'The group as it is now', schema: groupSchema },
  handler: async ({ params, body, principal, services, audit }) => {
    audit.id = params.key
    audit.detail = { act: body.act, ...(body.act === 'close' ? { verdict: body.verdict } : {}) }
    const [group] = await services.triage.act([params.key], body, personOf(principal))
    if (group === undefined) throw new ParapetError('PPT_NOT_FOUND')
    return services.namesFor(principal).group(group)
  },
})
