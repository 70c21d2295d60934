import { ParapetError } from '@parapet/core'
import { defineRoute } from '../../../http/define-route.js'
import { decisionDetailSchema } from '../../../http/enforcement-schemas.js'
import { idParams } from '../../../http/query-schemas.js'

/** Alert events that the page of a decision shows. */
const EVENTS = 50

/** One decision with everything behind it, and where it is in force. */
export const getDecision = defineRoute({
  id: 'getDecision',
  method: 'GET',
  url: '/v1/decisions/:id',
  tag: 'decisions',
  summary: 'Get a decision',
  description:
    'With its alert and the events behind it, what was decided together with it, where it is in force by what enforcers report, and its incidents.',
  permission: 'decisions.read',
  rateLimit: 'read',
  audit: 'none',
  params: idParams,
  answer: { status: 200, description: 'The decision', schema: decisionDetailSchema },
  handler: async ({ params, principal, services }) => {
    const decision = await services.decisions.get(params.id)
    if (decision === undefined) throw new ParapetError('PPT_NOT_FOUND')
    const alert = decision.alertId === undefined ? undefined : await services.alerts.get(decision.alertId)
    const [events, batch, [confirmations], incidents] = await Promise.all([
      services.events.byIds(alert?.events.slice(-EVENTS) ?? []),
      services.decisions.forBatch(decision.batch),
      services.enforcers.confirm([decision]),
      services.incidents.linkedTo({ decisionIds: [decision.id] }),
    ])
    const shown = services.namesFor(principal)
    return {
      decision: shown.decision(decision),
      alerts: alert === undefined ? [] : [shown.alert(alert)],
      events: events.map(shown.event),
      batch: batch.map(shown.decision),
      confirmations: confirmations ?? [],
      incidents: shown.hides ? [] : incidents,
    }
  },
})
