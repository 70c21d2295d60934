import { z } from 'zod'
import { callerOf } from '../shown-lockdown.js'
import { defineRoute } from '../../../http/define-route.js'
import { lockdownSchema } from '../../../http/enforcement-schemas.js'

/** Ends a lockdown everywhere. */
export const endLockdown = defineRoute({
  id: 'endLockdown',
  method: 'DELETE',
  url: '/v1/lockdown',
  tag: 'lockdown',
  summary: 'End the lockdown',
  description: 'At once, at every enforcer that hears of it; the others let everybody in at the end of its time.',
  permission: 'lockdown.manage',
  rateLimit: 'write',
  audit: { action: 'lockdown.ended', resource: 'lockdown' },
  body: z.strictObject({ reason: z.string().trim().min(1).max(500).optional() }).optional(),
  answer: { status: 200, description: 'The lockdown, ended', schema: lockdownSchema },
  handler: async ({ body, principal, request, services, audit }) => {
    const reason = body?.reason ?? 'ended by hand'
    audit.reason = reason
    const lockdown = await services.lockdown.end(callerOf(principal, request.clientAddress), reason)
    audit.id = lockdown.id
    return lockdown
  },
})
