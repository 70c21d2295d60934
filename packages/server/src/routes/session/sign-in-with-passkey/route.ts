import { ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { operatorSchema } from '../../operators/operator-schema.js'
import { credentialSchema } from '../proof-schema.js'

/** Signs in with a passkey alone: it is two factors by itself, the device and what unlocks it. */
export const signInWithPasskey = defineRoute({
  id: 'signInWithPasskey',
  method: 'POST',
  url: '/v1/session/passkey',
  tag: 'session',
  summary: 'Sign in with a passkey',
  description: 'Takes the answer of `navigator.credentials.get` as JSON. An unknown passkey and a wrong signature answer alike.',
  permission: 'public',
  rateLimit: 'factor',
  audit: { action: 'operator.signed_in', resource: 'session' },
  body: z.strictObject({ passkey: credentialSchema }),
  bodyLimit: 16_384,
  answer: { status: 200, description: 'Signed in', schema: operatorSchema },
  handler: async ({ body, request, reply, services, audit }) => {
    audit.detail = { method: 'passkey' }
    const proven = await services.factors.passkeySignIn(request.raw, reply, body.passkey)
    const operator = await services.operators.get(proven.operatorId)
    if (operator === undefined) throw new ParapetError('PPT_FACTOR_FAILED')
    audit.actor = { kind: 'operator', id: operator.id, name: operator.name }
    await services.enter(operator, request, reply, { newDevice: proven.newDevice })
    return operator
  },
})
