import { EVENT_LIMITS, ParapetError } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { judgeBatch } from '../../../http/ingest-body.js'
import type { Services } from '../../../app/services.js'
import { eventSchema, ingestResultSchema } from '../../../http/wire-schemas.js'

/** Seconds that a sender should wait when we are behind, spread so that not all come back at once. */
const backpressure = (services: Services): ParapetError => {
  services.metrics.ingestRefused('backpressure')
  return Object.assign(new ParapetError('PPT_BACKPRESSURE'), { retryAfterSeconds: 1 + (services.inFlight.count % 3) })
}

const assertRoom = (services: Services): void => {
  const { batchesInFlight, maxLagEvents } = services.config.ingest
  if (services.inFlight.count >= batchesInFlight || services.detection.lag().events >= maxLagEvents) throw backpressure(services)
}

/** The way in for events: judged one by one, durable before the answer. */
export const ingestEvents = defineRoute({
  id: 'ingestEvents',
  method: 'POST',
  url: '/v1/events',
  tag: 'events',
  summary: 'Send events',
  description:
    'Takes an event, an array, `{"events": [...]}` or NDJSON, plain or gzip, at most 5,000 events and 5 MB inflated. 202 comes after all accepted events are durable; an event with an `event.id` that this source sent before counts as a duplicate, so sending a batch again is safe. An event more than a day ahead of its receipt is taken as happening then; `parapet.claimed_timestamp` keeps what it said. 429 with Retry-After: keep the batch and send it again.',
  permission: 'events.write',
  rateLimit: 'ingest',
  audit: { action: 'events.sent', resource: 'event', when: 'refused' },
  rawBody: true,
  bodyLimit: EVENT_LIMITS.batchBytes,
  body: z.union([eventSchema, z.array(eventSchema), z.object({ events: z.array(eventSchema) })]),
  answer: { status: 202, description: 'Every event is accepted, a duplicate, or rejected with its reason', schema: ingestResultSchema },
  handler: async ({ body, principal, request, services }) => {
    if (principal.kind !== 'token' || principal.source === undefined)
      throw new ParapetError('PPT_FORBIDDEN', "events are sent with a source's own token")
    if (!Buffer.isBuffer(body)) throw new ParapetError('PPT_BODY_MALFORMED', 'the body is empty')
    assertRoom(services)
    // from here to the answer this batch is in flight: what is judged is what waits
    services.inFlight.count++
    try {
      const receivedAt = services.clock()
      const mediaType = request.headers['content-type']?.toLowerCase().startsWith('application/x-ndjson') === true ? 'ndjson' : 'json'
      const batch = judge(services, body, mediaType)
      const { accepted, duplicates } = await services.events.append(principal.source, batch.events, receivedAt)
      services.metrics.ingestBytes(body.length)
      services.metrics.ingested('accepted', accepted)
      services.metrics.ingested('duplicate', duplicates)
      services.metrics.ingested('rejected', batch.rejected.length)
      // a name of a field is the sender's text as well
      const rejected = batch.rejected.map(({ index, code, detail }) => ({ index, code, detail: services.masker.text(detail) }))
      return { accepted, duplicates, rejected }
    } finally {
      services.inFlight.count--
    }
  },
})

const judge = (services: Services, body: Buffer, mediaType: 'json' | 'ndjson'): ReturnType<typeof judgeBatch> => {
  try {
    return judgeBatch(body, mediaType)
  } catch (error) {
    services.metrics.ingestRefused('malformed')
    throw error
  }
}
