import { Ajv, type ErrorObject } from 'ajv'
import { type ErrorCode, EVENT_LIMITS, ParapetError, type SecurityEvent } from '@parapet/core'
import { z } from 'zod'
import { assertDepth, decodeText, parseJson } from './body.js'
import { describeJsonFault } from './json-fault.js'
import { eventSchema } from './wire-schemas.js'

/** An event that was not taken, by its place in the batch. */
export type RejectedEvent = { readonly index: number; readonly code: ErrorCode; readonly detail: string }

/** A batch, judged one by one: `events[i]` came at place `indexes[i]`. */
export type JudgedBatch = {
  readonly events: readonly SecurityEvent[]
  readonly indexes: readonly number[]
  readonly rejected: readonly RejectedEvent[]
}

/** Names of fields: what ECS and its relatives use. `__proto__` matches too, and is refused by name. */
const FIELD_NAME = `^[A-Za-z0-9_@.\\-/: ]{1,${EVENT_LIMITS.fieldName}}$`

const compileValidator = () => {
  const schema = {
    ...z.toJSONSchema(eventSchema, { target: 'draft-7', unrepresentable: 'any' }),
    maxProperties: EVENT_LIMITS.fields,
    propertyNames: { pattern: FIELD_NAME, not: { enum: ['__proto__', 'constructor', 'prototype'] } },
  }
  // lengths in UTF-16 units as EVENT_LIMITS counts them, and without a walk over every character
  return new Ajv({
    unicodeRegExp: false,
    unicode: false,
    allErrors: false,
    allowUnionTypes: true,
    strict: false,
    ownProperties: true,
    logger: false,
  }).compile<SecurityEvent>(schema)
}

const validate = compileValidator()

const SCALARS = 'takes text, a number, true, false, null or a list of these'

const describe = (errors: readonly ErrorObject[]): string => {
  // of the branches that a free field may take, the one that nearly fitted says more than "must be string"
  const error = errors.find(({ keyword }) => keyword !== 'type' && keyword !== 'anyOf') ?? errors[0]
  if (error === undefined) return 'not an event'
  if (errors.some(({ keyword }) => keyword === 'propertyNames')) return 'a field name is not allowed; take letters, digits and . _ - @ / :'
  const field = error.instancePath.slice(1).replaceAll('~1', '/').replaceAll('~0', '~').slice(0, EVENT_LIMITS.fieldName)
  if (error.keyword === 'required') return `${String(error.params['missingProperty'])}: is missing`
  if (field === '')
    return error.keyword === 'maxProperties' ? `an event has at most ${EVENT_LIMITS.fields} fields` : 'an event is an object of fields'
  return `${field}: ${error.keyword === 'type' && error.schemaPath.includes('additionalProperties') ? SCALARS : (error.message ?? 'not allowed')}`
}

/** An upper bound of the bytes of an event as JSON, cheap to compute. */
const roughBytes = (event: SecurityEvent): number => {
  let size = 2
  for (const key of Object.keys(event)) {
    const value = event[key]
    // an escaped control character takes six bytes
    size += key.length + 8
    if (typeof value === 'string') size += value.length * 6
    else if (Array.isArray(value)) for (const item of value) size += typeof item === 'string' ? item.length * 6 + 3 : 26
    else size += 26
  }
  return size
}

const isTooLarge = (event: SecurityEvent): boolean =>
  roughBytes(event) > EVENT_LIMITS.bytes && Buffer.byteLength(JSON.stringify(event)) > EVENT_LIMITS.bytes

const judge = (value: unknown): { event: SecurityEvent } | { code: ErrorCode; detail: string } => {
  if (!validate(value)) return { code: 'PPT_EVENT_INVALID', detail: describe(validate.errors ?? []) }
  if (isTooLarge(value)) return { code: 'PPT_EVENT_TOO_LARGE', detail: `the limit is ${EVENT_LIMITS.bytes} bytes as JSON` }
  return { event: value }
}

const assertCount = (count: number): void => {
  if (count > EVENT_LIMITS.batch) throw new ParapetError('PPT_BODY_TOO_LARGE', `a batch holds at most ${EVENT_LIMITS.batch} events`)
}

/** One entry of a batch: a value that may be an event, or why there is none. */
export type Candidate = { readonly value: unknown } | { readonly malformed: string }

const judgeAll = (items: Iterable<[number, Candidate]>): JudgedBatch => {
  const events: SecurityEvent[] = []
  const indexes: number[] = []
  const rejected: RejectedEvent[] = []
  for (const [index, item] of items) {
    const verdict = 'malformed' in item ? { code: 'PPT_EVENT_INVALID' as const, detail: item.malformed } : judge(item.value)
    if ('event' in verdict) {
      events.push(verdict.event)
      indexes.push(index)
    } else rejected.push({ index, ...verdict })
  }
  return { events, indexes, rejected }
}

const readJsonBatch = (text: string): readonly unknown[] => {
  const body = parseJson(text)
  if (Array.isArray(body)) return body
  if (typeof body !== 'object' || body === null)
    throw new ParapetError('PPT_BODY_MALFORMED', 'send an event, an array of events, or {"events": [...]}')
  const keys = Object.keys(body)
  if (keys.length === 1 && keys[0] === 'events') {
    const { events } = body as { events: unknown }
    if (!Array.isArray(events)) throw new ParapetError('PPT_BODY_MALFORMED', 'events must be an array')
    return events
  }
  return [body]
}

const parseLine = (line: string): Candidate => {
  try {
    assertDepth(line)
    return { value: JSON.parse(line) }
  } catch (error) {
    return { malformed: error instanceof ParapetError ? (error.detail ?? 'nested too deep') : describeJsonFault(line) }
  }
}

const readNdjsonBatch = (text: string): Candidate[] => {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')
  assertCount(lines.length)
  const items = lines.map(parseLine)
  // not one line is JSON: this is no NDJSON at all
  const first = items[0]
  if (first !== undefined && 'malformed' in first && items.every((item) => 'malformed' in item))
    throw new ParapetError('PPT_BODY_MALFORMED', `line 1: ${first.malformed}`)
  return items
}

/** Judges entries that somebody else has read, each by itself. Throws `PPT_BODY_TOO_LARGE` for more than a batch holds. */
export const judgeCandidates = (candidates: readonly Candidate[]): JudgedBatch => {
  assertCount(candidates.length)
  return judgeAll(candidates.entries())
}

/** The entries of a body, before they are judged: see {@link judgeBatch}. */
export const readCandidates = (body: Uint8Array, mediaType: 'json' | 'ndjson'): readonly Candidate[] => {
  const text = decodeText(body)
  return mediaType === 'ndjson' ? readNdjsonBatch(text) : readJsonBatch(text).map((value) => ({ value }))
}

/**
 * Judges a batch. JSON: an event, an array, or `{"events": [...]}`; one fault in the text refuses the whole body with its
 * position. NDJSON: lines stand alone, a bad one is refused by its place. Throws `PPT_BODY_MALFORMED`, `PPT_BODY_TOO_LARGE`.
 */
export const judgeBatch = (body: Uint8Array, mediaType: 'json' | 'ndjson'): JudgedBatch => judgeCandidates(readCandidates(body, mediaType))
