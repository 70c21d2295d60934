import { ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { line } from '../../../http/query-schemas.js'
import { operatorSchema } from '../../operators/operator-schema.js'
import { secondStepSchema } from '../proof-schema.js'

/** Signs an operator in: the login shield decides, then a second step is asked for where there is one, then a session begins. */
export const signIn = defineRoute({
  id: 'signIn',
  method: 'POST',
  url: '/v1/session',
  tag: 'session',
  summary: 'Sign in with name and password',
  description:
    'Sets the session cookie, or answers `mfaRequired` and waits five minutes for the second step. An unknown name, a wrong password ' +
    'and a locked sign-in answer alike, in the same time.',
  permission: 'public',
  rateLimit: 'credential',
  audit: { action: 'operator.signed_in', resource: 'session' },
  body: z
    .strictObject({ name: line(256), password: z.string().min(1).max(4_096) })
    .meta({ examples: [{ name: 'ann', password: 'a long phrase of hers' }] }),
  bodyLimit: 16_384,
  answer: {
    status: 200,
    description: 'Signed in, or a second step is asked for',
    schema: z.union([secondStepSchema, operatorSchema]),
  },
  handler: async ({ body, request, reply, services, audit }) => {
    // what was typed as a name is often a password; who it was stands in the entry when it is known
    audit.detail = { name: services.pseudonym(body.name) }
    const first = await services.signIn({ name: body.name, password: body.password, request: request.raw })
    if (first === undefined) throw new ParapetError('PPT_SIGN_IN_FAILED')
    const { operator, newDevice, cookies } = first
    audit.actor = { kind: 'operator', id: operator.id, name: operator.name }
    const second = await services.factors.afterPassword(operator.id, request.raw, reply)
    if (second !== undefined) {
      audit.detail = { step: 'password' }
      return { mfaRequired: true as const, ...second }
    }
    delete audit.detail
    // not before: they make this browser a known one
    for (const cookie of cookies) void reply.header('set-cookie', cookie)
    await services.enter(operator, request, reply, { newDevice })
    return operator
  },
})
