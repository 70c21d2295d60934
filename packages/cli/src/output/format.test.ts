import { createColors } from 'picocolors'
import { describe, expect, it } from 'vitest'
import { formatCount, formatRate, formatSize, formatTime, formatTook, inLevelColor, plural } from './format.js'

describe('format', () => {
  it('writes moments in UTC, and what is no moment as a dash', () => {
    expect(formatTime(Date.UTC(2026, 10, 21, 8, 15, 2, 999))).toBe('2026-11-21 08:15:02')
    expect(formatTime(0)).toBe('1970-01-01 00:00:00')
    for (const bad of [Number.NaN, Number.POSITIVE_INFINITY, 9e15, -9e15]) expect(formatTime(bad)).toBe('-')
  })

  it('writes counts so that they can be read, one in the singular', () => {
    expect(formatCount(1_234_567)).toBe('1,234,567')
    expect([plural(0, 'alert'), plural(1, 'alert'), plural(2_000, 'address', 'addresses')]).toEqual([
      '0 alerts',
      '1 alert',
      '2,000 addresses',
    ])
  })

  it.each([
    [7.4, '7'],
    [950, '950'],
    [12_345, '12 k'],
    [412_300, '412 k'],
    [1_340_000, '1.3 M'],
  ])('writes a rate of %d as %s', (rate, text) => {
    expect(formatRate(rate)).toBe(text)
  })

  it.each([
    [0, '0 bytes'],
    [1, '1 byte'],
    [999, '999 bytes'],
    [1_000, '1 kB'],
    [12_345, '12 kB'],
    [456_789_000, '457 MB'],
    [5_200_000_000_000, '5200 GB'],
  ])('writes a size of %d as %s', (bytes, text) => {
    expect(formatSize(bytes)).toBe(text)
  })

  it.each([
    [4.2, '4 ms'],
    [999, '999 ms'],
    [1_340, '1.3 s'],
    [75_400, '75 s'],
  ])('writes %d ms as %s', (ms, text) => {
    expect(formatTook(ms)).toBe(text)
  })

  it('gives every level a colour of its own, and none without colours', () => {
    const colors = createColors(true)
    const levels = ['informational', 'low', 'medium', 'high', 'critical'] as const
    expect(new Set(levels.map((level) => inLevelColor(colors, level, 'x'))).size).toBe(5)
    expect(levels.map((level) => inLevelColor(createColors(false), level, 'x'))).toEqual(['x', 'x', 'x', 'x', 'x'])
  })
})
