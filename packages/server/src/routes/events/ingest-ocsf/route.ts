import { EVENT_LIMITS } from '@parapet/core'
import { fromOcsf } from '@parapet/core/ocsf'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { type Candidate, judgeCandidates, readCandidates } from '../../../http/ingest-body.js'
import { ingestResultSchema } from '../../../http/wire-schemas.js'
import { mediaTypeOf, takeBatch } from '../take-batch.js'

const translate = (candidate: Candidate): Candidate => {
  if ('malformed' in candidate) return candidate
  const read = fromOcsf(candidate.value)
  return 'fault' in read ? { malformed: read.fault } : { value: read.event }
}

const ocsfSchema = z.looseObject({ class_uid: z.int(), time: z.int() }).meta({
  id: 'OcsfEvent',
  examples: [
    { class_uid: 3002, activity_id: 1, status_id: 2, time: 1_790_000_000_000, user: { name: 'ann' }, src_endpoint: { ip: '203.0.113.7' } },
  ],
})

/** The way in for events of the Open Cybersecurity Schema Framework. */
export const ingestOcsf = defineRoute({
  id: 'ingestOcsf',
  method: 'POST',
  url: '/v1/events/ocsf',
  tag: 'events',
  summary: 'Send events of OCSF',
  description:
    'Authentication (3002), Account Change (3001), HTTP Activity (4002), Network Activity (4001), Process Activity (1007), File System Activity (1001) and Base Event (0) of OCSF 1.x; one event, an array, or NDJSON, with the bounds of `POST /v1/events`. `metadata.uid` is the id by which an event that is sent again is known; attributes that have no field here may travel in `unmapped` under flat names.',
  permission: 'events.write',
  rateLimit: 'ingest',
  audit: { action: 'events.sent', resource: 'event', when: 'refused' },
  rawBody: true,
  bodyLimit: EVENT_LIMITS.batchBytes,
  body: z.union([ocsfSchema, z.array(ocsfSchema)]),
  answer: { status: 202, description: 'Every event is accepted, a duplicate, or rejected with its reason', schema: ingestResultSchema },
  handler: (input) => takeBatch(input, (body) => judgeCandidates(readCandidates(body, mediaTypeOf(input.request)).map(translate))),
})
