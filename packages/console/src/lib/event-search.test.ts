import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { HOSTILE, makeEvents } from '../test/fixtures.js'
import { exceptionFields, fieldsAmong, fieldsOf, textOf } from './event-fields.js'
import type { EventSearch, FieldFilter } from './event-search.js'
import {
  activityPath,
  eventQuery,
  passes,
  readFilter,
  readSearch,
  readTyped,
  timeOf,
  toggled,
  TOP_FIELDS,
  USUAL_COLUMNS,
  withFilter,
  withoutFilter,
  writeFilter,
  writeSearch,
} from './event-search.js'
import { fromLocalField, toLocalField } from './local-time.js'

const NOW = Date.UTC(2026, 10, 21, 20)
const field = fc.constantFrom('user.name', 'source.ip', 'url.path', '@timestamp', 'http.response.status_code', 'x_y-z')
const filter: fc.Arbitrary<FieldFilter> = fc.record({
  field,
  value: fc.string({ minLength: 1, maxLength: 80, unit: 'grapheme' }),
  out: fc.boolean(),
})
const search: fc.Arbitrary<EventSearch> = fc.record({
  filters: fc.uniqueArray(filter, { maxLength: 6, selector: writeFilter }),
  text: fc.string({ maxLength: 60, unit: 'grapheme' }),
  time: fc.oneof(
    fc.constantFrom('15m', '1h', '24h', '7d', '30d').map((range) => ({ range })),
    fc.tuple(fc.integer({ min: 0, max: NOW }), fc.integer({ min: 1, max: 1e9 })).map(([since, span]) => ({ since, until: since + span })),
  ),
  source: fc.option(fc.uuid(), { nil: undefined }),
  columns: fc.uniqueArray(field, { minLength: 1, maxLength: 5 }),
  top: fc.uniqueArray(field, { maxLength: 5 }),
})

describe('a search in the URL', () => {
  it('comes back as it was, whatever attackers wrote into the values', () => {
    fc.assert(
      fc.property(search, (asked) => {
        expect(readSearch(writeSearch(asked))).toEqual(asked)
      }),
    )
  })

  it('has one form', () => {
    fc.assert(
      fc.property(search, (asked) => {
        expect(writeSearch(readSearch(writeSearch(asked)))).toBe(writeSearch(asked))
      }),
    )
  })

  it('is short when nothing is asked', () => {
    expect(writeSearch(readSearch(''))).toBe('')
    expect(activityPath(readSearch('range=24h&nonsense=1'))).toBe('/activity')
    expect(readSearch('')).toEqual({
      filters: [],
      text: '',
      time: { range: '24h' },
      source: undefined,
      columns: USUAL_COLUMNS,
      top: TOP_FIELDS.slice(0, 4),
    })
  })

  it('does not fail on anything, and stays bounded', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 400 }), (text) => {
        const read = readSearch(text)
        expect(read.filters.length).toBeLessThanOrEqual(16)
        expect(read.columns.length).toBeLessThanOrEqual(8)
      }),
    )
    expect(readSearch(`${'f=a.b%3Ax&'.repeat(500)}q=${'y'.repeat(5_000)}`).filters).toHaveLength(16)
    expect(readSearch(`q=${'y'.repeat(5_000)}`).text).toHaveLength(200)
    expect(readSearch('f=a.b%3Ax&f=%3Cscript%3E%3Ax&f=no').filters).toEqual([{ field: 'a.b', value: 'x', out: false }])
  })

  it('has ends in the right order, or the usual range', () => {
    expect(readSearch('since=5&until=9').time).toEqual({ since: 5, until: 9 })
    for (const bad of ['since=9&until=5', 'since=5', 'since=-1&until=9', 'since=1&until=99999999999999999', 'range=constructor'])
      expect(readSearch(bad).time).toEqual({ range: '24h' })
  })
})

