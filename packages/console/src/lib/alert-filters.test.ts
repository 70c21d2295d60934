import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { makeAlert } from '../test/fixtures.js'
import type { AlertFilters } from './alert-filters.js'
import { alertQuery, matchesFilters, readFilters, TEXT_LIMIT, writeFilters } from './alert-filters.js'
import { LEVELS_DOWN } from './levels.js'

const NOW = Date.UTC(2026, 10, 21, 20)
const none: AlertFilters = { level: undefined, text: '', range: 'all' }
const anyFilters = fc.record({
  level: fc.constantFrom(undefined, ...LEVELS_DOWN),
  text: fc.string({ unit: 'binary', maxLength: TEXT_LIMIT / 2 }),
  range: fc.constantFrom('all' as const, '1h' as const, '24h' as const, '7d' as const, '30d' as const),
})

describe('the filters in the URL', () => {
  it('come back as they were written, whatever was typed', () => {
    fc.assert(
      fc.property(anyFilters, (filters) => {
        expect(readFilters(writeFilters(filters))).toEqual(filters)
      }),
    )
  })

  it('are empty when nothing is narrowed, so that links stay short', () => {
    expect(writeFilters(none)).toBe('')
    expect(writeFilters({ ...none, level: 'high', range: '24h' })).toBe('?level=high&range=24h')
  })

  it('ignore what they do not know instead of failing', () => {
    expect(readFilters('?level=terrible&range=__proto__&q=x&other=1')).toEqual({ ...none, text: 'x' })
    expect(readFilters('?level=constructor&range=toString')).toEqual(none)
    fc.assert(
      fc.property(fc.string(), (search) => {
        expect(readFilters(search).text.length).toBeLessThanOrEqual(TEXT_LIMIT)
      }),
    )
  })

  it('bound the text', () => {
    expect(readFilters(`?q=${'a'.repeat(5_000)}`).text).toHaveLength(TEXT_LIMIT)
  })
})

describe('the query of the API', () => {
  it('asks for a level or worse, a start and the next page', () => {
    const query = new URLSearchParams(alertQuery({ level: 'medium', text: '', range: '24h' }, NOW, 'c1', 50))
    expect(Object.fromEntries(query)).toEqual({ limit: '50', level: 'medium', since: String(NOW - 86_400_000), cursor: 'c1' })
  })

  it('lets the server look an address up, and keeps other words here', () => {
    expect(new URLSearchParams(alertQuery({ ...none, text: ' 2001:db8::1 ' }, NOW, null, 9)).get('target')).toBe('2001:db8::1')
    expect(new URLSearchParams(alertQuery({ ...none, text: 'spray' }, NOW, null, 9)).has('target')).toBe(false)
  })
})

describe('matchesFilters', () => {
  it('takes the level as a floor', () => {
    const alert = makeAlert(3, NOW)
    expect(alert.rule.level).toBe('medium')
    expect(LEVELS_DOWN.map((level) => matchesFilters(alert, { ...none, level }, NOW))).toEqual([false, false, true, true, true])
  })

  it('takes time as since it was detected, like the server', () => {
    const old = makeAlert(0, NOW, { detectedAt: NOW - 3_600_001, last: NOW })
    expect(matchesFilters(old, { ...none, range: '1h' }, NOW)).toBe(false)
    expect(matchesFilters(old, { ...none, range: '24h' }, NOW)).toBe(true)
  })

  it('finds words in title, reason, scope and addresses, whatever their case', () => {
    const alert = makeAlert(1, NOW)
    for (const text of ['PASSWORD', 'spray', alert.scope.value, alert.targets[1] ?? '', ' One '])
      expect([text, matchesFilters(alert, { ...none, text }, NOW)]).toEqual([text, true])
    expect(matchesFilters(alert, { ...none, text: 'nobody' }, NOW)).toBe(false)
  })

  it('trusts the server about networks an address lies in, but not live', () => {
    const alert = makeAlert(4, NOW)
    const inside = { ...none, text: '2001:db8:14::9999' }
    expect(matchesFilters(alert, inside, NOW, { loaded: true })).toBe(true)
    expect(matchesFilters(alert, inside, NOW)).toBe(false)
  })

  it('never throws, whatever is typed: text is no pattern', () => {
    fc.assert(
      fc.property(anyFilters, (filters) => {
        expect(typeof matchesFilters(makeAlert(0, NOW), filters, NOW)).toBe('boolean')
      }),
    )
    expect(matchesFilters(makeAlert(0, NOW), { ...none, text: '((((a+)+)+)+$' }, NOW)).toBe(false)
  })
})
