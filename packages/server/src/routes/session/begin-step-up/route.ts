import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { asOperator } from '../../../http/principal.js'
import { methodSchema, webAuthnOptions } from '../proof-schema.js'

/** What this operator can prove himself with, and the challenge for a passkey. */
export const beginStepUp = defineRoute({
  id: 'beginStepUp',
  method: 'POST',
  url: '/v1/session/step-up/challenge',
  tag: 'session',
  summary: 'Ask what a step-up takes',
  description: 'Answers the methods of the signed-in operator, and for a passkey what `navigator.credentials.get` takes.',
  permission: 'operator',
  rateLimit: 'factor',
  audit: { action: 'operator.stepped_up', resource: 'session', when: 'refused' },
  beforeEnrolment: true,
  answer: {
    status: 200,
    description: 'Methods, the best first',
    schema: z.object({ methods: z.array(methodSchema), passkey: webAuthnOptions.exactOptional() }),
  },
  handler: async ({ principal, reply, services }) => {
    const { id } = asOperator(principal)
    const methods = [...(await services.factors.stepUpMethods(id))]
    if (!methods.includes('passkey')) return { methods }
    return { methods, passkey: await services.factors.stepUpChallenge(id, reply) }
  },
})
