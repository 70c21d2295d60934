import { EVENT_LIMITS } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { judgeBatch } from '../../../http/ingest-body.js'
import { eventSchema, ingestResultSchema } from '../../../http/wire-schemas.js'
import { mediaTypeOf, takeBatch } from '../take-batch.js'

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
  handler: (input) => takeBatch(input, (body) => judgeBatch(body, mediaTypeOf(input.request))),
})
