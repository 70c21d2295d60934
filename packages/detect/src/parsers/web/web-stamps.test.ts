import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { NO_TIME } from '../stamps.js'
import { ctimeStamp, slashStamp, spacedStamp, unixTime } from './web-stamps.js'

const TIME = Date.UTC(2026, 10, 20, 3, 4, 5)
const days = fc
  .date({ min: new Date(0), max: new Date(Date.UTC(2099, 11, 31)), noInvalidDate: true })
  .map((date) => new Date(Math.floor(date.getTime() / 1000) * 1000))
const two = (value: number): string => String(value).padStart(2, '0')
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec']
const clock = (date: Date): string => date.toISOString().slice(11, 19)

describe('stamps of web servers', () => {
  it.each([
    ['2026/11/20 03:04:05', TIME],
    ['2026-11-20 03:04:05', TIME],
    ['2026-11-20 03:04:05.250', TIME + 250],
    ['2026-11-20 03:04:05,25', TIME + 250],
    ['2026-11-20 04:04:05 +0100', TIME],
    ['2026-11-20 02:34:05 -0030', TIME],
    ['2026-11-20 03:04:60', TIME + 54_000],
    ['2026/11-20 03:04:05', NO_TIME],
    ['2026-11-20T03:04:05', NO_TIME],
    ['2026-11-31 03:04:05', NO_TIME],
    ['2026-02-29 03:04:05', NO_TIME],
    ['2024-02-29 03:04:05', Date.UTC(2024, 1, 29, 3, 4, 5)],
    ['2026-00-20 03:04:05', NO_TIME],
    ['2026-11-20 24:04:05', NO_TIME],
    ['2026-11-20 03:60:05', NO_TIME],
    ['2026-11-20 03-04-05', NO_TIME],
    ['1969-11-20 03:04:05', NO_TIME],
    ['', NO_TIME],
  ])('%s', (text, time) => {
    expect(spacedStamp(text, 0, 0)).toBe(time)
  })

  it.each([
    ['Fri Nov 20 03:04:05 2026', TIME],
    ['Fri Nov 20 03:04:05.123456 2026', TIME + 123],
    ['Fri Nov  6 03:04:05 2026', Date.UTC(2026, 10, 6, 3, 4, 5)],
    ['Fri Foo 20 03:04:05 2026', NO_TIME],
    ['Fri ovD 20 03:04:05 2026', NO_TIME],
    ['Fri Nov 31 03:04:05 2026', NO_TIME],
    ['Fri Nov 20 03:04:05', NO_TIME],
    ['Fri Nov 20 03:04:05.123456123456123456123456 2026', NO_TIME],
  ])('%s', (text, time) => {
    expect(ctimeStamp(text, 0, text.length, 0)).toBe(time)
  })

  it.each([
    ['20/Nov/2026:03:04:05.655', TIME + 655],
    ['20/Nov/2026 03:04:05', TIME],
    ['20-Nov-2026 03:04:05', NO_TIME],
    ['20/Nov/2026T03:04:05', NO_TIME],
    ['31/Feb/2026 03:04:05', NO_TIME],
  ])('%s', (text, time) => {
    expect(slashStamp(text, 0, 0)).toBe(time)
    expect(slashStamp(text, 0, 90)).toBe(time === NO_TIME ? NO_TIME : time - 90 * 60_000)
  })

  it('are read as they were written, on every day', () => {
    fc.assert(
      fc.property(days, (date) => {
        const [year, month, day] = [date.getUTCFullYear(), date.getUTCMonth(), date.getUTCDate()]
        expect(spacedStamp(`${year}/${two(month + 1)}/${two(day)} ${clock(date)}`, 0, 0)).toBe(date.getTime())
        expect(slashStamp(`${two(day)}/${MONTHS[month]}/${year}:${clock(date)}`, 0, 0)).toBe(date.getTime())
        const ctime = `Mon ${MONTHS[month]} ${String(day).padStart(2)} ${clock(date)} ${year}`
        expect(ctimeStamp(ctime, 0, ctime.length, 0)).toBe(date.getTime())
      }),
      { seed: 20_261_122 },
    )
  })

  it('never throw and give whole ms, whatever the text', () => {
    const piece = fc.constantFrom('2026', '/', '-', ':', ' ', '11', '20', 'Nov', '.', '+0100', 'x', '9')
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 14 }), (parts) => {
        const text = parts.join('')
        for (const time of [spacedStamp(text, 0, 0), slashStamp(text, 0, 0), ctimeStamp(text, 0, text.length, 0)])
          expect(time === NO_TIME || Number.isSafeInteger(time)).toBe(true)
      }),
      { seed: 20_261_122 },
    )
  })
})

describe('numbers since 1970', () => {
  it.each([
    [1_795_143_845, 'auto', TIME],
    [1_795_143_845.123, 'auto', TIME + 123],
    [TIME, 'auto', TIME],
    [TIME * 1e3, 'auto', TIME],
    [TIME * 1e6, 'auto', TIME],
    [1_795_143_845, 's', TIME],
    [TIME + 1, 'ms', TIME + 1],
    [-1, 'auto', NO_TIME],
    [Number.NaN, 'auto', NO_TIME],
    [Number.POSITIVE_INFINITY, 'auto', NO_TIME],
    [1e12, 's', NO_TIME],
  ] as const)('%s in %s', (value, unit, time) => {
    expect(unixTime(value, unit)).toBe(time)
  })

  it('keep each ms of their fraction', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 4_000_000_000_000 }), (ms) => {
        expect(unixTime(Number((ms / 1000).toFixed(3)), 's')).toBe(ms)
        expect(unixTime(ms, 'ms')).toBe(ms)
      }),
      { seed: 20_261_122 },
    )
  })
})
