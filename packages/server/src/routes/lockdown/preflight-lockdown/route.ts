import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { lockdownPreflightSchema } from '../../../http/enforcement-schemas.js'
import { callerOf, readWish, wishFields } from '../shown-lockdown.js'

/** What a lockdown would mean, before anybody starts one. */
export const preflightLockdown = defineRoute({
  id: 'preflightLockdown',
  method: 'POST',
  url: '/v1/lockdown/preflight',
  tag: 'lockdown',
  summary: 'See what a lockdown would do',
  description: 'Who gets in all the same, what it would have refused within the last hour, and what stands against it. Nothing is done.',
  permission: 'lockdown.manage',
  rateLimit: 'write',
  audit: { action: 'lockdown.tried', resource: 'lockdown', when: 'refused' },
  body: z.strictObject(wishFields).meta({ examples: [{ mode: 'known_users', duration: '1h' }] }),
  answer: { status: 200, description: 'What it would mean', schema: lockdownPreflightSchema },
  handler: ({ body, principal, request, services }) =>
    services.lockdown.preflight(readWish(body), callerOf(principal, request.clientAddress).address),
})
