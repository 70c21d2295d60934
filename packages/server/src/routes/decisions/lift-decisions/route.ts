import { ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { authorOf } from '../../../http/principal.js'
import { line } from '../../../http/query-schemas.js'
import { decisionSchema } from '../../../http/wire-schemas.js'

/** Takes back everything on a target, or everything that was made together. */
export const liftDecisions = defineRoute({
  id: 'liftDecisions',
  method: 'POST',
  url: '/v1/decisions/lift',
  tag: 'decisions',
  summary: 'Take back all decisions on a target or of a batch',
  permission: 'decisions.write',
  rateLimit: 'write',
  audit: { action: 'decision.lifted', resource: 'decision' },
  stepUp: { tokens: 'exempt' },
  body: z
    .strictObject({ target: line(256).optional(), batch: line(128).optional(), reason: z.string().min(1).max(500) })
    .refine(({ target, batch }) => (target === undefined) !== (batch === undefined), 'give target or batch, and not both')
    .meta({ examples: [{ target: '203.0.113.7', reason: 'our own monitoring' }] }),
  answer: { status: 200, description: 'The decisions that were taken back', schema: z.object({ lifted: z.array(decisionSchema) }) },
  handler: async ({ body, principal, services, audit }) => {
    const { target, batch, reason } = body
    audit.reason = reason
    audit.detail = target === undefined ? { batch: batch ?? '' } : { target }
    const now = services.clock()
    const known = target === undefined ? await services.decisions.forBatch(batch ?? '') : await services.decisions.forTarget(target)
    if (known.length === 0) throw new ParapetError('PPT_NOT_FOUND')
    // asked for by themselves: behind hundreds of decisions that have ended, one may still bind
    const ids = await services.decisions.endingLater(target === undefined ? { batch: batch ?? '' } : { target }, now)
    const lifted = await services.decisions.lift(ids, authorOf(principal), reason, now)
    audit.detail = { ...audit.detail, lifted: lifted.length }
    services.metrics.decisions(lifted.length)
    return { lifted }
  },
})
