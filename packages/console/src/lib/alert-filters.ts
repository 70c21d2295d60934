import type { AlertView, Level } from '@parapet/core'

import { parseAddress } from '@parapet/core'

import { isLevel, LEVELS_DOWN } from './levels.js'

/** The time ranges the list of alerts offers, in ms; `all` has none. */
export const RANGES = { '1h': 3_600_000, '24h': 86_400_000, '7d': 604_800_000, '30d': 2_592_000_000 } as const
/** A range by its name. */
export type RangeName = keyof typeof RANGES | 'all'

/** What the list of alerts is narrowed to; it lives in the URL, so that a view can be sent to somebody. */
export type AlertFilters = { readonly level: Level | undefined; readonly text: string; readonly range: RangeName }

/** Longest text filter, in UTF-16 units. */
export const TEXT_LIMIT = 200

const isRange = (text: string | null): text is RangeName => text === 'all' || (text !== null && Object.hasOwn(RANGES, text))

/** Reads the filters from a query string; what is not known is as if it were not there. */
export const readFilters = (search: string): AlertFilters => {
  const params = new URLSearchParams(search)
  const level = params.get('level')
  const range = params.get('range')
  return {
    level: isLevel(level) ? level : undefined,
    text: (params.get('q') ?? '').slice(0, TEXT_LIMIT),
    range: isRange(range) ? range : 'all',
  }
}

/** The query string of a view, shortest form, with its `?`; empty when nothing is narrowed. */
export const writeFilters = (filters: AlertFilters): string => {
  const params = new URLSearchParams()
  if (filters.level !== undefined) params.set('level', filters.level)
  if (filters.text !== '') params.set('q', filters.text)
  if (filters.range !== 'all') params.set('range', filters.range)
  const text = params.toString()
  return text === '' ? '' : `?${text}`
}

const isAddress = (text: string): boolean => parseAddress(text.trim()) !== undefined

/** The query of `GET /v1/alerts` for a view; an address is looked up by the server, other words are matched here. `now` in ms UTC. */
export const alertQuery = (filters: AlertFilters, now: number, cursor: string | null, limit: number): string => {
  const params = new URLSearchParams({ limit: String(limit) })
  if (filters.level !== undefined) params.set('level', filters.level)
  if (isAddress(filters.text)) params.set('target', filters.text.trim())
  if (filters.range !== 'all') params.set('since', String(now - RANGES[filters.range]))
  if (cursor !== null) params.set('cursor', cursor)
  return params.toString()
}

/** True when an alert belongs into a view. `level` is a floor; `loaded`: the server has chosen it already. `now` in ms UTC. */
export const matchesFilters = (
  alert: AlertView,
  filters: AlertFilters,
  now: number,
  options: { readonly loaded: boolean } = { loaded: false },
): boolean => {
  if (filters.level !== undefined && LEVELS_DOWN.indexOf(alert.rule.level) > LEVELS_DOWN.indexOf(filters.level)) return false
  if (filters.range !== 'all' && alert.detectedAt < now - RANGES[filters.range]) return false
  // an address is matched by the server, which knows the networks it lies in
  if (filters.text === '' || (options.loaded && isAddress(filters.text))) return true
  const needle = filters.text.trim().toLowerCase()
  return [alert.rule.title, alert.rule.id, alert.why, alert.scope.value, ...alert.targets].some((text) =>
    text.toLowerCase().includes(needle),
  )
}
