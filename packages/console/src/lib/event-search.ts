import type { SecurityEvent } from '@parapet/core'

import { RANGES } from './alert-filters.js'
import { textOf } from './event-fields.js'

/** One condition on a field; `out` leaves events out that have the value. */
export type FieldFilter = { readonly field: string; readonly value: string; readonly out: boolean }
/** When: a range up to now by its name, or fixed ends in ms UTC. */
type SearchTime = { readonly range: keyof typeof RANGES | '15m' } | { readonly since: number; readonly until: number }

/** What the page Activity shows, whole: it lives in the URL, and a saved view is that text. */
export type EventSearch = {
  readonly filters: readonly FieldFilter[]
  readonly text: string
  readonly time: SearchTime
  readonly source: string | undefined
  /** fields shown as columns */
  readonly columns: readonly string[]
  /** fields whose top values stand open */
  readonly top: readonly string[]
}

/** The spans that the page offers, in ms. */
export const SPANS: Readonly<Record<keyof typeof RANGES | '15m', number>> = { '15m': 900_000, ...RANGES }
/** Columns when none are chosen. */
export const USUAL_COLUMNS: readonly string[] = ['source.ip', 'user.name', 'host.name']
/** Fields that the side of the page offers first. */
export const TOP_FIELDS: readonly string[] = [
  'event.action',
  'event.outcome',
  'source.ip',
  'user.name',
  'url.path',
  'user_agent.original',
  'host.name',
  'service.name',
  'process.name',
  'event.dataset',
  'http.response.status_code',
  'event.reason',
]

const LIMITS = { filters: 16, field: 128, value: 512, text: 200, columns: 8 } as const
const FIELD = /^[@A-Za-z_][\w.@-]*$/
const MAX_TIME = 8.64e15

/** True for text that may be the name of a field. */
const isField = (text: string): boolean => text.length <= LIMITS.field && FIELD.test(text)

/** The wire form of a filter: `user.name:root`, `-user.name:root`. */
export const writeFilter = (filter: FieldFilter): string => `${filter.out ? '-' : ''}${filter.field}:${filter.value}`

/** Reads `field:value` or `-field:value`; the value is all after the first colon. Undefined for anything else. */
export const readFilter = (text: string): FieldFilter | undefined => {
  const out = text.startsWith('-')
  const rest = out ? text.slice(1) : text
  const colon = rest.indexOf(':')
  if (colon <= 0) return undefined
  const field = rest.slice(0, colon)
  const value = rest.slice(colon + 1)
  return isField(field) && value !== '' && value.length <= LIMITS.value ? { field, value, out } : undefined
}

/** What somebody typed into the search: a filter when it is written as one of a known kind of field, else words. */
export const readTyped = (text: string): FieldFilter | undefined => {
  const filter = readFilter(text.trim())
  // `12:30` and `http://x` are words; fields have a dot, but for these
  return filter !== undefined && (filter.field.includes('.') || filter.field === 'message') ? filter : undefined
}

const readTime = (params: URLSearchParams): SearchTime => {
  const ends = [params.get('since'), params.get('until')].map((text) =>
    text !== null && /^\d{1,16}$/.test(text) ? Number(text) : Number.NaN,
  )
  const [since = Number.NaN, until = Number.NaN] = ends
  if (since < until && until <= MAX_TIME) return { since, until }
  const range = params.get('range') ?? ''
  return { range: Object.hasOwn(SPANS, range) ? (range as keyof typeof SPANS) : '24h' }
}

const fieldsOf = (text: string | null): readonly string[] => [...new Set((text ?? '').split(',').filter(isField))].slice(0, LIMITS.columns)

/** Reads a search from a query string; what is not known is as if it were not there. */
export const readSearch = (search: string): EventSearch => {
  const params = new URLSearchParams(search)
  const columns = fieldsOf(params.get('cols'))
  return {
    filters: params
      .getAll('f')
      .flatMap((text) => readFilter(text) ?? [])
      .slice(0, LIMITS.filters),
    text: (params.get('q') ?? '').slice(0, LIMITS.text),
    time: readTime(params),
    source: params.get('source')?.slice(0, LIMITS.field) ?? undefined,
    columns: columns.length === 0 ? USUAL_COLUMNS : columns,
    top: params.has('top') ? fieldsOf(params.get('top')) : TOP_FIELDS.slice(0, 4),
  }
}

/** The query string of a search without its `?`, shortest form; the same search has one form. */
export const writeSearch = (search: EventSearch): string => {
  const params = new URLSearchParams()
  for (const filter of search.filters) params.append('f', writeFilter(filter))
  if (search.text !== '') params.set('q', search.text)
  if ('since' in search.time) {
    params.set('since', String(search.time.since))
    params.set('until', String(search.time.until))
  } else if (search.time.range !== '24h') params.set('range', search.time.range)
  if (search.source !== undefined) params.set('source', search.source)
  if (search.columns.join(',') !== USUAL_COLUMNS.join(',')) params.set('cols', search.columns.join(','))
  if (search.top.join(',') !== TOP_FIELDS.slice(0, 4).join(',')) params.set('top', search.top.join(','))
  return params.toString()
}

/** The page of a search. */
export const activityPath = (search: EventSearch): string => {
  const query = writeSearch(search)
  return query === '' ? '/activity' : `/activity?${query}`
}

/** The ends of a search's time, ms UTC; a range ends at `now`. */
export const timeOf = (time: SearchTime, now: number): { readonly since: number; readonly until: number } =>
  'since' in time ? time : { since: now - SPANS[time.range], until: now }

/** The query that events, their histogram, their top values and their export share. `now` in ms UTC. */
export const eventQuery = (search: EventSearch, now: number): URLSearchParams => {
  const { since, until } = timeOf(search.time, now)
  const params = new URLSearchParams({ since: String(since), until: String(until) })
  for (const filter of search.filters) params.append('filter', writeFilter(filter))
  if (search.text !== '') params.set('q', search.text)
  if (search.source !== undefined) params.set('source', search.source)
  return params
}

/** A search with one filter more; the opposite of it goes, and none stands twice. */
export const withFilter = (search: EventSearch, filter: FieldFilter): EventSearch => ({
  ...search,
  filters: [...search.filters.filter((known) => known.field !== filter.field || known.value !== filter.value), filter].slice(
    -LIMITS.filters,
  ),
})

/** A search without one of its filters. */
export const withoutFilter = (search: EventSearch, filter: FieldFilter): EventSearch => ({
  ...search,
  filters: search.filters.filter((known) => writeFilter(known) !== writeFilter(filter)),
})

/** A list with a name in it if it was not, without it if it was. */
export const toggled = (list: readonly string[], name: string): readonly string[] =>
  list.includes(name) ? list.filter((known) => known !== name) : [...list, name].slice(-LIMITS.columns)

/** True when an event that is here already passes all filters. */
export const passes = (event: SecurityEvent, filters: readonly FieldFilter[]): boolean =>
  filters.every(({ field, value, out }) => (textOf(event[field]) === value) !== out)
