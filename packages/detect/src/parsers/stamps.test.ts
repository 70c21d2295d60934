import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { commonLogStamp, inferYear, isoStamp, NO_TIME, syslogStamp } from './stamps.js'

fc.configureGlobal({ seed: 20_261_121 })

const DAY = 86_400_000
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const two = (n: number): string => String(n).padStart(2, '0')

/** any second between 1971 and 2090 */
const second = fc.integer({ min: 365 * 86_400, max: 120 * 365 * 86_400 }).map((s) => s * 1000)

const asSyslog = (time: number): string => {
  const d = new Date(time)
  return `${MONTHS[d.getUTCMonth()]} ${String(d.getUTCDate()).padStart(2)} ${d.toISOString().slice(11, 19)}`
}

const asCommon = (time: number): string => {
  const d = new Date(time)
  return `${two(d.getUTCDate())}/${MONTHS[d.getUTCMonth()]}/${d.getUTCFullYear()}:${d.toISOString().slice(11, 19)}`
}

describe('a stamp without a year', () => {
  it('is read right for every second of the year before now', () => {
    fc.assert(
      fc.property(second, fc.integer({ min: 0, max: 364 * 86_400 - 1 }), (now, ago) => {
        const time = now - ago * 1000
        // 29 February is meant only where the year has one, which this one has
        expect(syslogStamp(asSyslog(time), 0, now, 0)).toBe(time)
      }),
      { numRuns: 500 },
    )
  })

  it('may be up to a day ahead: clocks differ', () => {
    fc.assert(
      fc.property(second, fc.integer({ min: 0, max: 86_400 }), (now, ahead) => {
        expect(syslogStamp(asSyslog(now + ahead * 1000), 0, now, 0)).toBe(now + ahead * 1000)
      }),
    )
  })

  it('belongs to the last year when a log runs over New Year', () => {
    const now = Date.UTC(2027, 0, 1, 0, 0, 30)
    expect(syslogStamp('Dec 31 23:59:59', 0, now, 0)).toBe(Date.UTC(2026, 11, 31, 23, 59, 59))
    expect(syslogStamp('Jan  1 00:00:05', 0, now, 0)).toBe(Date.UTC(2027, 0, 1, 0, 0, 5))
  })

  it("belongs to the next year when the sender's clock is past New Year and ours is not", () => {
    const now = Date.UTC(2026, 11, 31, 23, 59, 50)
    expect(syslogStamp('Jan  1 00:00:05', 0, now, 0)).toBe(Date.UTC(2027, 0, 1, 0, 0, 5))
  })

  it('is read the same a year later only as the later year: an old log needs the time of its file', () => {
    expect(syslogStamp('Nov 20 03:04:05', 0, Date.UTC(2026, 10, 21), 0)).toBe(Date.UTC(2026, 10, 20, 3, 4, 5))
    expect(syslogStamp('Nov 20 03:04:05', 0, Date.UTC(2027, 10, 21), 0)).toBe(Date.UTC(2027, 10, 20, 3, 4, 5))
  })

  it('of 29 February goes back to the last leap year', () => {
    expect(inferYear(2, 29, 0, Date.UTC(2026, 10, 20))).toBe(Date.UTC(2024, 1, 29))
    expect(inferYear(2, 29, 0, Date.UTC(2104, 1, 10))).toBe(Date.UTC(2096, 1, 29))
    expect(inferYear(2, 29, 0, Date.UTC(1903, 0, 1))).toBe(NO_TIME)
  })

  it('counts a leap second as the second before it', () => {
    expect(syslogStamp('Dec 31 23:59:60', 0, Date.UTC(2017, 0, 1), 0)).toBe(Date.UTC(2016, 11, 31, 23, 59, 59))
  })

  it('uses the zone that it is told, for the year too', () => {
    // 00:30 on 1 January in Berlin is still the old year in UTC
    expect(syslogStamp('Jan  1 00:30:00', 0, Date.UTC(2026, 11, 31, 23, 31), 60)).toBe(Date.UTC(2026, 11, 31, 23, 30))
  })

  it.each([Number.NaN, Infinity, -Infinity, -1e18, 1e18])('gives no time when now is %s, and stays right afterwards', (now) => {
    expect(syslogStamp('Nov 20 03:04:05', 0, now, 0)).toBe(NO_TIME)
    expect(syslogStamp('Nov 20 03:04:05', 0, Date.UTC(2026, 10, 21), 0)).toBe(Date.UTC(2026, 10, 20, 3, 4, 5))
  })

  it.each([
    'Nov 2x 03:04:05',
    'Nov 20 3:04:05 ',
    'nov 20 03:04:05',
    'Nov 00 03:04:05',
    'Nov 32 03:04:05',
    'Nov 20 03:04:61',
    'Nov-20-03:04:05',
    'Nov 20 03.04.05',
    '',
  ])('is not %j', (text) => {
    expect(syslogStamp(text, 0, Date.UTC(2026, 10, 21), 0)).toBe(NO_TIME)
  })
})

