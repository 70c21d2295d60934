import { EVENT_LIMITS } from '@parapet/core'
import { z } from 'zod'
import { defineRoute } from '../../../http/define-route.js'
import { judgeCandidates } from '../../../http/ingest-body.js'
import { type OtlpEncoding, readOtlpLogs, writeOtlpAnswer } from '../../../modules/otlp/index.js'
import { takeBatch } from '../take-batch.js'

/** The way in for OpenTelemetry: logs by OTLP over HTTP. */
export const ingestOtlp = defineRoute({
  id: 'ingestOtlp',
  method: 'POST',
  url: '/v1/logs',
  tag: 'events',
  summary: 'Send OpenTelemetry logs',
  description:
    "OTLP over HTTP, protobuf or JSON, plain or gzip, with a source's token as `authorization: Bearer ...`. Attributes of the resource and of the record become fields, the body the message. With the attribute `parapet.format` the body is a line of that format, such as `nginx.access`. A record whose time is finer than a millisecond counts once however often it is sent. 429 and 503 mean: keep it and send it again.",
  permission: 'events.write',
  rateLimit: 'ingest',
  audit: { action: 'events.sent', resource: 'event', when: 'refused' },
  rawBody: true,
  bodyLimit: EVENT_LIMITS.batchBytes,
  body: z.looseObject({ resourceLogs: z.array(z.looseObject({})) }).meta({ id: 'ExportLogsServiceRequest' }),
  answer: { status: 200, description: 'What was not taken, in the encoding of the request', mediaType: 'application/json' },
  handler: async (input) => {
    const { request, reply, services } = input
    const encoding: OtlpEncoding =
      request.headers['content-type']?.toLowerCase().startsWith('application/x-protobuf') === true ? 'protobuf' : 'json'
    const { rejected } = await takeBatch(input, (body) => judgeCandidates(readOtlpLogs(body, encoding, services.clock())))
    await reply.type(encoding === 'json' ? 'application/json' : 'application/x-protobuf').send(writeOtlpAnswer(rejected, encoding))
  },
})
