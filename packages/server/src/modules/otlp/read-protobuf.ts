import { readFields } from './protobuf.js'
import { OTLP_DEPTH, type OtlpAttributes, type OtlpRecord, type OtlpValue } from './types.js'

const text = new TextDecoder('utf-8')
const asText = (value: bigint | Uint8Array): string => (typeof value === 'bigint' ? '' : text.decode(value))
const asBytes = (value: bigint | Uint8Array): Uint8Array => (typeof value === 'bigint' ? new Uint8Array() : value)
const asNumber = (value: bigint | Uint8Array): bigint => (typeof value === 'bigint' ? value : 0n)
const hex = (value: bigint | Uint8Array): string => Buffer.from(asBytes(value)).toString('hex')

const doubleOf = (bits: bigint): number => {
  const view = new DataView(new ArrayBuffer(8))
  view.setBigUint64(0, bits)
  return view.getFloat64(0)
}

const readValue = (bytes: Uint8Array, depth: number): OtlpValue => {
  if (depth > OTLP_DEPTH) return null
  let out: OtlpValue = null
  for (const { number, value } of readFields(bytes)) {
    if (number === 1) out = asText(value)
    else if (number === 2) out = asNumber(value) !== 0n
    else if (number === 3) out = Number(BigInt.asIntN(64, asNumber(value)))
    else if (number === 4) out = doubleOf(asNumber(value))
    else if (number === 5)
      out = [...readFields(asBytes(value))].filter((each) => each.number === 1).map((each) => readValue(asBytes(each.value), depth + 1))
    else if (number === 6) out = Object.fromEntries(readAttributes(asBytes(value), 1, depth + 1))
    else if (number === 7) out = Buffer.from(asBytes(value)).toString('base64')
  }
  return out
}

const readKeyValue = (bytes: Uint8Array, depth: number): [string, OtlpValue] => {
  let key = ''
  let out: OtlpValue = null
  for (const { number, value } of readFields(bytes)) {
    if (number === 1) key = asText(value)
    else if (number === 2) out = readValue(asBytes(value), depth)
  }
  return [key, out]
}

const readAttributes = (bytes: Uint8Array, field: number, depth: number): OtlpAttributes =>
  new Map([...readFields(bytes)].filter(({ number }) => number === field).map(({ value }) => readKeyValue(asBytes(value), depth)))

const readRecord = (bytes: Uint8Array, resource: OtlpAttributes): OtlpRecord => {
  const record = {
    resource,
    timeNs: 0n,
    observedNs: 0n,
    severity: 0,
    severityText: '',
    body: null as OtlpValue,
    attributes: readAttributes(bytes, 6, 1),
    traceId: '',
    spanId: '',
    eventName: '',
  }
  for (const { number, value } of readFields(bytes)) {
    if (number === 1) record.timeNs = asNumber(value)
    else if (number === 2) record.severity = Number(asNumber(value) & 0xffn)
    else if (number === 3) record.severityText = asText(value)
    else if (number === 5) record.body = readValue(asBytes(value), 1)
    else if (number === 9) record.traceId = hex(value)
    else if (number === 10) record.spanId = hex(value)
    else if (number === 11) record.observedNs = asNumber(value)
    else if (number === 12) record.eventName = asText(value)
  }
  return record
}

/** The records of an `ExportLogsServiceRequest` in protobuf, in order. Throws `PPT_BODY_MALFORMED`. */
export const readOtlpProtobuf = function* (body: Uint8Array): Generator<OtlpRecord, void, undefined> {
  for (const logs of readFields(body)) {
    if (logs.number !== 1) continue
    const parts = [...readFields(asBytes(logs.value))]
    const last = parts.findLast(({ number }) => number === 1)
    const resource: OtlpAttributes = last === undefined ? new Map() : readAttributes(asBytes(last.value), 1, 1)
    for (const scope of parts) {
      if (scope.number !== 2) continue
      for (const record of readFields(asBytes(scope.value))) if (record.number === 2) yield readRecord(asBytes(record.value), resource)
    }
  }
}
