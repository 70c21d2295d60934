import type { FieldValue, SecurityEvent, TopValues } from '@parapet/core'

/** Fields whose values tell what a group of alerts is about, in the order in which they are shown. */
export const TELLING_FIELDS: readonly string[] = [
  'source.ip',
  'user.name',
  'user.target.name',
  'user_agent.original',
  'url.path',
  'http.request.method',
  'http.response.status_code',
  'event.action',
  'event.outcome',
  'event.reason',
  'event.dataset',
  'host.name',
  'service.name',
  'process.name',
  'process.command_line',
  'file.path',
  'destination.ip',
  'destination.port',
  'source.geo.country_iso_code',
  'source.as.number',
  'session.id',
]

const textsOf = (value: FieldValue | undefined): string[] =>
  value === undefined || value === null || value === '' ? [] : Array.isArray(value) ? [...new Set(value.map(String))] : [String(value)]

/** Counts the values of one field; of equally frequent ones the first seen comes first. An event with a list counts for each value of it. */
export const topValues = (events: readonly SecurityEvent[], field: string, most: number): TopValues => {
  const counts = new Map<string, number>()
  for (const event of events)
    for (const value of textsOf(Object.hasOwn(event, field) ? event[field] : undefined)) counts.set(value, (counts.get(value) ?? 0) + 1)
  const values = [...counts]
    .map(([value, count]) => ({ value, count }))
    .toSorted((a, b) => b.count - a.count)
    .slice(0, most)
  return { field, values, of: events.length, distinct: counts.size }
}

/** The most frequent values of every telling field that has any. */
export const tellingValues = (events: readonly SecurityEvent[], most: number): TopValues[] =>
  TELLING_FIELDS.map((field) => topValues(events, field, most)).filter(({ values }) => values.length > 0)
