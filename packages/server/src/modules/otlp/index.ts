import { withoutUndefined } from '@parapet/core'
import type { Candidate } from '../../http/ingest-body.js'
import { bytesField, varintField } from './protobuf.js'
import { readOtlpJson } from './read-json.js'
import { readOtlpProtobuf } from './read-protobuf.js'
import { createOtlpFormats, toCandidate } from './to-event.js'

/** The two encodings of OTLP over HTTP. */
export type OtlpEncoding = 'json' | 'protobuf'

/** What a request of OTLP logs holds, as candidates for events. `now` in ms UTC. Throws `PPT_BODY_MALFORMED`. */
export const readOtlpLogs = (body: Uint8Array, encoding: OtlpEncoding, now: number): Candidate[] => {
  const formats = createOtlpFormats()
  const candidates: Candidate[] = []
  for (const record of encoding === 'json' ? readOtlpJson(body) : readOtlpProtobuf(body)) {
    const candidate = toCandidate(record, formats, now)
    if (candidate !== undefined) candidates.push(candidate)
  }
  for (const event of formats.rest()) candidates.push({ value: withoutUndefined(event) })
  return candidates
}

/** The `ExportLogsServiceResponse`: empty when everything was taken, else how many were not and why the first one was. */
export const writeOtlpAnswer = (rejected: readonly { readonly detail: string }[], encoding: OtlpEncoding): string | Buffer => {
  const why = rejected[0]?.detail
  if (encoding === 'json')
    return JSON.stringify(why === undefined ? {} : { partialSuccess: { rejectedLogRecords: String(rejected.length), errorMessage: why } })
  if (why === undefined) return Buffer.alloc(0)
  return Buffer.from(bytesField(1, Buffer.concat([varintField(1, rejected.length), bytesField(2, Buffer.from(why, 'utf8'))])))
}
