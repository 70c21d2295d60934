import { defineRoute } from '../../../http/define-route.js'

/** Ends the session of this browser and its live streams. */
export const signOut = defineRoute({
  id: 'signOut',
  method: 'DELETE',
  url: '/v1/session',
  tag: 'session',
  summary: 'Sign out',
  permission: 'operator',
  rateLimit: 'write',
  audit: { action: 'operator.signed_out', resource: 'session' },
  beforeEnrolment: true,
  answer: { status: 204, description: 'Signed out' },
  handler: async ({ principal, request, reply, services }) => {
    if (principal.kind === 'operator') services.presence.forget(principal.id)
    await services.sessions.end(request.raw, reply)
  },
})
