import { ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { operatorSchema } from '../../operators/operator-schema.js'
import { secondStepSchema } from '../../session/proof-schema.js'

/** Sets a new password with a one-time link, and signs in. */
export const finishReset = defineRoute({
  id: 'finishReset',
  method: 'POST',
  url: '/v1/reset',
  tag: 'session',
  summary: 'Set a new password with a one-time link',
  description: 'The link works once. Whoever kept a second factor proves it next, as at every sign-in.',
  permission: 'public',
  rateLimit: 'credential',
  audit: { action: 'operator.reset_finished', resource: 'operator' },
  body: z
    .strictObject({ link: z.string().min(1).max(2_048), password: z.string().min(1).max(4_096) })
    .meta({ examples: [{ link: 'http://localhost:8700/reset#…', password: 'a long phrase of hers' }] }),
  bodyLimit: 16_384,
  answer: { status: 200, description: 'Signed in, or a second step is asked for', schema: z.union([secondStepSchema, operatorSchema]) },
  handler: async ({ body, request, reply, services, audit }) => {
    const id = await services.resets.find(body.link)
    const operator = id === undefined ? undefined : await services.operators.get(id)
    if (operator === undefined) throw new ParapetError('PPT_RESET_LINK')
    audit.id = operator.id
    await services.operators.assertPassword(body.password, operator.name)
    // of two who hold the link at once only one goes on
    if (!(await services.resets.take(body.link))) throw new ParapetError('PPT_RESET_LINK')
    audit.actor = { kind: 'operator', id: operator.id, name: operator.name }
    const generation = await services.operators.setPassword(operator.id, body.password, operator.generation)
    services.tell(operator.id, { kind: 'reset_finished', address: request.clientAddress })
    const second = await services.factors.afterPassword(operator.id, request.raw, reply)
    if (second !== undefined) return { mfaRequired: true as const, ...second }
    await services.welcome(operator.id, request.raw, reply)
    await services.enter({ ...operator, generation }, request, reply, { newDevice: false })
    return operator
  },
})
