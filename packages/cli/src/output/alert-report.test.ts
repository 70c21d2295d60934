import { describe, expect, it } from 'vitest'
import { nearWords } from './alert-report.js'

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
