import { defineRoute } from '../../../http/define-route.js'
import { incidentDetailSchema, incidentRequestSchema } from '../../../http/incident-schemas.js'
import { personOf } from '../../../http/principal.js'

/** Opens an incident by hand. */
export const openIncident = defineRoute({
  id: 'openIncident',
  method: 'POST',
  url: '/v1/incidents',
  tag: 'incidents',
  summary: 'Open an incident',
  description: 'With the alerts, users and addresses that it is about, as far as they are known. More can be added later.',
  permission: 'incidents.write',
  rateLimit: 'write',
  audit: { action: 'incident.opened', resource: 'incident' },
  body: incidentRequestSchema,
  answer: { status: 201, description: 'The incident', schema: incidentDetailSchema },
  handler: async ({ body, principal, services, audit }) => {
    audit.reason = body.title
    audit.detail = { severity: body.severity }
    const detail = await services.incidents.open(body, personOf(principal))
    audit.id = detail.incident.id
    return services.namesFor(principal).incidentDetail(detail)
  },
})
