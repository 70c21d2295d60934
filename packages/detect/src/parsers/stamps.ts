import { DAY, HOUR, MINUTE, SECOND } from '@parapet/core'

/** What the stamp readers give for text that is no stamp. */
export const NO_TIME: number = Number.NEGATIVE_INFINITY

/** Days from 1970-01-01 of a date in the Gregorian calendar, for years from 0 on. Source: Howard Hinnant, "chrono-compatible low-level date algorithms". */
const daysOf = (year: number, month: number, day: number): number => {
  const y = month <= 2 ? year - 1 : year
  const era = (y / 400) | 0
  const yearOfEra = y - era * 400
  const dayOfYear = (((153 * (month > 2 ? month - 3 : month + 9) + 2) / 5) | 0) + day - 1
  return era * 146_097 + yearOfEra * 365 + ((yearOfEra / 4) | 0) - ((yearOfEra / 100) | 0) + dayOfYear - 719_468
}

const isLeap = (year: number): boolean => year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0)

const LENGTHS = [0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]

const isDate = (year: number, month: number, day: number): boolean =>
  month >= 1 && month <= 12 && day >= 1 && day <= (month === 2 && !isLeap(year) ? 28 : (LENGTHS[month] ?? 0))

/** the end of the year 9999: no clock is right beyond it */
const LATEST = 253_402_300_800_000

let yearFrom = 0
let yearTo = 0
let yearKnown = 1970

/** The year of a time; the last answer is kept, since lines come in order. */
const yearOf = (time: number): number => {
  if (time < yearFrom || time >= yearTo) {
    yearKnown = new Date(time).getUTCFullYear()
    yearFrom = Date.UTC(yearKnown, 0, 1)
    yearTo = Date.UTC(yearKnown + 1, 0, 1)
  }
  return yearKnown
}

/**
 * The time of a stamp that names no year: the last year in which it is not more than a day after `now` (clocks differ)
 * and in which the day exists. So a log that runs from December into January is read right, as is a line
 * of 31 December that is read on 1 January, and 29 February. `NO_TIME` when no such year is near.
 */
export const inferYear = (month: number, day: number, timeOfDay: number, now: number): number => {
  const latest = now + DAY
  if (!(latest >= 0 && latest < LATEST)) return NO_TIME
  let year = yearOf(latest)
  for (let tries = 0; tries < 10; tries++, year--) {
    if (!isDate(year, month, day)) continue
    const time = daysOf(year, month, day) * DAY + timeOfDay
    if (time <= latest) return time
  }
  return NO_TIME
}

/** far below zero, so that sums with it stay below: whole numbers keep the readers fast where NaN would not */
const BAD = -1_000_000_000

const digit = (line: string, at: number): number => {
  const c = line.charCodeAt(at) - 48
  return c >= 0 && c <= 9 ? c : BAD
}

const two = (line: string, at: number): number => {
  const tens = line.charCodeAt(at) - 48
  const ones = line.charCodeAt(at + 1) - 48
  return tens >= 0 && tens <= 9 && ones >= 0 && ones <= 9 ? tens * 10 + ones : BAD
}

/** `HH:MM:SS` as ms of the day; a leap second counts as the second before it. Negative for anything else. */
const clockAt = (line: string, at: number): number => {
  const hours = two(line, at)
  const minutes = two(line, at + 3)
  const seconds = two(line, at + 6)
  if (hours < 0 || hours > 23 || minutes < 0 || minutes > 59 || seconds < 0 || seconds > 60) return BAD
  if (line.charCodeAt(at + 2) !== 58 || line.charCodeAt(at + 5) !== 58) return BAD
  return hours * HOUR + minutes * MINUTE + (seconds === 60 ? 59 : seconds) * SECOND
}

const MONTHS: ReadonlyMap<number, number> = new Map(
  ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'].map((name, index) => [
    (name.charCodeAt(0) << 16) | (name.charCodeAt(1) << 8) | name.charCodeAt(2),
    index + 1,
  ]),
)

const monthAt = (line: string, at: number): number =>
  MONTHS.get((line.charCodeAt(at) << 16) | (line.charCodeAt(at + 1) << 8) | line.charCodeAt(at + 2)) ?? 0

/** How long a `Nov  5 03:04:05` is. */
export const SYSLOG_STAMP = 15

