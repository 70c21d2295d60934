import { ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { authorOf } from '../../../http/principal.js'
import { idParams } from '../../../http/query-schemas.js'
import { decisionSchema } from '../../../http/wire-schemas.js'

/** Takes one decision back. */
export const liftDecision = defineRoute({
  id: 'liftDecision',
  method: 'POST',
  url: '/v1/decisions/:id/lift',
  tag: 'decisions',
  summary: 'Take a decision back',
  description: 'Enforcers hear of it at once. One that was lifted already comes back as it is; one that has expired is a conflict.',
  permission: 'decisions.write',
  rateLimit: 'write',
  audit: { action: 'decision.lifted', resource: 'decision' },
  params: idParams,
  body: z.strictObject({ reason: z.string().min(1).max(500) }).meta({ examples: [{ reason: 'our own monitoring' }] }),
  answer: { status: 200, description: 'The decision as it is now', schema: decisionSchema },
  handler: async ({ params, body, principal, services, audit }) => {
    audit.id = params.id
    audit.reason = body.reason
    const [lifted] = await services.decisions.lift([params.id], authorOf(principal), body.reason, services.clock())
    if (lifted !== undefined) {
      services.metrics.decisions(1)
      return lifted
    }
    const decision = await services.decisions.get(params.id)
    if (decision === undefined) throw new ParapetError('PPT_NOT_FOUND')
    if (decision.lifted === undefined) throw new ParapetError('PPT_CONFLICT', 'the decision has expired by itself')
    return decision
  },
})
