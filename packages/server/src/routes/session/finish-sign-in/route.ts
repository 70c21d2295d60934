import { ParapetError } from '@parapet/core'
import { defineRoute } from '../../../http/define-route.js'
import { operatorSchema } from '../../operators/operator-schema.js'
import { noteRecoveryCode } from '../note-recovery-code.js'
import { proofSchema, toProof } from '../proof-schema.js'

/** The second step of a sign-in. */
export const finishSignIn = defineRoute({
  id: 'finishSignIn',
  method: 'POST',
  url: '/v1/session/factor',
  tag: 'session',
  summary: 'Finish a sign-in with a second factor',
  description:
    'Takes a code of the authenticator app, a recovery code or a passkey, and sets the session cookie. Codes work once; wrong ones of ' +
    'all kinds count together.',
  permission: 'public',
  rateLimit: 'factor',
  audit: { action: 'operator.signed_in', resource: 'session' },
  body: proofSchema,
  bodyLimit: 16_384,
  answer: { status: 200, description: 'Signed in', schema: operatorSchema },
  handler: async ({ body, request, reply, services, audit }) => {
    audit.detail = { step: 'factor' }
    const proven = await services.factors.complete(request.raw, reply, toProof(body))
    const operator = await services.operators.get(proven.operatorId)
    // removed between the two steps
    if (operator === undefined) throw new ParapetError('PPT_SIGN_IN_OVER')
    audit.actor = { kind: 'operator', id: operator.id, name: operator.name }
    audit.detail = { step: 'factor', method: proven.method }
    await services.enter(operator, request, reply, { newDevice: proven.newDevice })
    noteRecoveryCode(services, request, proven)
    return operator
  },
})
