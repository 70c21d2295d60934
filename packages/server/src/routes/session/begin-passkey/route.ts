import { defineRoute } from '../../../http/define-route.js'
import { webAuthnOptions } from '../proof-schema.js'

/** The challenge for a sign-in without a name. */
export const beginPasskeySignIn = defineRoute({
  id: 'beginPasskeySignIn',
  method: 'POST',
  url: '/v1/session/passkey/challenge',
  tag: 'session',
  summary: 'Ask for a challenge to sign in with a passkey',
  description: 'Answers what `navigator.credentials.get` takes and binds it to this browser by a cookie. Says nothing about who exists.',
  permission: 'public',
  rateLimit: 'write',
  audit: { action: 'operator.signed_in', resource: 'session', when: 'refused' },
  answer: { status: 200, description: 'Options for the browser', schema: webAuthnOptions },
  handler: async ({ services, reply }) => await services.factors.passkeyChallenge(reply),
})
