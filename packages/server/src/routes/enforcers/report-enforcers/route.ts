import { ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { enforcerReportSchema } from '../../../http/enforcement-schemas.js'

/** An enforcer tells what it really holds. */
export const reportEnforcers = defineRoute({
  id: 'reportEnforcers',
  method: 'POST',
  url: '/v1/enforcers/reports',
  tag: 'enforcers',
  summary: 'Report what enforcers hold',
  description: 'Sent by guards and agents every 15 seconds and after each repair, with the token of their source.',
  permission: 'decisions.read',
  rateLimit: 'write',
  audit: { action: 'enforcer.reported', resource: 'enforcer', when: 'refused' },
  bodyLimit: 262_144,
  body: z.strictObject({ reports: z.array(enforcerReportSchema).min(1).max(20) }),
  answer: { status: 204, description: 'Taken' },
  handler: async ({ body, principal, request, reply, services }) => {
    if (principal.kind !== 'token' || principal.source === undefined)
      throw new ParapetError('PPT_FORBIDDEN', 'only with the token of a source')
    const { id, name } = principal.source
    await services.enforcers.take({ id, name }, body.reports, request.clientAddress)
    await reply.status(204).send()
  },
})