describe('the stamp of web servers', () => {
  it('is turned into UTC from any zone', () => {
    fc.assert(
      fc.property(second, fc.integer({ min: -14 * 60, max: 14 * 60 }), (time, minutes) => {
        const zone = `${minutes < 0 ? '-' : '+'}${two(Math.floor(Math.abs(minutes) / 60))}${two(Math.abs(minutes) % 60)}`
        expect(commonLogStamp(`[${asCommon(time + minutes * 60_000)} ${zone}]`, 1)).toBe(time)
      }),
    )
  })

  it.each([
    '31/Nov/2026:03:04:05 +0000',
    '00/Nov/2026:03:04:05 +0000',
    '20/Now/2026:03:04:05 +0000',
    '20/Nov/2026:24:04:05 +0000',
    '20/Nov/2026:03:04:05 +1500',
    '20/Nov/2026:03:04:05 0000 ',
    '20/Nov/2026 03:04:05 +0000',
    '29/Feb/2026:03:04:05 +0000',
    '29/Feb/2100:03:04:05 +0000',
    '20/Nov/1969:03:04:05 +0000',
    '',
  ])('is not %j', (text) => {
    expect(commonLogStamp(text, 0)).toBe(NO_TIME)
  })

  it('knows leap years', () => {
    expect(commonLogStamp('29/Feb/2028:00:00:00 +0000', 0)).toBe(Date.UTC(2028, 1, 29))
    expect(commonLogStamp('29/Feb/2000:00:00:00 +0000', 0)).toBe(Date.UTC(2000, 1, 29))
  })
})

describe('an ISO stamp', () => {
  it('is read as JavaScript writes it', () => {
    fc.assert(
      fc.property(second, fc.integer({ min: 0, max: 999 }), (time, ms) => {
        const text = new Date(time + ms).toISOString()
        const into = { time: 0, end: 0 }
        expect(isoStamp(`x${text} y`, 1, 0, into)).toBe(true)
        expect(into).toEqual({ time: time + ms, end: 1 + text.length })
      }),
    )
  })

  it('drops what is finer than a millisecond', () => {
    const into = { time: 0, end: 0 }
    expect(isoStamp('2026-11-20T03:04:05.123999999Z', 0, 0, into)).toBe(true)
    expect(into.time).toBe(Date.UTC(2026, 10, 20, 3, 4, 5, 123))
  })

  it('uses the zone that it is told where it names none', () => {
    const into = { time: 0, end: 0 }
    expect(isoStamp('2026-11-20T03:04:05 ', 0, 120, into)).toBe(true)
    expect(into).toEqual({ time: Date.UTC(2026, 10, 20, 1, 4, 5), end: 19 })
  })

  it.each([
    '2026-11-20T03:04:05.Z',
    '2026-13-20T03:04:05Z',
    '2026-11-20t03:04:05Z',
    '1969-11-20T03:04:05Z',
    '2026-11-20T03:04:05+1x:00',
    '2026/11/20T03:04:05Z',
    '',
  ])('is not %j', (text) => {
    expect(isoStamp(text, 0, 0, { time: 0, end: 0 })).toBe(false)
  })
})

it('no reader throws or gives half a time, whatever the text', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 40 }), fc.integer({ min: 0, max: 50 }), (text, at) => {
      const into = { time: 0, end: 0 }
      const times = [syslogStamp(text, at, DAY * 20_000, 0), commonLogStamp(text, at), isoStamp(text, at, 0, into) ? into.time : 0]
      for (const time of times) expect(time === NO_TIME || Number.isSafeInteger(time)).toBe(true)
    }),
  )
})
