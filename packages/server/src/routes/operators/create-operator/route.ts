import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { ROLES } from '../../../http/permissions.js'
import { displayName } from '../../../modules/operators/index.js'
import { assertHolds, operatorSchema } from '../operator-schema.js'

/** Adds a person. */
export const createOperator = defineRoute({
  id: 'createOperator',
  method: 'POST',
  url: '/v1/operators',
  tag: 'operators',
  summary: 'Create an operator',
  description:
    'Names are unique without regard to case or spelling form. Passwords take 8 to 1024 characters and are not among the most used.',
  permission: 'operators.manage',
  rateLimit: 'credential',
  audit: { action: 'operator.created', resource: 'operator' },
  stepUp: { tokens: 'exempt' },
  body: z
    .strictObject({ name: displayName, password: z.string().min(1).max(4_096), role: z.enum(ROLES) })
    .meta({ examples: [{ name: 'ben', password: 'a long phrase of his', role: 'viewer' }] }),
  bodyLimit: 16_384,
  answer: { status: 201, description: 'The new operator', schema: operatorSchema },
  handler: async ({ body, principal, services, audit }) => {
    audit.detail = { name: body.name, role: body.role }
    assertHolds(principal, body.role)
    const operator = await services.operators.create(body)
    audit.id = operator.id
    return operator
  },
})
