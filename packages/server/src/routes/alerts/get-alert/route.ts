import { ParapetError } from '@parapet/core'
import { defineRoute } from '../../../http/define-route.js'
import { idParams } from '../../../http/query-schemas.js'
import { alertDetailSchema } from '../../../http/wire-schemas.js'

/** One alert with its rule in words, the raw events behind it, and what was decided. */
export const getAlert = defineRoute({
  id: 'getAlert',
  method: 'GET',
  url: '/v1/alerts/:id',
  tag: 'alerts',
  summary: 'Read an alert',
  permission: 'alerts.read',
  rateLimit: 'read',
  audit: 'none',
  params: idParams,
  answer: { status: 200, description: 'The alert and everything behind it', schema: alertDetailSchema },
  handler: async ({ params, principal, services }) => {
    const alert = await services.alerts.get(params.id)
    if (alert === undefined) throw new ParapetError('PPT_NOT_FOUND')
    const [events, decisions] = await Promise.all([services.events.byIds(alert.events), services.decisions.forAlert(alert.id)])
    const shown = services.namesFor(principal)
    return {
      alert: shown.alert(alert),
      rule: services.describeRule(alert.rule.id),
      events: events.map(shown.event),
      decisions: decisions.map(shown.decision),
    }
  },
})
