import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { DAY, formatDuration, HOUR, MINUTE, parseDuration, SECOND, systemClock } from './time.js'

describe('parseDuration', () => {
  it.each([
    ['250ms', 250],
    ['0s', 0],
    ['90s', 90 * SECOND],
    ['15m', 15 * MINUTE],
    ['1h', HOUR],
    ['1h30m', HOUR + 30 * MINUTE],
    ['7d', 7 * DAY],
    ['2w', 14 * DAY],
    ['1d2h3m4s5ms', DAY + 2 * HOUR + 3 * MINUTE + 4 * SECOND + 5],
  ])('reads %s', (text, ms) => {
    expect(parseDuration(text)).toBe(ms)
  })

  it.each([
    '',
    '15',
    'm',
    '1 h',
    ' 1h',
    '1h ',
    '-1h',
    '1.5h',
    '1H',
    '1y',
    '1h30',
    '１h',
    'NaNs',
    '9'.repeat(10) + 's',
    '1s'.repeat(17),
    '1h\n',
  ])('refuses %j', (text) => {
    expect(parseDuration(text)).toBeUndefined()
  })

  it('gives whole milliseconds or nothing, whatever the text', () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.stringMatching(/^[0-9msdhw]{0,40}$/)), (text) => {
        const ms = parseDuration(text)
        expect(ms === undefined || (Number.isSafeInteger(ms) && ms >= 0)).toBe(true)
      }),
    )
  })

  it('adds up what is written one after the other', () => {
    fc.assert(
      fc.property(fc.nat(999), fc.nat(999), (hours, minutes) => {
        expect(parseDuration(`${hours}h${minutes}m`)).toBe(hours * HOUR + minutes * MINUTE)
      }),
    )
  })
})

describe('formatDuration', () => {
  it.each([
    [0, '0s'],
    [-5 * MINUTE, '0s'],
    [499, '0s'],
    [45 * SECOND, '45s'],
    [90 * MINUTE, '1h 30m'],
    [59_999, '1m'],
    [DAY + HOUR + MINUTE, '1d 1h'],
    [DAY + 5 * SECOND, '1d 5s'],
    [40 * DAY, '40d'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatDuration(ms)).toBe(text)
  })

  it('is read back to within what it leaves out', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 400 * DAY }), (ms) => {
        const back = parseDuration(formatDuration(ms).replace(' ', '')) ?? Number.NaN
        const rounded = Math.round(ms / SECOND) * SECOND
        expect(back).toBeLessThanOrEqual(rounded)
        expect(rounded - back).toBeLessThan(rounded >= DAY ? HOUR : MINUTE)
      }),
    )
  })
})

describe('systemClock', () => {
  it('tells the time of the machine in ms', () => {
    expect(Math.abs(systemClock() - Date.now())).toBeLessThan(1_000)
  })
})
