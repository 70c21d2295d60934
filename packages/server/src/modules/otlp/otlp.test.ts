import { isParapetError } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readOtlpLogs, writeOtlpAnswer } from './index.js'
import { bytesField, readFields, varintField } from './protobuf.js'

const NOW = 1_790_000_000_000
const NS = '1790000000000123456'

type Any = string | boolean | number | bigint | Any[] | { readonly [key: string]: Any }
const text = (value: string): Uint8Array => Buffer.from(value, 'utf8')
const fixed64 = (number: number, value: bigint): Uint8Array => {
  const bytes = Buffer.alloc(9)
  bytes[0] = number * 8 + 1
  bytes.writeBigUInt64LE(value, 1)
  return bytes
}
const anyValue = (value: Any): Uint8Array => {
  if (typeof value === 'string') return bytesField(1, text(value))
  if (typeof value === 'boolean') return varintField(2, value ? 1 : 0)
  if (typeof value === 'bigint') return varintField(3, Number(value))
  if (typeof value === 'number') {
    const bytes = Buffer.alloc(9)
    bytes[0] = 4 * 8 + 1
    bytes.writeDoubleLE(value, 1)
    return bytes
  }
  if (Array.isArray(value)) return bytesField(5, Buffer.concat(value.map((each) => bytesField(1, anyValue(each)))))
  return bytesField(6, attributes(value, 1))
}
const attributes = (map: Readonly<Record<string, Any>>, field: number): Uint8Array =>
  Buffer.concat(
    Object.entries(map).map(([key, value]) => bytesField(field, Buffer.concat([bytesField(1, text(key)), bytesField(2, anyValue(value))]))),
  )

type Sent = {
  resource?: Record<string, Any>
  attributes?: Record<string, Any>
  body?: Any
  time?: string
  severity?: number
  name?: string
  trace?: string
}
const protobuf = (records: readonly Sent[]): Buffer =>
  Buffer.concat(
    records.map(({ resource = {}, attributes: own = {}, body, time = NS, severity, name, trace }) => {
      const record = [
        fixed64(1, BigInt(time)),
        attributes(own, 6),
        ...(body === undefined ? [] : [bytesField(5, anyValue(body))]),
        ...(severity === undefined ? [] : [varintField(2, severity)]),
        ...(name === undefined ? [] : [bytesField(12, text(name))]),
        ...(trace === undefined ? [] : [bytesField(9, Buffer.from(trace, 'hex'))]),
      ]
      const scope = bytesField(2, Buffer.concat([bytesField(1, bytesField(1, text('library'))), bytesField(2, Buffer.concat(record))]))
      return bytesField(1, Buffer.concat([bytesField(1, attributes(resource, 1)), scope, bytesField(3, text('https://schema'))]))
    }),
  )
const jsonValue = (value: Any): unknown => {
  if (typeof value === 'string') return { stringValue: value }
  if (typeof value === 'boolean') return { boolValue: value }
  if (typeof value === 'bigint') return { intValue: String(value) }
  if (typeof value === 'number') return { doubleValue: value }
  if (Array.isArray(value)) return { arrayValue: { values: value.map(jsonValue) } }
  return { kvlistValue: { values: jsonAttributes(value) } }
}
const jsonAttributes = (map: Readonly<Record<string, Any>>): unknown[] =>
  Object.entries(map).map(([key, value]) => ({ key, value: jsonValue(value) }))
const json = (records: readonly Sent[]): Buffer =>
  Buffer.from(
    JSON.stringify({
      resourceLogs: records.map(({ resource = {}, attributes: own = {}, body, time = NS, severity, name, trace }) => ({
        resource: { attributes: jsonAttributes(resource) },
        scopeLogs: [
          {
            scope: { name: 'library' },
            logRecords: [
              {
                timeUnixNano: time,
                attributes: jsonAttributes(own),
                ...(body === undefined ? {} : { body: jsonValue(body) }),
                ...(severity === undefined ? {} : { severityNumber: severity }),
                ...(name === undefined ? {} : { eventName: name }),
                ...(trace === undefined ? {} : { traceId: trace }),
              },
            ],
          },
        ],
        schemaUrl: 'https://schema',
      })),
    }),
  )
