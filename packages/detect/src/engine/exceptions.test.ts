import { EXCEPTION_LIMITS, type RuleException, type SecurityEvent } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEngine } from './engine.js'
import { compileExceptions } from './exceptions.js'
import { failure, LOGIN_RULES, rulesOf, runAll, success } from './fixtures/rules.js'

const T = Date.UTC(2026, 0, 5, 9)
const DAY = 86_400_000
const except = (match: RuleException['match'], more: Partial<RuleException> = {}): RuleException => ({
  id: 'e',
  ruleId: 'failure',
  match,
  until: T + DAY,
  reason: 'our scanner',
  by: { id: 'o', name: 'Olga' },
  createdAt: T - DAY,
  ...more,
})
const excepts = (match: RuleException['match'], event: SecurityEvent, more: Partial<RuleException> = {}): boolean =>
  compileExceptions([except(match, more)]).get('failure')?.(event) === true
const event = failure(T, '192.0.2.7', 'Backup-Job')

describe('an exception', () => {
  it.each([
    [{ 'source.ip': '192.0.2.7' }, true],
    [{ 'source.ip': '192.0.2.8' }, false],
    [{ 'source.ip': '192.0.2.0/24' }, true],
    [{ 'source.ip': '192.0.3.0/24' }, false],
    [{ 'source.ip': '::ffff:192.0.2.7' }, true],
    [{ 'source.ip': '192.0.*' }, true],
    [{ 'user.name': 'backup-job' }, true],
    [{ 'user.name': 'BACKUP*' }, true],
    [{ 'user.name': '*-j?b' }, false],
    [{ 'user.name': String.raw`backup\-job` }, false],
    [{ 'user.name': 'backup' }, false],
    [{ 'user.name': 'backup-job', 'source.ip': '192.0.2.0/24' }, true],
    [{ 'user.name': 'backup-job', 'source.ip': '192.0.3.0/24' }, false],
    [{ 'no.such': '*' }, false],
    [{}, false],
  ] as const)('of %j excepts the event: %s', (match, expected) => {
    expect(excepts(match, event)).toBe(expected)
  })

  it('compares numbers and truth as their text, and looks into lists', () => {
    expect(excepts({ 'http.response.status_code': 404 }, { ...event, 'http.response.status_code': 404 })).toBe(true)
    expect(excepts({ flag: true }, { ...event, flag: true })).toBe(true)
    expect(excepts({ tags: 'demo' }, { ...event, tags: ['other', 'Demo'] })).toBe(true)
    expect(excepts({ tags: 'demo' }, { ...event, tags: ['other'] })).toBe(false)
  })

  it('takes a prefix of IPv6, and reads a text that is no prefix as text', () => {
    expect(excepts({ 'source.ip': '2001:db8::/32' }, failure(T, '2001:db8:1::9'))).toBe(true)
    expect(excepts({ 'source.ip': '2001:db8::/32' }, failure(T, '2001:db9::9'))).toBe(false)
    expect(excepts({ 'user.name': '10.0.0.0/8' }, failure(T, '10.0.0.1', '10.0.0.1'))).toBe(false)
    expect(excepts({ 'user.name': '10.0.0.0/8' }, failure(T, '10.0.0.1', '10.0.0.0/8'))).toBe(true)
  })

  it('ends on its day, by the time of the event', () => {
    expect(excepts({ 'source.ip': '192.0.2.7' }, event, { until: T })).toBe(false)
    expect(excepts({ 'source.ip': '192.0.2.7' }, event, { until: T + 1 })).toBe(true)
  })

  it('from everything, or with more fields than allowed, excepts nothing', () => {
    const many = Object.fromEntries(Array.from({ length: EXCEPTION_LIMITS.fields + 1 }, (_, i) => [`f${i}`, '*']))
    expect(compileExceptions([except({}), except(many)]).size).toBe(0)
  })

  it('agrees with a plain reading of stars, for any value', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'B', '*', '?', '\\', '.', '-'), maxLength: 8 })
    /** The definition: each star stands for any text, all else for itself without case. */
    const reads = (pattern: string, text: string): boolean => {
      const [head = '', ...rest] = pattern
      if (pattern === '') return text === ''
      if (head === '*') return [...Array.from({ length: text.length + 1 }).keys()].some((at) => reads(rest.join(''), text.slice(at)))
      return text[0]?.toLowerCase() === head.toLowerCase() && reads(rest.join(''), text.slice(1))
    }
    fc.assert(
      fc.property(letters, letters, (pattern, text) => {
        expect(excepts({ 'user.name': pattern }, { ...event, 'user.name': text })).toBe(reads(pattern, text))
      }),
      { numRuns: 500 },
    )
  })

  it('throws at no value of an event and at no text of its own', () => {
    const value = fc.oneof(fc.string(), fc.double(), fc.boolean(), fc.constant(null), fc.array(fc.string()))
    fc.assert(
      fc.property(fc.string(), fc.oneof(fc.string(), fc.double(), fc.boolean()), value, (field, wanted, given) => {
        expect(typeof excepts({ [`${field}.ip`]: wanted }, { ...event, [`${field}.ip`]: given })).toBe('boolean')
      }),
    )
  })
})

