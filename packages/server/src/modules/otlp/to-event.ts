import { createHash } from 'node:crypto'
import { EVENT_LIMITS, type FieldValue, isParapetError, parseAddress, type SecurityEvent, withoutUndefined } from '@parapet/core'
import { type LineParser, openParser, parserFor } from '@parapet/detect'
import type { Candidate } from '../../http/ingest-body.js'
import type { OtlpAttributes, OtlpRecord, OtlpValue } from './types.js'

/** The attribute, of a resource or of a record, that names the format of the body: `nginx.access`, `auth`, ... */
const FORMAT = 'parapet.format'

/** Names of OpenTelemetry's semantic conventions that are others in ECS. Those that are the same in both pass as they are. */
const NAMES: ReadonlyMap<string, string> = new Map([
  ['client.address', 'source.ip'],
  ['client.port', 'source.port'],
  ['source.address', 'source.ip'],
  ['net.peer.ip', 'source.ip'],
  ['http.client_ip', 'source.ip'],
  ['destination.address', 'destination.ip'],
  ['enduser.id', 'user.id'],
  ['user.full_name', 'user.full_name'],
  ['url.full', 'url.original'],
  ['http.target', 'url.original'],
  ['http.method', 'http.request.method'],
  ['http.status_code', 'http.response.status_code'],
  ['http.user_agent', 'user_agent.original'],
  ['exception.type', 'error.type'],
  ['exception.message', 'error.message'],
  ['exception.stacktrace', 'error.stack_trace'],
  ['k8s.pod.name', 'orchestrator.resource.name'],
  ['process.command', 'process.command_line'],
])
const FIELD = /^[A-Za-z0-9_@.\-/: ]{1,128}$/
const RESERVED: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype', '@timestamp'])
/** Fields that hold numbers for the rules: a sender's text of digits is one. */
const NUMBERS: ReadonlySet<string> = new Set([
  'source.port',
  'destination.port',
  'http.response.status_code',
  'http.response.body.bytes',
  'process.pid',
])
const TEXT_LIMIT = EVENT_LIMITS.text

/** Severity numbers 1 to 24 in six steps of four. Source: OpenTelemetry logs data model. */
const LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal'] as const

const cut = (text: string): string => (text.length > TEXT_LIMIT ? text.slice(0, TEXT_LIMIT) : text)
const isScalar = (value: OtlpValue): value is string | number | boolean => value !== null && typeof value !== 'object'
const isMap = (value: OtlpValue): value is { readonly [key: string]: OtlpValue } =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const put = (event: SecurityEvent, name: string, value: OtlpValue): void => {
  const field = NAMES.get(name) ?? name
  if (Object.keys(event).length >= EVENT_LIMITS.fields || !FIELD.test(field) || RESERVED.has(field) || name === FORMAT) return
  if (isMap(value)) {
    for (const [key, inner] of Object.entries(value)) put(event, `${name}.${key}`, inner)
    return
  }
  // the address of a client may be a host name or the path of a socket: rules count addresses
  if (field === 'source.ip' && (typeof value !== 'string' || parseAddress(value) === undefined)) return
  if (Array.isArray(value)) event[field] = value.filter(isScalar).slice(0, EVENT_LIMITS.items) as FieldValue
  else if (typeof value === 'string') event[field] = NUMBERS.has(field) && /^\d{1,15}$/.test(value) ? Number(value) : cut(value)
  else if (typeof value === 'number' ? Number.isFinite(value) : true) event[field] = value as FieldValue
}

const bodyText = (body: OtlpValue): string | undefined => {
  if (typeof body === 'string') return body
  return isScalar(body) ? String(body) : undefined
}

/**
 * An id that a record which is sent again has as well. Only times finer than a millisecond tell two records that say the same apart from one
 * that came twice; with coarser ones every arrival counts.
 */
