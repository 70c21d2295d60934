import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { asOperator } from '../../../http/principal.js'
import { line } from '../../../http/query-schemas.js'
import { recoveryCodesSchema } from '../account-schemas.js'
import { assertUnchanged, endOthersAndRenew, tellSelf } from '../own-act.js'

/** Puts an authenticator app in force with its first code. */
export const confirmTotp = defineRoute({
  id: 'confirmTotp',
  method: 'POST',
  url: '/v1/account/totp/confirm',
  tag: 'account',
  summary: 'Finish an authenticator app with its first code',
  description: 'With the first factor come recovery codes, shown this once. Every other session of yours ends.',
  permission: 'operator',
  rateLimit: 'factor',
  audit: { action: 'factor.added', resource: 'factor' },
  stepUp: { tokens: 'refuse' },
  beforeEnrolment: true,
  body: z.strictObject({ enrolment: line(512), code: line(64) }).meta({ examples: [{ enrolment: '…', code: '492817' }] }),
  answer: { status: 200, description: 'In force', schema: recoveryCodesSchema },
  handler: async ({ body, principal, request, reply, services, audit }) => {
    const operator = asOperator(principal)
    audit.detail = { factor: 'totp' }
    const { recoveryCodes } = await services.factors.confirmTotp(operator.id, { request: request.raw, ...body })
    await assertUnchanged(services, operator, () => services.factors.removeTotp(operator.id))
    await endOthersAndRenew(services, operator, request, reply, { enrolled: true })
    tellSelf(services, operator, request, 'factor_added', 'authenticator app')
    return { recoveryCodes: recoveryCodes === null ? null : [...recoveryCodes] }
  },
})
