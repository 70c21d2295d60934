import { MINUTE, ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'

/** Detection may be this far behind, ms, before a load balancer should send events elsewhere. */
const MAX_LAG_MS = 5 * MINUTE

/** The database answers and detection keeps up. */
export const getReadiness = defineRoute({
  id: 'getReadiness',
  method: 'GET',
  head: true,
  url: '/readyz',
  tag: 'operations',
  summary: 'Can requests be served',
  description: '503 when the database does not answer or detection is more than five minutes behind.',
  permission: 'public',
  rateLimit: 'public',
  audit: 'none',
  answer: {
    status: 200,
    description: 'They can',
    schema: z.object({ status: z.literal('ready'), lag: z.object({ events: z.number(), ms: z.number() }) }),
  },
  handler: async ({ services }) => {
    await services.database.pool.query('select 1')
    const lag = services.detection.lag()
    if (lag.ms > MAX_LAG_MS) throw new ParapetError('PPT_DATABASE_UNAVAILABLE', `detection is ${Math.round(lag.ms / 1_000)} s behind`)
    return { status: 'ready' as const, lag: { events: lag.events, ms: lag.ms } }
  },
})
