import { ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { displayName } from '../../../modules/operators/index.js'
import { operatorSchema } from '../../operators/operator-schema.js'

/** Makes the first operator with the one-time link and signs in. */
export const finishSetup = defineRoute({
  id: 'finishSetup',
  method: 'POST',
  url: '/v1/setup',
  tag: 'setup',
  summary: 'Create the first operator',
  description: 'Takes the link that the server printed when it started, or that `parapet init` made. The link works once.',
  permission: 'public',
  rateLimit: 'credential',
  audit: { action: 'operator.first_created', resource: 'operator' },
  body: z
    .strictObject({ link: z.string().min(1).max(2_048), name: displayName, password: z.string().min(1).max(4_096) })
    .meta({ examples: [{ link: 'http://localhost:8700/setup#…', name: 'ann', password: 'a long phrase of hers' }] }),
  bodyLimit: 16_384,
  answer: { status: 201, description: 'The first operator, signed in', schema: operatorSchema },
  handler: async ({ body, request, reply, services, audit }) => {
    audit.detail = { name: body.name }
    if (!(await services.setup.isValid(body.link))) throw new ParapetError('PPT_SETUP_LINK')
    // the database decides between two who hold the link at once: only one of them is first
    const operator = await services.operators.createFirst({ name: body.name, password: body.password })
    await services.setup.remove()
    audit.id = operator.id
    audit.actor = { kind: 'operator', id: operator.id, name: operator.name }
    await services.welcome(operator.id, request.raw, reply)
    await services.enter(operator, request, reply, { newDevice: false })
    return operator
  },
})
