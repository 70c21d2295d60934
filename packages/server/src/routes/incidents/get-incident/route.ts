import { defineRoute } from '../../../http/define-route.js'
import { incidentDetailSchema } from '../../../http/incident-schemas.js'
import { idParams } from '../../../http/query-schemas.js'

/** One incident with its timeline. */
export const getIncident = defineRoute({
  id: 'getIncident',
  method: 'GET',
  url: '/v1/incidents/:id',
  tag: 'incidents',
  summary: 'Read an incident',
  description: 'Its timeline, its newest alerts and decisions. The id may be its number, such as `7` or `INC-7`.',
  permission: 'incidents.read',
  rateLimit: 'read',
  audit: 'none',
  params: idParams,
  answer: { status: 200, description: 'The incident', schema: incidentDetailSchema },
  handler: async ({ params, principal, services }) => services.namesFor(principal).incidentDetail(await services.incidents.get(params.id)),
})
