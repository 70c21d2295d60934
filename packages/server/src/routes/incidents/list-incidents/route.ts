import { INCIDENT_STATUSES, LEVELS, ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { incidentSchema } from '../../../http/incident-schemas.js'
import { cursorSchema, limitSchema, line, oneOrMore } from '../../../http/query-schemas.js'
import { pageOf } from '../../../http/wire-schemas.js'

/** Incidents, the newest first. */
export const listIncidents = defineRoute({
  id: 'listIncidents',
  method: 'GET',
  url: '/v1/incidents',
  tag: 'incidents',
  summary: 'List incidents',
  description: 'The newest first.',
  permission: 'incidents.read',
  rateLimit: 'read',
  audit: 'none',
  query: z.object({
    status: oneOrMore(z.enum(INCIDENT_STATUSES), INCIDENT_STATUSES.length).meta({ description: 'repeat for several; all when left out' }),
    severity: z.enum(LEVELS).optional().meta({ description: 'this one or worse' }),
    assignee: line(128).optional().meta({ description: 'the id of an operator, or `me`' }),
    limit: limitSchema,
    cursor: cursorSchema,
  }),
  answer: { status: 200, description: 'A page of incidents', schema: pageOf(incidentSchema) },
  handler: async ({ query: { status, severity, assignee, cursor, limit }, principal, services }) => {
    if (assignee === 'me' && principal.kind !== 'operator') throw new ParapetError('PPT_INVALID', 'assignee: `me` is for operators')
    const who = assignee === 'me' && principal.kind === 'operator' ? principal.id : assignee
    const { items, next } = await services.incidents.list({ statuses: status, severity, assignee: who, cursor, limit })
    return { items: items.map(services.namesFor(principal).incident), next }
  },
})
