import { parseDuration } from '@parapet/core'
import { usageError } from '../errors.js'

const DATE = /^\d{4}-\d{2}-\d{2}(?:[T ]\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2})?)?$/

/** Reads `24h` (that long before `now`) or `2026-11-21`, `2026-11-21 08:00` (UTC unless it names a zone) as ms UTC. */
export const readMoment = (option: string, text: string, now: number): number => {
  const ago = parseDuration(text)
  if (ago !== undefined) return now - ago
  const iso = text.replace(' ', 'T')
  const moment = DATE.test(text) ? Date.parse(/(?:Z|[+-]\d{2}:\d{2})$/.test(iso) || !iso.includes('T') ? iso : `${iso}Z`) : Number.NaN
  if (Number.isNaN(moment)) throw usageError(`${option} takes a duration such as 24h, or a date such as 2026-11-21 or "2026-11-21 08:00"`)
  return moment
}
