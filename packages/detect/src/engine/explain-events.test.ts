import type { SecurityEvent } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { builtinRules } from '../sigma/builtin.js'
import { compileRules } from '../sigma/compile.js'
import { createEngine } from './engine.js'
import { explainEvents, type RuleExplanation } from './explain-events.js'
import { failure, LOGIN_RULES, rulesOf, runAll, singleRule, success } from './fixtures/rules.js'

const T = Date.UTC(2026, 0, 5, 9)
const rules = rulesOf(LOGIN_RULES)
const attack = (count: number): SecurityEvent[] =>
  Array.from({ length: count }, (_, i) => failure(T + i * 1_000, '198.51.100.7', `u${i % 3}`))
const of = (events: readonly SecurityEvent[], ruleId: string, more = {}): RuleExplanation | undefined =>
  explainEvents(rules, events, { ruleId, ...more }).rules[0]

describe('the explanation of a count', () => {
  it('tells how full its fullest window was, of which group, against its bound', () => {
    expect(of([...attack(4), failure(T, '203.0.113.1')], 'brute')).toEqual({
      ruleId: 'brute',
      title: 'Brute force',
      kind: 'event_count',
      alerts: 0,
      candidates: 5,
      matches: 5,
      excepted: 0,
      window: { group: { 'source.ip': '198.51.100.7' }, count: 4, bound: 'five', needed: 5, events: [0, 1, 2, 3] },
    })
  })

  it('counts values where the rule does, and looks at the timespan only', () => {
    expect(of(attack(9), 'spray')?.window).toMatchObject({ count: 3, bound: 'four' })
    const spread = [0, 1, 2].map((i) => failure(T + i * 10 * 60_000, '198.51.100.7'))
    expect(of(spread, 'brute')?.window?.count).toBe(2)
  })

  it('tells that it fired, and that matches were excepted', () => {
    expect(of(attack(7), 'brute')?.alerts).toBe(1)
    const exception = {
      id: 'e',
      ruleId: 'brute',
      match: { 'user.name': 'u1' },
      until: T + 1e9,
      reason: '',
      by: { id: '', name: '' },
      createdAt: 0,
    }
    expect(of(attack(6), 'brute', { exceptions: [exception] })).toMatchObject({
      alerts: 0,
      candidates: 6,
      excepted: 2,
      matches: 4,
      window: { count: 4 },
    })
  })
})

describe('the explanation of a single rule', () => {
  const shop = rulesOf(
    singleRule(
      'probe:\n  url.path|contains: .env\n  http.request.method: GET\nours:\n  source.ip|cidr: 192.0.2.0/24\ncondition: probe and not ours',
    ),
  )
  const web = (fields: Record<string, string>): SecurityEvent => ({ '@timestamp': T, 'event.category': 'web', ...fields })
  const nearest = (...events: SecurityEvent[]): RuleExplanation['nearest'] => explainEvents(shop, events).rules[0]?.nearest

  it('names the field of the nearest event, what it was and what it should have been', () => {
    expect(nearest(web({ 'url.path': '/' }), web({ 'url.path': '/.env', 'http.request.method': 'POST' }))).toEqual({
      event: 1,
      misses: [{ field: 'http.request.method', wanted: 'is “get”', value: 'POST' }],
    })
  })

  it('names what must not be, and what is missing', () => {
    expect(nearest(web({ 'url.path': '/.env', 'http.request.method': 'GET', 'source.ip': '192.0.2.9' }))?.misses).toEqual([
      { field: 'source.ip', wanted: 'not: is in 192.0.2.0/24', value: '192.0.2.9' },
    ])
    expect(nearest(web({ 'url.path': '/.env' }))?.misses).toEqual([{ field: 'http.request.method', wanted: 'is “get”', value: undefined }])
  })

  it('says nothing of events that are not of its log source, and nothing is near where it matched', () => {
    expect(explainEvents(shop, [failure(T, '198.51.100.1')]).rules[0]).toEqual({
      ruleId: 'test',
      title: 'Test',
      kind: 'single',
      alerts: 0,
      candidates: 0,
      matches: 0,
      excepted: 0,
    })
    const matched = explainEvents(shop, [web({ 'url.path': '/x' }), web({ 'url.path': '/.env', 'http.request.method': 'GET' })]).rules[0]
    expect(matched).toMatchObject({ alerts: 1, matches: 1, candidates: 2 })
    expect(matched?.nearest).toBeUndefined()
  })

  it('bounds what it repeats of an attacker, without its control characters', () => {
    const [miss] = nearest(web({ 'url.path': '/.env', 'http.request.method': `\u001B[2J${'x'.repeat(5_000)}` }))?.misses ?? []
    expect(miss?.value?.length).toBeLessThan(130)
    expect(miss?.value).not.toContain('\u001B')
  })

  it('tells the nearest event exactly when the rule does not match, for any mixture', () => {
    const fields = fc.record({
      'url.path': fc.constantFrom('/', '/.env'),
      'http.request.method': fc.constantFrom('GET', 'POST'),
      'source.ip': fc.constantFrom('192.0.2.1', '198.51.100.1'),
    })
    fc.assert(
      fc.property(fc.array(fields, { minLength: 1, maxLength: 6 }), (list) => {
        const events = list.map(web)
        const [told] = explainEvents(shop, events).rules
        const fired = runAll(createEngine({ rules: shop }), events).length > 0
        expect(told?.nearest === undefined).toBe(fired)
        expect((told?.matches ?? 0) > 0).toBe(fired)
        const lacking = ({ 'url.path': path, 'http.request.method': method, 'source.ip': ip }: (typeof list)[number]): number =>
          Number(path !== '/.env') + Number(method !== 'GET') + Number(ip.startsWith('192'))
        expect(told?.nearest?.misses.length ?? 0).toBe(Math.min(...list.map(lacking)))
      }),
    )
  })
})

describe('an explanation', () => {
  it('reads fields that only a count looks at, of all the rules that come with Parapet', async () => {
    const builtin = compileRules(await builtinRules()).rules
    const told = explainEvents(builtin, attack(4)).rules
    expect(told.filter(({ window }) => window !== undefined).length).toBeGreaterThan(2)
    expect(told).toHaveLength(builtin.rules.length)
  })

  it('is the same each time, and tells what the engine counted', () => {
    const events = [...attack(9), success(T + 20_000, '198.51.100.7'), failure(T - 60_000, '198.51.100.7')]
    const first = explainEvents(rules, events)
    expect(explainEvents(rules, events)).toEqual(first)
    expect(first.stats.late).toBeGreaterThan(0)
    expect(first.rules.map(({ ruleId }) => ruleId)).toEqual(rules.rules.map(({ id }) => id))
    expect(explainEvents(rules, [])).toMatchObject({ stats: { events: 0 } })
  })
})
