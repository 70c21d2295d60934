import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { asOperator } from '../../../http/principal.js'
import { tellSelf } from '../own-act.js'

/** Ends all of one's own sessions but this one. */
export const endOtherSessions = defineRoute({
  id: 'endOtherSessions',
  method: 'DELETE',
  url: '/v1/account/sessions',
  tag: 'account',
  summary: 'End all your other sessions',
  permission: 'operator',
  rateLimit: 'write',
  audit: { action: 'session.others_ended', resource: 'session' },
  answer: { status: 200, description: 'How many ended', schema: z.object({ ended: z.int() }).meta({ examples: [{ ended: 2 }] }) },
  handler: async ({ principal, request, services, audit }) => {
    const operator = asOperator(principal)
    const ended = await services.sessions.endOthers(operator.id, operator.session)
    audit.detail = { ended }
    if (ended > 0) tellSelf(services, operator, request, 'session_ended', ended === 1 ? 'one other' : `${ended} others`)
    return { ended }
  },
})
