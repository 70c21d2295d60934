import { describe, expect, it } from 'vitest'
import { readMoment } from './moment.js'

const NOW = Date.UTC(2026, 10, 21, 12)

describe('readMoment', () => {
  it.each([
    ['24h', NOW - 86_400_000],
    ['1h30m', NOW - 5_400_000],
    ['2026-11-20', Date.UTC(2026, 10, 20)],
    ['2026-11-20 08:15', Date.UTC(2026, 10, 20, 8, 15)],
    ['2026-11-20T08:15:30', Date.UTC(2026, 10, 20, 8, 15, 30)],
    ['2026-11-20T08:15:30Z', Date.UTC(2026, 10, 20, 8, 15, 30)],
    ['2026-11-20T08:15:30.250+02:00', Date.UTC(2026, 10, 20, 6, 15, 30, 250)],
  ])('reads %s, in UTC unless it names a zone', (text, ms) => {
    expect(readMoment('--since', text, NOW)).toBe(ms)
  })

  it.each(['', 'yesterday', '2026', '2026-13-01', '2026-11-20 25:00', '20/11/2026', '-1h', '1700000000', '2026-11-20T08:15Zjunk'])(
    'refuses %j and names the option',
    (text) => {
      expect(() => readMoment('--since', text, NOW)).toThrow(
        expect.objectContaining({ code: 'PPT_USAGE', detail: expect.stringContaining('--since') as string }),
      )
    },
  )
})
