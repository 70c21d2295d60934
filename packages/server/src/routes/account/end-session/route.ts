import { ParapetError } from '@parapet/core'
import { defineRoute } from '../../../http/define-route.js'
import { asOperator } from '../../../http/principal.js'
import { idParams } from '../../../http/query-schemas.js'
import { tellSelf } from '../own-act.js'

/** Ends one of one's own sessions. */
export const endSession = defineRoute({
  id: 'endSession',
  method: 'DELETE',
  url: '/v1/account/sessions/:id',
  tag: 'account',
  summary: 'End one of your sessions',
  description: 'That browser is signed out at once, its live streams too. To end the present one, sign out.',
  permission: 'operator',
  rateLimit: 'write',
  audit: { action: 'session.ended', resource: 'session' },
  params: idParams,
  answer: { status: 204, description: 'Ended' },
  handler: async ({ params, principal, request, services, audit }) => {
    const operator = asOperator(principal)
    audit.id = params.id
    if (params.id === operator.session) throw new ParapetError('PPT_CONFLICT', 'this is the session that asks; sign out instead')
    if (!(await services.sessions.revoke(operator.id, params.id))) throw new ParapetError('PPT_NOT_FOUND')
    tellSelf(services, operator, request, 'session_ended')
  },
})
