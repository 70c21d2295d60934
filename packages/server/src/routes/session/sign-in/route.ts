import { ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { line } from '../../../http/query-schemas.js'
import { operatorSchema } from '../../operators/operator-schema.js'

/** Signs an operator in: the login shield decides, then a session begins. */
export const signIn = defineRoute({
  id: 'signIn',
  method: 'POST',
  url: '/v1/session',
  tag: 'session',
  summary: 'Sign in with name and password',
  description: 'Sets the session cookie. An unknown name, a wrong password and a locked sign-in answer alike, in the same time.',
  permission: 'public',
  rateLimit: 'credential',
  audit: { action: 'operator.signed_in', resource: 'session' },
  body: z
    .strictObject({ name: line(256), password: z.string().min(1).max(4_096) })
    .meta({ examples: [{ name: 'ann', password: 'a long phrase of hers' }] }),
  bodyLimit: 16_384,
  answer: { status: 200, description: 'Signed in', schema: operatorSchema },
  handler: async ({ body, request, reply, services, audit }) => {
    // what was typed as a name is often a password; who it was stands in the entry when it is known
    audit.detail = { name: services.pseudonym(body.name) }
    const operator = await services.signIn({ name: body.name, password: body.password, request: request.raw, reply })
    if (operator === undefined) throw new ParapetError('PPT_SIGN_IN_FAILED')
    delete audit.detail
    audit.actor = { kind: 'operator', id: operator.id, name: operator.name }
    await services.sessions.start(operator, request.raw, reply)
    await services.operators.noteSignIn(operator.id, request.clientAddress)
    if (request.clientAddress !== undefined) services.presence.note(operator.id, request.clientAddress)
    return operator
  },
})
