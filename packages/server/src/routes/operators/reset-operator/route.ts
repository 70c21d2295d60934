import { ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { idParams } from '../../../http/query-schemas.js'
import { resetOperator as reset } from '../../../modules/operators/reset-operator.js'
import { assertHolds, byWhom } from '../operator-schema.js'

/** Resets a person who lost the way in, or whose account may be in other hands. */
export const resetOperator = defineRoute({
  id: 'resetOperator',
  method: 'POST',
  url: '/v1/operators/:id/reset',
  tag: 'operators',
  summary: 'Reset an operator',
  description:
    'Ends all sessions, removes every second factor, revokes the tokens they made, and makes the password useless. Answers, this once, a ' +
    'link that is good for a day, with which a new password is set. Hand it over in person or by a call.',
  permission: 'operators.manage',
  rateLimit: 'credential',
  audit: { action: 'operator.reset', resource: 'operator' },
  stepUp: { tokens: 'exempt' },
  params: idParams,
  answer: {
    status: 200,
    description: 'The one-time link',
    schema: z
      .object({ link: z.string(), expiresAt: z.int() })
      .meta({ id: 'ResetLink', examples: [{ link: 'http://localhost:8700/reset#…', expiresAt: 1_795_286_400_000 }] }),
  },
  handler: async ({ params, principal, services, audit }) => {
    audit.id = params.id
    const operator = await services.operators.get(params.id)
    if (operator === undefined) throw new ParapetError('PPT_NOT_FOUND')
    audit.detail = { name: operator.name }
    assertHolds(principal, operator.role)
    if (principal.kind === 'operator' && principal.id === operator.id)
      throw new ParapetError('PPT_CONFLICT', 'this is your own account: change the password and the factors on the account page')
    const done = await reset(services, operator.id, { sessions: true, factors: true, tokens: true })
    audit.detail = { name: operator.name, sessions: done.sessions, tokens: done.tokens }
    services.presence.forget(operator.id)
    services.tell(operator.id, { kind: 'reset_started', by: byWhom(principal) })
    return done.link
  },
})
