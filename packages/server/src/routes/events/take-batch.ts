import { type IngestResult, ParapetError } from '@parapet/core'
import type { FastifyRequest } from 'fastify'
import type { Services } from '../../app/services.js'
import type { JudgedBatch } from '../../http/ingest-body.js'
import type { Principal } from '../../http/principal.js'

/** Seconds that a sender should wait when we are behind, spread so that not all come back at once. */
const backpressure = (services: Services): ParapetError => {
  services.metrics.ingestRefused('backpressure')
  return Object.assign(new ParapetError('PPT_BACKPRESSURE'), { retryAfterSeconds: 1 + (services.inFlight.count % 3) })
}

const assertRoom = (services: Services): void => {
  const { batchesInFlight, maxLagEvents } = services.config.ingest
  if (services.inFlight.count >= batchesInFlight || services.detection.lag().events >= maxLagEvents) throw backpressure(services)
}

/** JSON or NDJSON, as the sender says. */
export const mediaTypeOf = (request: FastifyRequest): 'json' | 'ndjson' =>
  request.headers['content-type']?.toLowerCase().startsWith('application/x-ndjson') === true ? 'ndjson' : 'json'

/**
 * What all doors of HTTP do with a batch: room is asked for, `judge` reads the bytes, and what is good is durable before this resolves.
 * Errors: `PPT_FORBIDDEN` for a token that is no source's, `PPT_BODY_MALFORMED`, `PPT_BODY_TOO_LARGE`, `PPT_BACKPRESSURE`.
 */
export const takeBatch = async (
  { services, principal, body }: { readonly services: Services; readonly principal: Principal; readonly body: unknown },
  judge: (body: Buffer) => JudgedBatch,
): Promise<IngestResult> => {
  if (principal.kind !== 'token' || principal.source === undefined)
    throw new ParapetError('PPT_FORBIDDEN', "events are sent with a source's own token")
  if (!Buffer.isBuffer(body)) throw new ParapetError('PPT_BODY_MALFORMED', 'the body is empty')
  assertRoom(services)
  // from here to the answer this batch is in flight: what is judged is what waits
  services.inFlight.count++
  try {
    const receivedAt = services.clock()
    let batch: JudgedBatch
    try {
      batch = judge(body)
    } catch (error) {
      services.metrics.ingestRefused('malformed')
      throw error
    }
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
}
