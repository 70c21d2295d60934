import { ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { asOperator } from '../../../http/principal.js'
import { endOthersAndRenew, tellSelf } from '../own-act.js'

/** Changes one's own password: takes the old one, and ends every other session. */
export const changePassword = defineRoute({
  id: 'changePassword',
  method: 'POST',
  url: '/v1/account/password',
  tag: 'account',
  summary: 'Change your password',
  description: 'Every other session of yours ends. Passwords take 8 characters or more and are not among the most used.',
  permission: 'operator',
  rateLimit: 'credential',
  audit: { action: 'operator.password_changed', resource: 'operator' },
  stepUp: { tokens: 'refuse' },
  body: z
    .strictObject({ current: z.string().min(1).max(4_096), password: z.string().min(1).max(4_096) })
    .meta({ examples: [{ current: 'a long phrase of hers', password: 'another long phrase' }] }),
  bodyLimit: 16_384,
  answer: { status: 200, description: 'Changed', schema: z.object({ sessionsEnded: z.int() }) },
  handler: async ({ body, principal, request, reply, services, audit }) => {
    const operator = asOperator(principal)
    audit.id = operator.id
    const first = await services.signIn({ name: operator.name, password: body.current, request: request.raw })
    if (first?.operator.id !== operator.id) throw new ParapetError('PPT_INVALID', 'current: is not your password')
    const generation = await services.operators.setPassword(operator.id, body.password, operator.generation)
    const sessionsEnded = await endOthersAndRenew(services, operator, request, reply, { generation })
    // other browsers are strangers again; this one has just shown the password
    await services.forgetDevices(operator.id)
    await services.welcome(operator.id, request.raw, reply)
    tellSelf(services, operator, request, 'password_changed')
    return { sessionsEnded }
  },
})
