import { z } from 'zod'
import { callerOf } from '../shown-lockdown.js'
import { defineRoute } from '../../../http/define-route.js'
import { lockdownSchema } from '../../../http/enforcement-schemas.js'

/** Holds a lockdown for its time from now. */
export const confirmLockdown = defineRoute({
  id: 'confirmLockdown',
  method: 'POST',
  url: '/v1/lockdown/confirm',
  tag: 'lockdown',
  summary: 'Confirm the lockdown',
  description: 'It holds for its duration from now, and ends then unless it is confirmed again.',
  permission: 'lockdown.manage',
  rateLimit: 'write',
  audit: { action: 'lockdown.confirmed', resource: 'lockdown' },
  body: z.strictObject({}).optional(),
  answer: { status: 200, description: 'The lockdown as it is now', schema: lockdownSchema },
  handler: async ({ principal, request, services, audit }) => {
    const lockdown = await services.lockdown.confirm(callerOf(principal, request.clientAddress))
    audit.id = lockdown.id
    return lockdown
  },
})
