import { defineRoute } from '../../../http/define-route.js'
import { asOperator } from '../../../http/principal.js'
import { webAuthnOptions } from '../../session/proof-schema.js'

/** The challenge with which a browser makes a passkey. */
export const beginPasskey = defineRoute({
  id: 'beginPasskey',
  method: 'POST',
  url: '/v1/account/passkeys/challenge',
  tag: 'account',
  summary: 'Begin to add a passkey',
  description: 'Answers what `navigator.credentials.create` takes, bound to this session.',
  permission: 'operator',
  rateLimit: 'factor',
  audit: { action: 'factor.begun', resource: 'factor' },
  stepUp: { tokens: 'refuse' },
  beforeEnrolment: true,
  answer: { status: 200, description: 'Options for the browser', schema: webAuthnOptions },
  handler: async ({ principal, request, services, audit }) => {
    const { id, name, session } = asOperator(principal)
    audit.detail = { factor: 'passkey' }
    return await services.factors.beginPasskey(id, { request: request.raw, session, name })
  },
})
