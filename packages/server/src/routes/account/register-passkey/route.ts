import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { asOperator } from '../../../http/principal.js'
import { displayName } from '../../../modules/operators/index.js'
import { credentialSchema } from '../../session/proof-schema.js'
import { passkeySchema, recoveryCodesSchema } from '../account-schemas.js'
import { assertUnchanged, endOthersAndRenew, tellSelf } from '../own-act.js'

/** Adds the passkey that a browser has made. */
export const registerPasskey = defineRoute({
  id: 'registerPasskey',
  method: 'POST',
  url: '/v1/account/passkeys',
  tag: 'account',
  summary: 'Add a passkey',
  description: 'With the first factor come recovery codes, shown this once. Every other session of yours ends.',
  permission: 'operator',
  rateLimit: 'factor',
  audit: { action: 'factor.added', resource: 'factor' },
  stepUp: { tokens: 'refuse' },
  beforeEnrolment: true,
  body: z.strictObject({ name: displayName, passkey: credentialSchema }),
  bodyLimit: 32_768,
  answer: {
    status: 201,
    description: 'In force',
    schema: z.object({ passkey: passkeySchema, ...recoveryCodesSchema.shape }),
  },
  handler: async ({ body, principal, request, reply, services, audit }) => {
    const operator = asOperator(principal)
    audit.detail = { factor: 'passkey' }
    const { passkey, recoveryCodes } = await services.factors.finishPasskey(operator.id, {
      request: request.raw,
      session: operator.session,
      name: body.name,
      response: body.passkey,
    })
    await assertUnchanged(services, operator, () => services.factors.removePasskey(operator.id, passkey.id))
    await endOthersAndRenew(services, operator, request, reply, { enrolled: true })
    tellSelf(services, operator, request, 'factor_added', `passkey ${passkey.name}`)
    return { passkey, recoveryCodes: recoveryCodes === null ? null : [...recoveryCodes] }
  },
})