/** The time of `Nov  5 03:04:05` at `at`, ms UTC, or `NO_TIME`. Source: RFC 3164, 4.1.2. */
export const syslogStamp = (line: string, at: number, now: number, utcOffsetMinutes: number): number => {
  const month = monthAt(line, at)
  const tens = line.charCodeAt(at + 4) === 32 ? 0 : digit(line, at + 4) * 10
  const day = tens + digit(line, at + 5)
  const time = clockAt(line, at + 7)
  if (month === 0 || day < 1 || time < 0 || line.charCodeAt(at + 3) !== 32 || line.charCodeAt(at + 6) !== 32) return NO_TIME
  const offset = utcOffsetMinutes * MINUTE
  return inferYear(month, day, time, now + offset) - offset
}

/** The time of `05/Nov/2026:03:04:05 +0100` at `at` (26 characters), ms UTC, or `NO_TIME`. Source: nginx `$time_local`. */
export const commonLogStamp = (line: string, at: number): number => {
  // lines come in order: all but the seconds was read for the line before
  const seconds = two(line, at + 18)
  if (seconds >= 0 && seconds < 60 && isKnownMinute(line, at)) return minuteTime + seconds * SECOND
  const time = readCommonLogStamp(line, at)
  if (time !== NO_TIME) {
    for (let i = 0; i < COMMON_STAMP; i++) known[i] = line.charCodeAt(at + i)
    minuteTime = time - Math.min(59, seconds) * SECOND
  }
  return time
}

const COMMON_STAMP = 26
const known = new Uint16Array(COMMON_STAMP)
let minuteTime = 0

/** True when the stamp is the newest one that was read, but for its seconds. Character by character: a slice to compare costs four times as much. */
const isKnownMinute = (line: string, at: number): boolean => {
  // from the right of each half: what differs first stands there
  for (let i = 17; i >= 0; i--) if (line.charCodeAt(at + i) !== known[i]) return false
  for (let i = 20; i < COMMON_STAMP; i++) if (line.charCodeAt(at + i) !== known[i]) return false
  return true
}

const readCommonLogStamp = (line: string, at: number): number => {
  const day = two(line, at)
  const month = monthAt(line, at + 3)
  const year = two(line, at + 7) * 100 + two(line, at + 9)
  const time = clockAt(line, at + 12)
  const offset = offsetAt(line, at + 21, false)
  if (time < 0 || year < 1970 || offset === NO_TIME || !isDate(year, month, day)) return NO_TIME
  if (line.charCodeAt(at + 2) !== 47 || line.charCodeAt(at + 6) !== 47 || line.charCodeAt(at + 11) !== 58) return NO_TIME
  return daysOf(year, month, day) * DAY + time - offset
}

/** `+0100`, or `+01:00` with `colon`, as ms; `NO_TIME` for anything else. */
const offsetAt = (line: string, at: number, colon: boolean): number => {
  const sign = line.charCodeAt(at)
  const hours = two(line, at + 1)
  const minutes = two(line, at + (colon ? 4 : 3))
  if ((sign !== 43 && sign !== 45) || hours < 0 || hours > 14 || minutes < 0 || minutes > 59) return NO_TIME
  const offset = hours * HOUR + minutes * MINUTE
  return sign === 45 ? -offset : offset
}

/** A stamp that was read: its time, ms UTC, and the offset after it. */
export type ReadStamp = { time: number; end: number }

/** Reads `2026-11-20T03:04:05[.fraction][Z|+01:00|+0100]` at `at` into `into`; false for anything else. `separator` stands between date and time. Source: RFC 3339, RFC 5424. */
export const isoStamp = (line: string, at: number, utcOffsetMinutes: number, into: ReadStamp, separator = 84): boolean => {
  const year = two(line, at) * 100 + two(line, at + 2)
  const month = two(line, at + 5)
  const day = two(line, at + 8)
  let time = clockAt(line, at + 11)
  if (year < 1970 || time < 0 || line.charCodeAt(at + 4) !== 45 || line.charCodeAt(at + 7) !== 45) return false
  if (line.charCodeAt(at + 10) !== separator || !isDate(year, month, day)) return false
  let end = at + 19
  if (line.charCodeAt(end) === 46) {
    let unit = 100
    const first = ++end
    for (; end - first < 9 && digit(line, end) >= 0; end++, unit /= 10) if (unit >= 1) time += digit(line, end) * unit
    if (end === first) return false
  }
  const zone = line.charCodeAt(end)
  let offset = utcOffsetMinutes * MINUTE
  if (zone === 90) {
    offset = 0
    end++
  } else if (zone === 43 || zone === 45) {
    const colon = line.charCodeAt(end + 3) === 58
    offset = offsetAt(line, end, colon)
    end += colon ? 6 : 5
  }
  if (offset === NO_TIME) return false
  into.time = daysOf(year, month, day) * DAY + time - offset
  into.end = end
  return true
}
