import { ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { ROLE_PERMISSIONS, ROLES } from '../../../http/permissions.js'
import { may } from '../../../http/principal.js'
import { displayName } from '../../../modules/operators/index.js'
import { operatorSchema } from '../operator-schema.js'

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
  body: z
    .strictObject({ name: displayName, password: z.string().min(1).max(4_096), role: z.enum(ROLES) })
    .meta({ examples: [{ name: 'ben', password: 'a long phrase of his', role: 'viewer' }] }),
  bodyLimit: 16_384,
  answer: { status: 201, description: 'The new operator', schema: operatorSchema },
  handler: async ({ body, principal, services, audit }) => {
    audit.detail = { name: body.name, role: body.role }
    // else a token that only manages operators could make an admin, sign in as that, and hold everything
    const lacks = [...ROLE_PERMISSIONS[body.role]].find((permission) => !may(principal, permission))
    if (lacks !== undefined) throw new ParapetError('PPT_FORBIDDEN', `you do not hold ${lacks} yourself`)
    const operator = await services.operators.create(body)
    audit.id = operator.id
    return operator
  },
})