const both = (records: readonly Sent[]) => {
  const asJson = readOtlpLogs(json(records), 'json', NOW)
  expect(readOtlpLogs(protobuf(records), 'protobuf', NOW)).toEqual(asJson)
  return asJson
}
const eventOf = (record: Sent): Record<string, unknown> => {
  const [candidate] = both([record])
  if (candidate === undefined || !('value' in candidate)) throw new Error(JSON.stringify(candidate))
  return candidate.value as Record<string, unknown>
}

describe('a record of OpenTelemetry', () => {
  it('is an event: attributes of resource and record as fields, conventions as ECS, the body as message, alike in both encodings', () => {
    const event = eventOf({
      resource: { 'service.name': 'shop', 'host.name': 'web-1' },
      attributes: {
        'client.address': '203.0.113.7',
        'enduser.id': 'u-7',
        'http.request.method': 'POST',
        'http.response.status_code': 401n,
        'url.full': '/login?a=1',
        'user_agent.original': 'curl/8',
        ratio: 0.5,
        retried: true,
        tags: ['a', 'b'],
        nested: { deep: { er: 'x' } },
      },
      body: 'sign-in refused',
      severity: 13,
      name: 'login',
      trace: '0af7651916cd43dd8448eb211c80319c',
    })
    expect(event).toEqual({
      '@timestamp': NOW,
      'event.id': expect.stringMatching(/^otlp-[0-9a-f]{40}$/),
      'service.name': 'shop',
      'host.name': 'web-1',
      'source.ip': '203.0.113.7',
      'user.id': 'u-7',
      'http.request.method': 'POST',
      'http.response.status_code': 401,
      'url.original': '/login?a=1',
      'user_agent.original': 'curl/8',
      ratio: 0.5,
      retried: true,
      tags: ['a', 'b'],
      'nested.deep.er': 'x',
      'event.action': 'login',
      message: 'sign-in refused',
      'log.level': 'warn',
      'trace.id': '0af7651916cd43dd8448eb211c80319c',
      'event.dataset': 'otlp',
      'event.category': 'web',
    })
  })

  it('with the name of a format is a line of it', () => {
    const line = '198.18.0.1 - - [20/Nov/2026:10:00:00 +0000] "GET /.env HTTP/1.1" 404 10 "-" "curl/8"'
    expect(eventOf({ resource: { 'parapet.format': 'nginx.access' }, body: line })).toMatchObject({
      'event.dataset': 'nginx.access',
      'source.ip': '198.18.0.1',
      'url.path': '/.env',
      'event.id': expect.any(String),
    })
    expect(both([{ attributes: { 'parapet.format': 'nginx.access' }, body: 'nonsense' }])).toEqual([
      { malformed: 'body: no line of nginx.access' },
    ])
    expect(both([{ attributes: { 'parapet.format': 'no-such' }, body: line }])).toEqual([
      { malformed: expect.stringContaining('known are') },
    ])
    expect(both([{ attributes: { 'parapet.format': 'nginx.access' }, body: { a: 'b' } }])).toEqual([
      { malformed: 'body: a format reads text' },
    ])
  })

  it('counts once however often it is sent when its time tells it apart, and every time when it does not', () => {
    const [first, again] = [eventOf({ body: 'x' }), eventOf({ body: 'x' })]
    expect(again['event.id']).toBe(first['event.id'])
    expect(eventOf({ body: 'y' })['event.id']).not.toBe(first['event.id'])
    expect(eventOf({ body: 'x', time: '1790000000001123456' })['event.id']).not.toBe(first['event.id'])
    expect(eventOf({ body: 'x', time: '1790000000000000000' })['event.id']).toBeUndefined()
    expect(eventOf({ body: 'x', time: '0' })).toMatchObject({ '@timestamp': NOW })
  })

  it('brings no address that is none, no name that is none, and no more than an event may hold', () => {
    const many = Object.fromEntries(Array.from({ length: 300 }, (_, i) => [`a${i}`, 'x']))
    const event = eventOf({
      attributes: { 'client.address': '/var/run/app.sock', '@timestamp': 'x', 'bad\nname': 'x', constructor: 'x', ...many },
    })
    expect(event['source.ip']).toBeUndefined()
    expect(event['@timestamp']).toBe(NOW)
    expect(Object.keys(event)).not.toContain('bad\nname')
    expect(Object.hasOwn(event, 'constructor')).toBe(false)
    expect(Object.keys(event).length).toBeLessThanOrEqual(134)
    expect(String(eventOf({ body: 'm'.repeat(100_000) })['message'])).toHaveLength(8_192)
  })
})

