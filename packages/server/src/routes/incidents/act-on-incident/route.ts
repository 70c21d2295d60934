import { defineRoute } from '../../../http/define-route.js'
import { incidentActSchema, incidentDetailSchema } from '../../../http/incident-schemas.js'
import { personOf } from '../../../http/principal.js'
import { idParams } from '../../../http/query-schemas.js'

/** Notes, where it stands, how bad it is, whose it is, and what belongs to it. */
export const actOnIncident = defineRoute({
  id: 'actOnIncident',
  method: 'POST',
  url: '/v1/incidents/:id/act',
  tag: 'incidents',
  summary: 'Do something with an incident',
  description: 'Everything that is done stands in its timeline, which nobody can change afterwards.',
  permission: 'incidents.write',
  rateLimit: 'write',
  audit: { action: 'incident.changed', resource: 'incident' },
  params: idParams,
  body: incidentActSchema,
  answer: { status: 200, description: 'The incident as it is now', schema: incidentDetailSchema },
  handler: async ({ params, body, principal, services, audit }) => {
    audit.id = params.id
    audit.detail = {
      act: body.act,
      ...(body.act === 'status' ? { status: body.status } : {}),
      ...(body.act === 'severity' ? { severity: body.severity } : {}),
    }
    const detail = await services.incidents.act(params.id, body, personOf(principal))
    audit.id = detail.incident.id
    return services.namesFor(principal).incidentDetail(detail)
  },
})