const idOf = (record: OtlpRecord, time: bigint): string | undefined => {
  if (time % 1_000_000n === 0n) return undefined
  const { resource, attributes, body, eventName, spanId, traceId } = record
  const said = JSON.stringify([[...resource], [...attributes], body, eventName, spanId, traceId, String(time)])
  return `otlp-${createHash('sha256').update(said).digest('hex').slice(0, 40)}`
}

const attribute = (record: OtlpRecord, name: string): OtlpValue | undefined => record.attributes.get(name) ?? record.resource.get(name)

/** Parsers of one request: formats that join lines get one of their own for each resource. */
export type OtlpFormats = {
  readonly of: (record: OtlpRecord) => LineParser | { readonly malformed: string } | undefined
  readonly rest: () => SecurityEvent[]
}

/** Creates the parsers for the records of one request. */
export const createOtlpFormats = (): OtlpFormats => {
  const opened = new Map<OtlpAttributes, Map<string, LineParser>>()
  return {
    of: (record) => {
      const name = attribute(record, FORMAT)
      if (name === undefined) return undefined
      if (typeof name !== 'string') return { malformed: `${FORMAT}: takes a name` }
      const ofResource = opened.get(record.resource) ?? new Map<string, LineParser>()
      opened.set(record.resource, ofResource)
      const known = ofResource.get(name)
      if (known !== undefined) return known
      try {
        const parser = openParser(parserFor(name))
        ofResource.set(parser.name, parser)
        return parser
      } catch (error) {
        return { malformed: `${FORMAT}: ${isParapetError(error) ? (error.detail ?? error.code) : 'not known'}` }
      }
    },
    rest: () => {
      const events: SecurityEvent[] = []
      for (const parsers of opened.values())
        for (const { flush } of parsers.values()) for (let event = flush?.(); event !== undefined; event = flush?.()) events.push(event)
      return events
    },
  }
}

/**
 * One record as a candidate for an event. With the attribute `parapet.format` its body is a line of that format; else attributes become
 * fields, the body the message and the event's name the action. `now` is the receipt, ms UTC. `undefined` for a line that makes no event.
 */
export const toCandidate = (record: OtlpRecord, formats: OtlpFormats, now: number): Candidate | undefined => {
  const time = record.timeNs === 0n ? record.observedNs : record.timeNs
  const at = time === 0n ? now : Number(time / 1_000_000n)
  const id = idOf(record, time)
  const parser = formats.of(record)
  const text = bodyText(record.body)
  if (parser !== undefined) {
    if ('malformed' in parser) return parser
    if (text === undefined) return { malformed: 'body: a format reads text' }
    const event = parser.parse(text, { now: Math.max(at, now) })
    if (event === undefined)
      return parser.isForeign(text) || parser.flush !== undefined ? undefined : { malformed: `body: no line of ${parser.name}` }
    return { value: { ...withoutUndefined(event), ...(id === undefined ? {} : { 'event.id': id }) } }
  }
  const event: SecurityEvent = { '@timestamp': at }
  if (id !== undefined) event['event.id'] = id
  for (const [name, value] of record.resource) put(event, name, value)
  for (const [name, value] of record.attributes) put(event, name, value)
  if (record.eventName !== '') event['event.action'] ??= cut(record.eventName)
  if (text !== undefined) event.message ??= cut(text)
  else if (isMap(record.body)) for (const [name, value] of Object.entries(record.body)) put(event, name, value)
  const level = record.severity >= 1 && record.severity <= 24 ? LEVELS[Math.floor((record.severity - 1) / 4)] : undefined
  if (level !== undefined) event['log.level'] ??= level
  if (record.traceId !== '') event['trace.id'] ??= cut(record.traceId)
  if (record.spanId !== '') event['span.id'] ??= cut(record.spanId)
  event['event.dataset'] ??= 'otlp'
  event['event.category'] ??= event['http.request.method'] === undefined ? 'application' : 'web'
  if (event['event.category'] === 'web') event['event.action'] ??= 'http-request'
  return { value: event }
}
