import { isRecord, ParapetError } from '@parapet/core'
import { decodeText, parseJson } from '../../http/body.js'
import { OTLP_DEPTH, type OtlpAttributes, type OtlpRecord, type OtlpValue } from './types.js'

type Json = Readonly<Record<string, unknown>>
const listOf = (value: unknown, key: string): readonly Json[] => {
  const list = isRecord(value) ? value[key] : undefined
  return Array.isArray(list) ? list.filter(isRecord) : []
}
const textOf = (value: unknown): string => (typeof value === 'string' ? value : '')

/** 64-bit numbers stand as text in the JSON of protobuf, and as numbers where senders do not know that. */
const bigOf = (value: unknown): bigint => {
  if (typeof value === 'string' && /^\d{1,20}$/.test(value)) return BigInt(value)
  return typeof value === 'number' && Number.isFinite(value) && value >= 0 ? BigInt(Math.trunc(value)) : 0n
}

const readValue = (value: unknown, depth: number): OtlpValue => {
  if (!isRecord(value) || depth > OTLP_DEPTH) return null
  const { stringValue, boolValue, intValue, doubleValue, arrayValue, kvlistValue, bytesValue } = value
  if (typeof stringValue === 'string') return stringValue
  if (typeof boolValue === 'boolean') return boolValue
  if (intValue !== undefined) return typeof intValue === 'string' || typeof intValue === 'number' ? Number(intValue) : null
  if (typeof doubleValue === 'number') return doubleValue
  if (arrayValue !== undefined) return listOf(arrayValue, 'values').map((each) => readValue(each, depth + 1))
  if (kvlistValue !== undefined) return Object.fromEntries(readAttributes(kvlistValue, 'values', depth + 1))
  return typeof bytesValue === 'string' ? bytesValue : null
}

const readAttributes = (value: unknown, key: string, depth: number): OtlpAttributes =>
  new Map(listOf(value, key).map((each): [string, OtlpValue] => [textOf(each['key']), readValue(each['value'], depth)]))

/** The records of an `ExportLogsServiceRequest` in the JSON encoding of protobuf, in order. Throws `PPT_BODY_MALFORMED`. */
export const readOtlpJson = function* (body: Uint8Array): Generator<OtlpRecord, void, undefined> {
  const request = parseJson(decodeText(body))
  if (!isRecord(request)) throw new ParapetError('PPT_BODY_MALFORMED', 'send {"resourceLogs": [...]}')
  for (const logs of listOf(request, 'resourceLogs')) {
    const resource = readAttributes(logs['resource'], 'attributes', 1)
    for (const scope of listOf(logs, 'scopeLogs'))
      for (const record of listOf(scope, 'logRecords'))
        yield {
          resource,
          timeNs: bigOf(record['timeUnixNano']),
          observedNs: bigOf(record['observedTimeUnixNano']),
          severity: Number(bigOf(record['severityNumber'])),
          severityText: textOf(record['severityText']),
          body: readValue(record['body'], 1),
          attributes: readAttributes(record, 'attributes', 1),
          traceId: textOf(record['traceId']),
          spanId: textOf(record['spanId']),
          eventName: textOf(record['eventName']),
        }
  }
}