describe('a filter', () => {
  it('is split at the first colon: a value may hold more of them', () => {
    expect(readFilter('source.ip:2001:db8::1')).toEqual({ field: 'source.ip', value: '2001:db8::1', out: false })
    expect(readFilter('-url.path:/a:b')).toEqual({ field: 'url.path', value: '/a:b', out: true })
    for (const none of ['', ':', 'a.b:', ':x', 'a b:c', `${'a'.repeat(200)}:x`, `a.b:${'x'.repeat(600)}`])
      expect(readFilter(none)).toBeUndefined()
  })

  it('is what somebody types only where it names a field', () => {
    expect(readTyped(' user.name:root ')).toEqual({ field: 'user.name', value: 'root', out: false })
    expect(readTyped('-event.outcome:success')?.out).toBe(true)
    for (const words of ['12:30', 'http://x', 'error: no space left', 'root']) expect(readTyped(words)).toBeUndefined()
  })

  it('never stands twice, and its opposite goes', () => {
    const only = { field: 'user.name', value: 'root', out: false }
    const once = withFilter(withFilter(readSearch(''), only), only)
    expect(once.filters).toEqual([only])
    expect(withFilter(once, { ...only, out: true }).filters).toEqual([{ ...only, out: true }])
    expect(withoutFilter(once, only).filters).toEqual([])
  })

  it('keeps and leaves out among events that are here', () => {
    const events = makeEvents(NOW).map(({ event }) => event)
    const failed = { field: 'event.outcome', value: 'failure', out: false }
    const kept = events.filter((event) => passes(event, [failed]))
    const left = events.filter((event) => passes(event, [{ ...failed, out: true }]))
    expect(kept.length + left.length).toBe(events.length)
    expect(kept.every((event) => event['event.outcome'] === 'failure')).toBe(true)
    expect(events.filter((event) => passes(event, [{ field: 'http.response.status_code', value: '404', out: false }]))).not.toHaveLength(0)
    expect(events.filter((event) => passes(event, []))).toHaveLength(events.length)
  })
})

describe('the query of a search', () => {
  it('says the same time to events, histogram and export', () => {
    const asked = readSearch('f=user.name%3Aroot&f=-a.b%3Ac&q=x&range=1h&source=s')
    expect(eventQuery(asked, NOW).toString()).toBe(
      `since=${NOW - 3_600_000}&until=${NOW}&filter=user.name%3Aroot&filter=-a.b%3Ac&q=x&source=s`,
    )
    expect(timeOf({ since: 1, until: 2 }, NOW)).toEqual({ since: 1, until: 2 })
  })

  it('switches columns on and off, eight at most', () => {
    expect(toggled(['a', 'b'], 'a')).toEqual(['b'])
    expect(toggled(['a'], 'b')).toEqual(['a', 'b'])
    expect(toggled(['1', '2', '3', '4', '5', '6', '7', '8'], '9')).toHaveLength(8)
  })
})

describe('the fields of an event', () => {
  const [first] = makeEvents(NOW)
  const event = { ...first?.event, '@timestamp': NOW, tags: ['a', 'b'], 'x.null': null, 'a.first': 'x', 'event.original': HOSTILE.long }

  it('stand in reading order, the rest by name, empty ones not at all', () => {
    const names = fieldsOf(event).map(([name]) => name)
    expect(names.slice(0, 4)).toEqual(['event.action', 'event.outcome', 'source.ip', 'user.name'])
    expect(names).not.toContain('x.null')
    const rest = names.filter((name) => name.startsWith('a.') || name === 'tags')
    expect(rest).toEqual(['a.first', 'tags'])
  })

  it('can be an exception when another event can have the same', () => {
    const names = exceptionFields(event).map(([name]) => name)
    for (const no of ['@timestamp', 'event.original', 'tags']) expect(names).not.toContain(no)
    expect(names).toContain('user.name')
    expect(exceptionFields({ '@timestamp': NOW, 'url.path': HOSTILE.long })).toEqual([])
  })

  it('are listed once over many events', () => {
    const among = fieldsAmong(makeEvents(NOW).map((stored) => stored.event))
    expect(new Set(among).size).toBe(among.length)
    expect(among).toContain('http.response.status_code')
    expect([textOf(undefined), textOf(null), textOf(0), textOf(false), textOf(['a', 1])]).toEqual(['', '', '0', 'false', 'a, 1'])
  })
})

describe('a field of local time', () => {
  it('comes back to the minute', () => {
    fc.assert(
      fc.property(fc.integer({ min: Date.UTC(2000, 0), max: Date.UTC(2100, 0) }), (at) => {
        const minute = Math.floor(at / 60_000) * 60_000
        // the hour that a change of the clocks repeats has two readings
        expect(Math.abs((fromLocalField(toLocalField(minute)) ?? 0) - minute) % 3_600_000).toBe(0)
      }),
    )
    expect(fromLocalField(toLocalField(NOW))).toBe(NOW)
  })

  it('is nothing while it is half written', () => {
    for (const text of ['', '2026', '2026-11-21', 'x', '2026-99-99T99:99']) expect(fromLocalField(text)).toBeUndefined()
  })
})
