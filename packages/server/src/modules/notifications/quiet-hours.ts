import { MINUTE, type NotificationRoute } from '@parapet/core'

/** When a route is quiet: minutes of the day from `from` up to `to`, over midnight when `to` is smaller, on nights that begin on `weekdays` (0 is Sunday; every day when empty). */
export type QuietHours = NonNullable<NotificationRoute['quiet']>

/** The largest change of a clock that any zone has made within a day, minutes; and some. */
const SHIFT = 181

const DAYS: Readonly<Record<string, number>> = { Sun: 0, Mon: 1, Tue: 2, Wed: 3, Thu: 4, Fri: 5, Sat: 6 }
const DAY_MINUTES = 1_440

type Wall = { readonly weekday: number; readonly minute: number }

/** True for a zone that `Intl` knows, such as `Europe/Berlin`. */
export const isZone = (zone: string): boolean => {
  try {
    return new Intl.DateTimeFormat('en-US', { timeZone: zone }).resolvedOptions().timeZone !== ''
  } catch {
    return false
  }
}

/** What clocks on the wall of a zone show. */
const createWall = (zone: string): ((at: number) => Wall) => {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone: zone,
    weekday: 'short',
    hour: 'numeric',
    minute: 'numeric',
    hourCycle: 'h23',
  })
  return (at) => {
    const parts = new Map(format.formatToParts(at).map(({ type, value }) => [type, value]))
    return {
      weekday: DAYS[parts.get('weekday') ?? ''] ?? 0,
      minute: Number(parts.get('hour')) * 60 + Number(parts.get('minute')),
    }
  }
}

const isWithin = ({ from, to, weekdays }: QuietHours, { weekday, minute }: Wall): boolean => {
  const begins = (day: number): boolean => weekdays.length === 0 || weekdays.includes(day)
  if (from < to) return minute >= from && minute < to && begins(weekday)
  if (minute >= from) return begins(weekday)
  return minute < to && begins((weekday + 6) % 7)
}

/**
 * When quiet hours that last at `now` end, ms UTC; `null` when it is not quiet. They end when the clock on the wall first shows no quiet minute:
 * on the day on which clocks are put on, that may be an hour earlier, and where `to` is left out by the clock, when it jumps.
 */
export const quietUntil = (quiet: QuietHours, now: number): number | null => {
  const wall = createWall(quiet.zone)
  const here = wall(now)
  if (quiet.from === quiet.to || !isWithin(quiet, here)) return null
  const minute = Math.floor(now / MINUTE)
  const left = (quiet.to - here.minute + DAY_MINUTES) % DAY_MINUTES
  // no clock is put on or back by more than this: before, it is surely quiet
  for (let at = Math.max(minute + 1, minute + left - SHIFT); at <= minute + left + SHIFT; at++)
    if (!isWithin(quiet, wall(at * MINUTE))) return at * MINUTE
  return (minute + left) * MINUTE
}
