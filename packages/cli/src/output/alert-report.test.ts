import type { Alert } from '@parapet/core'
import picocolors from 'picocolors'
import { describe, expect, it } from 'vitest'
import { formatRuleGroup, nearWords } from './alert-report.js'
import type { Terminal } from './terminal.js'
import { displayWidth } from './width.js'

const window = (count: number, needed?: number): NonNullable<Parameters<typeof nearWords>[0]['window']> => ({
  group: { 'source.ip': '198.51.100.7' },
  count,
  bound: 'five',
  ...(needed === undefined ? {} : { needed }),
  events: [],
})
const miss = { field: 'http.request.method', wanted: 'is “get”', value: 'POST' }

describe('how near a rule came', () => {
  it('tells a window that was at least half full, with its group', () => {
    expect(nearWords({ window: window(3, 5) })).toBe('came near: 3 of five, source.ip 198.51.100.7')
    expect(nearWords({ window: window(2, 5) })).toBeUndefined()
    // as full as that it fired: what kept it quiet is something else
    expect(nearWords({ window: window(5, 5) })).toBeUndefined()
    expect(nearWords({ window: window(3) })).toBeUndefined()
  })

  it('tells the one thing that an event lacked, and nothing where it lacked more', () => {
    expect(nearWords({ nearest: { event: 0, misses: [miss] } })).toBe('came near: http.request.method was “POST”, wanted is “get”')
    expect(nearWords({ nearest: { event: 0, misses: [{ ...miss, value: undefined }] } })).toBe(
      'came near: http.request.method was missing, wanted is “get”',
    )
    expect(nearWords({ nearest: { event: 0, misses: [miss, miss] } })).toBeUndefined()
    expect(nearWords({})).toBeUndefined()
  })
})

describe('the report of a rule', () => {
  const rule = { id: 'r', title: 'Brute force', level: 'high', tags: [], version: '1' } as const
  const alertOn = (value: string): Alert => ({
    id: value,
    rule,
    group: {},
    scope: { kind: 'ip', value },
    first: Date.UTC(2026, 10, 20, 8),
    last: Date.UTC(2026, 10, 21, 9),
    count: 1_234,
    targets: [value],
    events: [],
    why: '',
  })
  const report = (width: number, addresses: readonly string[]): string =>
    formatRuleGroup(
      { rule, alerts: addresses.map(alertOn), targets: addresses.length },
      { width, textWidth: width, colors: picocolors.createColors(false) } as Terminal,
      10,
    )

  it.each([40, 50, 60, 80])('keeps whole addresses at %i columns: times give way first', (width) => {
    const text = report(width, ['198.51.100.123', '2001:db8:1234:5678::/64'])
    expect(text).toContain('198.51.100.123')
    expect(text).toContain('2001:db8:1234:5678::')
    for (const line of text.split('\n')) expect(displayWidth(line)).toBeLessThanOrEqual(width)
    expect(text.includes('first (UTC)')).toBe(width >= 60)
    expect(text.includes('2026-11-21 09:00:00')).toBe(width >= 80)
  })
})