/** Read into candidates, or refused with the code for it. */
const outcomeOf = (bytes: Uint8Array, encoding: 'json' | 'protobuf'): string => {
  try {
    return readOtlpLogs(bytes, encoding, NOW).every((candidate) => 'value' in candidate || 'malformed' in candidate)
      ? 'as it should'
      : 'no candidate'
  } catch (error) {
    return isParapetError(error) && error.code === 'PPT_BODY_MALFORMED' ? 'as it should' : String(error)
  }
}

describe('the bytes of a request', () => {
  it('are read or refused, never more: any bytes as protobuf', () => {
    const valid = protobuf([{ attributes: { a: 'b', c: [1, 'x'] }, body: { d: 'e' } }])
    const mutated = fc.tuple(fc.nat(valid.length - 1), fc.nat(255)).map(([at, byte]) => {
      const bytes = Buffer.from(valid)
      bytes[at] = byte
      return bytes
    })
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 200 }),
          mutated,
          fc.nat(valid.length).map((n) => valid.subarray(0, n)),
        ),
        (bytes) => {
          expect(outcomeOf(bytes, 'protobuf')).toBe('as it should')
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('are read or refused, never more: any JSON', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 6 }), fc.json({ maxDepth: 4 }), (value, inner) => {
        for (const body of [
          value,
          `{"resourceLogs":${value}}`,
          `{"resourceLogs":[{"resource":${inner},"scopeLogs":[{"logRecords":[${inner},{"body":${inner},"attributes":[{"key":"a","value":${inner}}]}]}]}]}`,
        ])
          expect(outcomeOf(Buffer.from(body), 'json')).toBe('as it should')
      }),
    )
  })

  it('cannot nest without an end', () => {
    let value: Uint8Array = bytesField(1, text('x'))
    for (let depth = 0; depth < 3_000; depth++) value = bytesField(5, bytesField(1, value))
    const record = Buffer.concat([fixed64(1, BigInt(NS)), bytesField(5, value)])
    const request = bytesField(1, bytesField(2, bytesField(2, record)))
    expect(readOtlpLogs(request, 'protobuf', NOW)).toHaveLength(1)
  })
})

describe('the answer', () => {
  it('says nothing when all was taken, and how many were not and why when some were not', () => {
    expect(writeOtlpAnswer([], 'json')).toBe('{}')
    expect(writeOtlpAnswer([], 'protobuf')).toHaveLength(0)
    const rejected = [{ detail: 'body: no line of auth' }, { detail: 'other' }]
    expect(JSON.parse(String(writeOtlpAnswer(rejected, 'json')))).toEqual({
      partialSuccess: { rejectedLogRecords: '2', errorMessage: 'body: no line of auth' },
    })
    const [partial] = [...readFields(writeOtlpAnswer(rejected, 'protobuf') as Buffer)]
    const fields = [...readFields(partial?.value as Uint8Array)]
    expect(fields[0]).toEqual({ number: 1, value: 2n })
    expect(Buffer.from(fields[1]?.value as Uint8Array).toString()).toBe('body: no line of auth')
  })
})
