import type { FieldValue, SecurityEvent } from '@parapet/core'

/** Fields of a table that say nothing about what happened, or say all of it at once. */
const NOT_TELLING = new Set(['@timestamp', 'event.id', 'event.original', 'message', 'session.id', 'source.port', 'process.pid', 'tags'])

/** Fields in the order in which an analyst reads them; others follow by name. */
const READING_ORDER = [
  'event.action',
  'event.outcome',
  'event.reason',
  'source.ip',
  'user.name',
  'user.target.name',
  'url.path',
  'url.query',
  'user_agent.original',
  'host.name',
  'service.name',
  'process.name',
  'process.command_line',
]

/** One field of an event as text, as it is compared and shown. The text is hostile. */
export const textOf = (value: FieldValue | undefined): string =>
  value === undefined || value === null ? '' : Array.isArray(value) ? value.join(', ') : String(value)

const placeOf = (field: string): number => {
  const place = READING_ORDER.indexOf(field)
  return place === -1 ? READING_ORDER.length : place
}

/** The fields of an event that hold something, in reading order. */
export const fieldsOf = (event: SecurityEvent): readonly (readonly [field: string, value: FieldValue])[] =>
  Object.entries(event)
    .flatMap(([field, value]): [string, FieldValue][] => (value === undefined || value === null || value === '' ? [] : [[field, value]]))
    .toSorted(([a], [b]) => placeOf(a) - placeOf(b) || (a < b ? -1 : 1))

/** The fields that an exception may be made of: one value each, and such that another event can have it too. */
export const exceptionFields = (event: SecurityEvent): readonly (readonly [field: string, value: string])[] =>
  fieldsOf(event).flatMap(([field, value]): [string, string][] =>
    NOT_TELLING.has(field) || Array.isArray(value) || String(value).length > 512 ? [] : [[field, String(value)]],
  )

/** Every field that some of the events have, in reading order. */
export const fieldsAmong = (events: readonly SecurityEvent[]): readonly string[] =>
  [...new Set(events.flatMap((event) => fieldsOf(event).map(([field]) => field)))].toSorted(
    (a, b) => placeOf(a) - placeOf(b) || (a < b ? -1 : 1),
  )
