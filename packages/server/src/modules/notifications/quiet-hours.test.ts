import { DAY, HOUR, MINUTE } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isZone, type QuietHours, quietUntil } from './quiet-hours.js'

const utc = (text: string): number => Date.parse(`${text}Z`)
const iso = (at: number | null): string | null => (at === null ? null : new Date(at).toISOString().slice(0, 16))
const hours = (from: string, to: string, zone = 'UTC', weekdays: readonly number[] = []): QuietHours => {
  const minute = (text: string): number => Number(text.slice(0, 2)) * 60 + Number(text.slice(3))
  return { from: minute(from), to: minute(to), zone, weekdays }
}
const until = (quiet: QuietHours, at: string): string | null => iso(quietUntil(quiet, utc(at)))

describe('quiet hours', () => {
  it('end on the same day, and begin and end to the minute', () => {
    const noon = hours('12:00', '13:30')
    expect(until(noon, '2026-11-22T11:59:59')).toBe(null)
    expect(until(noon, '2026-11-22T12:00')).toBe('2026-11-22T13:30')
    expect(until(noon, '2026-11-22T13:29:59')).toBe('2026-11-22T13:30')
    expect(until(noon, '2026-11-22T13:30')).toBe(null)
  })

  it('go over midnight', () => {
    const night = hours('22:00', '07:00')
    expect(until(night, '2026-11-22T21:59')).toBe(null)
    expect(until(night, '2026-11-22T22:00')).toBe('2026-11-23T07:00')
    expect(until(night, '2026-11-23T00:00')).toBe('2026-11-23T07:00')
    expect(until(night, '2026-11-23T06:59')).toBe('2026-11-23T07:00')
    expect(until(night, '2026-11-23T07:00')).toBe(null)
  })

  it('are those of the zone, also where it is another day and the offset is no hour', () => {
    expect(until(hours('22:00', '07:00', 'Asia/Kolkata'), '2026-11-22T17:00')).toBe('2026-11-23T01:30')
    expect(until(hours('22:00', '07:00', 'Pacific/Auckland'), '2026-11-22T10:00')).toBe('2026-11-22T18:00')
    expect(until(hours('22:00', '07:00', 'Pacific/Auckland'), '2026-11-22T18:00')).toBe(null)
  })

  it('belong to the day on which they begin', () => {
    // 2026-11-21 is a Saturday; nights that begin on Saturday or Sunday
    const weekend = hours('20:00', '08:00', 'UTC', [6, 0])
    expect(until(weekend, '2026-11-20T23:00')).toBe(null)
    expect(until(weekend, '2026-11-21T07:00')).toBe(null)
    expect(until(weekend, '2026-11-21T20:00')).toBe('2026-11-22T08:00')
    expect(until(weekend, '2026-11-23T07:00')).toBe('2026-11-23T08:00')
    expect(until(weekend, '2026-11-23T20:00')).toBe(null)
  })

  it('end an hour earlier by the sun when clocks are put on, and later when they are put back', () => {
    // Berlin: on at 2026-03-29 02:00 -> 03:00, back at 2026-10-25 03:00 -> 02:00
    const night = hours('22:00', '07:00', 'Europe/Berlin')
    expect(until(night, '2026-03-28T22:00')).toBe('2026-03-29T05:00')
    expect(until(night, '2026-10-24T21:00')).toBe('2026-10-25T06:00')
  })

  it('end when the clock jumps over their end', () => {
    // 02:30 does not exist on that night
    expect(until(hours('22:00', '02:30', 'Europe/Berlin'), '2026-03-28T23:00')).toBe('2026-03-29T01:00')
  })

  it('end at the first of two ends when the clock shows both, and are quiet again until the second', () => {
    const night = hours('22:00', '02:30', 'Europe/Berlin')
    expect(until(night, '2026-10-24T23:00')).toBe('2026-10-25T00:30')
    // 02:00 again, by winter time
    expect(until(night, '2026-10-25T01:00')).toBe('2026-10-25T01:30')
  })

  it('last no longer than they say, begin when they end, and nobody is held for ever, in every zone and season', () => {
    const zones = [
      'UTC',
      'Europe/Berlin',
      'America/New_York',
      'Australia/Lord_Howe',
      'Asia/Kathmandu',
      'Antarctica/Troll',
      'America/St_Johns',
    ]
    fc.assert(
      fc.property(
        fc.integer({ min: utc('2026-01-01T00:00'), max: utc('2027-01-01T00:00') }),
        fc.integer({ min: 0, max: 1_439 }),
        fc.integer({ min: 0, max: 1_439 }),
        fc.constantFrom(...zones),
        fc.subarray([0, 1, 2, 3, 4, 5, 6]),
        (now, from, to, zone, weekdays) => {
          const quiet = { from, to, zone, weekdays }
          const end = quietUntil(quiet, now)
          fc.pre(end !== null)
          expect(from).not.toBe(to)
          expect(end).toBeGreaterThan(now)
          expect(end - now).toBeLessThanOrEqual(DAY + 2 * HOUR)
          expect(end % MINUTE).toBe(0)
          // not quiet at its end, quiet one minute before
          expect(quietUntil(quiet, end)).toBe(null)
          expect(quietUntil(quiet, Math.max(now, end - MINUTE))).toBe(end)
        },
      ),
      { seed: 7, numRuns: 200 },
    )
  })

  it('that begin and end at once are none, rather than hours without end', () => {
    expect(until(hours('10:00', '10:00'), '2026-11-22T10:00')).toBe(null)
  })
})

describe('a time zone', () => {
  it('is one that the machine knows', () => {
    expect(isZone('Europe/Berlin')).toBe(true)
    for (const odd of ['', 'Berlin', 'Europe/Atlantis', '../etc/passwd', 'x'.repeat(500)]) expect(isZone(odd)).toBe(false)
  })
})
