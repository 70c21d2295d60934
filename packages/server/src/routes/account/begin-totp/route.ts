import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { asOperator } from '../../../http/principal.js'

/** Makes the secret of an authenticator app; nothing is in force before a code of it came back. */
export const beginTotp = defineRoute({
  id: 'beginTotp',
  method: 'POST',
  url: '/v1/account/totp',
  tag: 'account',
  summary: 'Begin to set up an authenticator app',
  description: 'Answers the secret once, as text, as `otpauth` URI and as QR code. It waits ten minutes for its first code.',
  permission: 'operator',
  rateLimit: 'factor',
  audit: { action: 'factor.begun', resource: 'factor' },
  stepUp: { tokens: 'refuse' },
  beforeEnrolment: true,
  answer: {
    status: 200,
    description: 'What an app takes',
    schema: z.object({ enrolment: z.string(), secret: z.string(), uri: z.string(), svg: z.string() }),
  },
  handler: async ({ principal, request, services, audit }) => {
    const operator = asOperator(principal)
    audit.detail = { factor: 'totp' }
    return services.factors.beginTotp(operator.id, operator.name, request.raw)
  },
})
