import { MINUTE } from '@parapet/core'
import { isoStamp, type ReadStamp } from '../stamps.js'

/** Abbreviations of zones that a PostgreSQL writes into its log, in minutes east of UTC; of those with several meanings PostgreSQL's default. */
const ZONES: ReadonlyMap<string, number> = new Map([
  ['UTC', 0],
  ['GMT', 0],
  ['WET', 0],
  ['WEST', 60],
  ['BST', 60],
  ['IST', 120],
  ['CET', 60],
  ['CEST', 120],
  ['EET', 120],
  ['EEST', 180],
  ['MSK', 180],
  ['SAST', 120],
  ['PKT', 300],
  ['WIB', 420],
  ['HKT', 480],
  ['SGT', 480],
  ['AWST', 480],
  ['JST', 540],
  ['KST', 540],
  ['AEST', 600],
  ['AEDT', 660],
  ['NZST', 720],
  ['NZDT', 780],
  ['NST', -210],
  ['AST', -240],
  ['ADT', -180],
  ['EST', -300],
  ['EDT', -240],
  ['CST', -360],
  ['CDT', -300],
  ['MST', -420],
  ['MDT', -360],
  ['PST', -480],
  ['PDT', -420],
  ['AKST', -540],
  ['AKDT', -480],
  ['HST', -600],
  ['BRT', -180],
  ['ART', -180],
])

/** `+05`, `-03`, `+0530` as minutes; `undefined` for other text */
const numericZone = (zone: string): number | undefined => {
  const sign = zone.charCodeAt(0)
  if (sign !== 43 && sign !== 45) return undefined
  const digits = zone.slice(1).replace(':', '')
  if (digits.length !== 2 && digits.length !== 4) return undefined
  const value = Number(digits)
  if (!Number.isInteger(value)) return undefined
  const minutes = digits.length === 2 ? value * 60 : Math.floor(value / 100) * 60 + (value % 100)
  return sign === 45 ? -minutes : minutes
}

let lastZone = ''
let lastOffset = 0

/**
 * Reads `2026-11-22 11:12:13[.123] ZONE` at `at` into `into`; false for anything else. The zone is an abbreviation (`UTC`, `CET`) or an offset
 * (`+05`); one that is not known counts as `utcOffsetMinutes`.
 */
export const postgresStamp = (line: string, at: number, utcOffsetMinutes: number, into: ReadStamp): boolean => {
  if (!isoStamp(line, at, 0, into, 32) || line.charCodeAt(into.end) !== 32) return false
  let end = into.end + 1
  while (end - into.end < 7 && isZoneText(line.charCodeAt(end))) end++
  if (end === into.end + 1) return false
  const zone = line.slice(into.end + 1, end)
  if (zone !== lastZone) {
    lastOffset = ZONES.get(zone) ?? numericZone(zone) ?? Number.NaN
    lastZone = zone
  }
  into.time -= (Number.isNaN(lastOffset) ? utcOffsetMinutes : lastOffset) * MINUTE
  into.end = end
  return true
}

const isZoneText = (c: number): boolean => (c >= 65 && c <= 90) || (c >= 48 && c <= 57) || c === 43 || c === 45