describe('an engine with exceptions', () => {
  const rules = rulesOf(LOGIN_RULES)
  const attack = (from: number, count: number, address: string): SecurityEvent[] =>
    Array.from({ length: count }, (_, i) => failure(from + i * 1_000, address))
  const fired = (alerts: ReturnType<typeof runAll>, rule: string): string[] =>
    alerts.filter(({ kind, alert }) => kind === 'fired' && alert.rule.id === rule).flatMap(({ alert }) => alert.targets)

  it('does not count them, for that rule alone, and says how many there were', () => {
    const engine = createEngine({ rules, exceptions: [except({ 'source.ip': '192.0.2.0/24' }, { ruleId: 'brute' })] })
    const events = [...attack(T, 6, '192.0.2.7'), ...attack(T + 10_000, 6, '198.51.100.7')]
    const alerts = runAll(engine, [...events, ...Array.from({ length: 5 }, (_, i) => failure(T + 20_000 + i, '192.0.2.7', `u${i}`))])
    expect(fired(alerts, 'brute')).toEqual(['198.51.100.7'])
    expect(fired(alerts, 'spray')).toEqual(['192.0.2.7'])
    expect(engine.stats().excepted).toBe(11)
  })

  it('of a single rule feeds nothing that counts it', () => {
    const engine = createEngine({ rules, exceptions: [except({ 'source.ip': '192.0.2.7' })] })
    const alerts = runAll(engine, [...attack(T, 9, '192.0.2.7'), success(T + 20_000, '192.0.2.7')])
    expect(alerts).toEqual([])
  })

  it('gets others at run time and goes on counting where it was', () => {
    const engine = createEngine({ rules })
    const events = attack(T, 5, '192.0.2.7')
    const told = (list: readonly SecurityEvent[], from: number): string[] =>
      fired(
        list.flatMap((one, i) => engine.process(one, from + i)),
        'brute',
      )
    expect(told(events.slice(0, 4), 1)).toEqual([])
    engine.setExceptions([except({ 'source.ip': '192.0.2.7' }, { ruleId: 'brute' })])
    expect(told(events.slice(4), 5)).toEqual([])
    engine.setExceptions([])
    expect(told([failure(T + 9_000, '192.0.2.7')], 6)).toEqual(['192.0.2.7'])
  })

  it('is the same as one without, once the day is over', () => {
    const events = attack(T, 30, '192.0.2.7')
    const over = createEngine({ rules, exceptions: [except({ 'source.ip': '192.0.2.7' }, { until: T })] })
    expect(runAll(over, events)).toEqual(runAll(createEngine({ rules }), events))
  })

  it('gives the same alerts as a stream from which the events were taken, for any mixture', () => {
    const steps = fc.array(fc.tuple(fc.integer({ min: 0, max: 4 }), fc.integer({ min: 0, max: 3 }), fc.integer({ min: 0, max: 3_000 })), {
      maxLength: 60,
    })
    fc.assert(
      fc.property(steps, (list) => {
        let now = T
        const events = list.map(([address, user, gap]) => failure((now += gap), `198.51.100.${address}`, `u${user}`))
        const engine = createEngine({ rules, exceptions: [except({ 'source.ip': '198.51.100.2/31' })] })
        const kept = createEngine({ rules })
        const all = [...events.flatMap((one, i) => engine.process(one, i)), ...engine.flush()]
        // the same line numbers: those of the events that were left out are not used
        const without = [
          ...events.flatMap((one, i) =>
            /\.[23]$/.test(one['source.ip'] ?? '') ? kept.process({ '@timestamp': one['@timestamp'] }, i) : kept.process(one, i),
          ),
          ...kept.flush(),
        ]
        expect(all).toEqual(without)
      }),
    )
  })
})
