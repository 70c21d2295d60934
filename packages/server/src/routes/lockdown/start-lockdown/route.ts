import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { lockdownSchema } from '../../../http/enforcement-schemas.js'
import { line } from '../../../http/query-schemas.js'
import { callerOf, readWish, wishFields } from '../shown-lockdown.js'

/** Begins a lockdown. */
export const startLockdown = defineRoute({
  id: 'startLockdown',
  method: 'POST',
  url: '/v1/lockdown',
  tag: 'lockdown',
  summary: 'Begin a lockdown',
  description:
    'It ends by itself within two minutes unless it is confirmed, and each confirmation holds for `duration`: also when the control plane is gone, since every enforcer knows its end. Refused when it would shut out who asks for it.',
  permission: 'lockdown.manage',
  rateLimit: 'write',
  audit: { action: 'lockdown.started', resource: 'lockdown' },
  stepUp: { tokens: 'exempt' },
  body: z
    .strictObject({ ...wishFields, reason: z.string().trim().min(1).max(500), incidentId: line(128).optional() })
    .meta({ examples: [{ mode: 'known_users', duration: '1h', reason: 'accounts are read in bulk' }] }),
  answer: { status: 201, description: 'The lockdown, in force', schema: lockdownSchema },
  handler: async ({ body, principal, request, services, audit }) => {
    const { reason, incidentId } = body
    audit.reason = reason
    audit.detail = { mode: body.mode, duration: body.duration }
    const caller = callerOf(principal, request.clientAddress)
    const lockdown = await services.lockdown.start({ ...readWish(body), reason, incidentId }, caller)
    audit.id = lockdown.id
    return lockdown
  },
})
