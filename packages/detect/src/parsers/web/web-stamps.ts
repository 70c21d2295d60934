import { HOUR, MINUTE, SECOND } from '@parapet/core'
import { NO_TIME } from '../stamps.js'

const MONTHS = 'JanFebMarAprMayJunJulAugSepOctNovDec'

/** The number of exactly `count` digits at `at`, or -1. */
const digits = (line: string, at: number, count: number): number => {
  let value = 0
  for (let i = 0; i < count; i++) {
    const c = line.charCodeAt(at + i) - 48
    if (!(c >= 0 && c <= 9)) return -1
    value = value * 10 + c
  }
  return value
}

const timeOfDay = (line: string, at: number): number => {
  const [hours, minutes, seconds] = [digits(line, at, 2), digits(line, at + 3, 2), digits(line, at + 6, 2)]
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 60) return NO_TIME
  if (line.charCodeAt(at + 2) !== 58 || line.charCodeAt(at + 5) !== 58) return NO_TIME
  return hours * HOUR + minutes * MINUTE + Math.min(seconds, 59) * SECOND
}

const day = (year: number, month: number, date: number): number => {
  if (year < 1970 || month < 1 || month > 12 || date < 1) return NO_TIME
  const time = Date.UTC(year, month - 1, date)
  // the 31st of February is the 3rd of March to Date, and no day to us
  return time < Date.UTC(year, month, 1) ? time : NO_TIME
}

const monthAt = (line: string, at: number): number => {
  const place = MONTHS.indexOf(line.slice(at, at + 3))
  return place >= 0 && place % 3 === 0 ? place / 3 + 1 : -1
}

/** Up to three digits of a fraction as ms; further ones are passed over. `at` is behind the point. */
const fraction = (line: string, at: number): number => {
  let [value, unit] = [0, 100]
  for (let i = at; unit >= 1; i++, unit /= 10) {
    const c = line.charCodeAt(i) - 48
    if (!(c >= 0 && c <= 9)) break
    value += c * unit
  }
  return value
}

/** `+0100` at `at` as ms, or `NO_TIME`. */
const zone = (line: string, at: number): number => {
  const sign = line.charCodeAt(at)
  const [hours, minutes] = [digits(line, at + 1, 2), digits(line, at + 3, 2)]
  if ((sign !== 43 && sign !== 45) || hours < 0 || hours > 14 || minutes < 0 || minutes > 59) return NO_TIME
  return (sign === 45 ? -1 : 1) * (hours * HOUR + minutes * MINUTE)
}

/**
 * `2026/11/20 03:04:05`, `2026-11-20 03:04:05[.123|,123][ +0100]` at `at`, ms UTC, or `NO_TIME`. Stamps without a zone are `utcOffsetMinutes` east of UTC.
 * Sources: nginx's error log, Gunicorn's error log, Python's `logging`.
 */
export const spacedStamp = (line: string, at: number, utcOffsetMinutes: number): number => {
  const mark = line.charCodeAt(at + 4)
  if ((mark !== 47 && mark !== 45) || line.charCodeAt(at + 7) !== mark || line.charCodeAt(at + 10) !== 32) return NO_TIME
  const time = day(digits(line, at, 4), digits(line, at + 5, 2), digits(line, at + 8, 2)) + timeOfDay(line, at + 11)
  if (!(time >= 0)) return NO_TIME
  const behind = line.charCodeAt(at + 19)
  const more = behind === 46 || behind === 44 ? fraction(line, at + 20) : 0
  const offset = behind === 32 ? zone(line, at + 20) : NO_TIME
  return time + more - (offset === NO_TIME ? utcOffsetMinutes * MINUTE : offset)
}

/** `Fri Nov 20 03:04:05.123456 2026`, the fraction may be missing, up to `end`; ms UTC, or `NO_TIME`. Source: Apache's `ErrorLogFormat`, `%t` and `%{u}t`. */
export const ctimeStamp = (line: string, at: number, end: number, utcOffsetMinutes: number): number => {
  const date = line.charCodeAt(at + 8) === 32 ? digits(line, at + 9, 1) : digits(line, at + 8, 2)
  const dotted = line.charCodeAt(at + 19) === 46
  const time = day(digits(line, end - 4, 4), monthAt(line, at + 4), date) + timeOfDay(line, at + 11)
  if (!(time >= 0) || line.charCodeAt(at + 3) !== 32 || line.charCodeAt(end - 5) !== 32 || end - at > 40) return NO_TIME
  return time + (dotted ? fraction(line, at + 20) : 0) - utcOffsetMinutes * MINUTE
}

/** `20/Nov/2026:03:04:05.123` or `20/Nov/2026 03:04:05`, without a zone, at `at`; ms UTC, or `NO_TIME`. Sources: HAProxy 8.2.3, Django's `runserver`. */
export const slashStamp = (line: string, at: number, utcOffsetMinutes: number): number => {
  const behind = line.charCodeAt(at + 11)
  if (line.charCodeAt(at + 2) !== 47 || line.charCodeAt(at + 6) !== 47 || (behind !== 58 && behind !== 32)) return NO_TIME
  const time = day(digits(line, at + 7, 4), monthAt(line, at + 3), digits(line, at, 2)) + timeOfDay(line, at + 12)
  if (!(time >= 0)) return NO_TIME
  return time + (line.charCodeAt(at + 20) === 46 ? fraction(line, at + 21) : 0) - utcOffsetMinutes * MINUTE
}

/** the end of the year 9999: no clock is right beyond it */
const LATEST = 253_402_300_800

/** How a number tells a time. `auto` goes by its size: what would be beyond the year 5138 in seconds is ms, and so on. */
export type TimeUnit = 'auto' | 's' | 'ms' | 'us' | 'ns'

const PER_SECOND: Readonly<Record<Exclude<TimeUnit, 'auto'>, number>> = { s: 1, ms: 1e3, us: 1e6, ns: 1e9 }

/** A number since 1970 as integer ms UTC, or `NO_TIME`. */
export const unixTime = (value: number, unit: TimeUnit): number => {
  const per =
    unit === 'auto' ? (value < 1e11 ? 1 : value < 1e14 ? PER_SECOND.ms : value < 1e17 ? PER_SECOND.us : PER_SECOND.ns) : PER_SECOND[unit]
  const seconds = value / per
  return seconds >= 0 && seconds < LATEST ? Math.floor(seconds * SECOND + 0.001) : NO_TIME
}
