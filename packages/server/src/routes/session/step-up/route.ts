import { ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { asOperator } from '../../../http/principal.js'
import { noteRecoveryCode } from '../note-recovery-code.js'
import { methodSchema, proofSchema, toProof } from '../proof-schema.js'

/** Proves once more who it is: dangerous acts are open for ten minutes, and the session gets a new id. */
export const stepUp = defineRoute({
  id: 'stepUp',
  method: 'POST',
  url: '/v1/session/step-up',
  tag: 'session',
  summary: 'Prove once more who you are',
  description: 'Takes a second factor; the password only from an operator who has none.',
  permission: 'operator',
  rateLimit: 'factor',
  audit: { action: 'operator.stepped_up', resource: 'session' },
  beforeEnrolment: true,
  body: z.union([...proofSchema.options, z.strictObject({ password: z.string().min(1).max(4_096) })]),
  bodyLimit: 16_384,
  answer: { status: 200, description: 'Proved', schema: z.object({ method: methodSchema }) },
  handler: async ({ body, principal, request, reply, services, audit }) => {
    const { id, name } = asOperator(principal)
    if (!('password' in body)) {
      const proven = await services.factors.stepUp(request.raw, reply, toProof(body))
      audit.detail = { method: proven.method }
      noteRecoveryCode(services, request, proven)
      return { method: proven.method }
    }
    audit.detail = { method: 'password' }
    // whoever has a second factor proves it: a password may have been read over a shoulder
    const methods = await services.factors.stepUpMethods(id)
    if (!methods.includes('password')) throw new ParapetError('PPT_FACTOR_FAILED', `takes ${methods.join(' or ')}`)
    const first = await services.signIn({ name, password: body.password, request: request.raw })
    if (first?.operator.id !== id) throw new ParapetError('PPT_FACTOR_FAILED', 'the password is not right')
    await services.sessions.renew(request.raw, reply, { authenticated: true })
    return { method: 'password' as const }
  },
})
