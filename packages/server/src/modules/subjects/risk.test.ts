import { DAY, HOUR, type Level, LEVELS, type SubjectFlag } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { decayed, type RiskFacts, riskOf } from './risk.js'

const NOW = 1_795_000_000_000
const NOTHING: RiskFacts = { now: NOW, alerts: [], flags: [], failures: 0, newDeviceAt: null, newCountryAt: null }
const risk = (facts: Partial<RiskFacts>): number => riskOf({ ...NOTHING, ...facts }).risk
const alert = (level: Level, age = 0) => ({ level, at: NOW - age })

const agoArb = fc.integer({ min: 0, max: 7 * DAY })
const factsArb: fc.Arbitrary<RiskFacts> = fc.record({
  now: fc.constant(NOW),
  alerts: fc.array(fc.record({ level: fc.constantFrom<Level>(...LEVELS), at: agoArb.map((age) => NOW - age) }), { maxLength: 40 }),
  flags: fc.array(fc.record({ kind: fc.constantFrom<SubjectFlag['kind']>('deny', 'suspend', 'require_mfa', 'require_reset') }), {
    maxLength: 4,
  }),
  failures: fc.double({ min: 0, max: 1e6, noNaN: true }),
  newDeviceAt: fc.option(agoArb.map((age) => NOW - age)),
  newCountryAt: fc.option(agoArb.map((age) => NOW - age)),
})

describe('the risk of a subject', () => {
  it('is nothing, for no reason, where nothing happened', () => {
    expect(riskOf(NOTHING)).toEqual({ risk: 0, why: [] })
    expect(risk({ alerts: [alert('informational')] })).toBe(0)
  })

  it('rises with the level of an alert, and halves with each day', () => {
    const levels = LEVELS.map((level) => risk({ alerts: [alert(level)] }))
    expect(levels).toEqual(levels.toSorted((a, b) => a - b))
    expect(levels).toEqual([0, 5, 20, 45, 70])
    expect([0, 1, 2, 6].map((days) => risk({ alerts: [alert('critical', days * DAY)] }))).toEqual([70, 35, 18, 1])
  })

  it('of many small things never passes that of one large by their number alone', () => {
    expect(risk({ alerts: Array.from({ length: 5 }, () => alert('low')) })).toBeLessThan(risk({ alerts: [alert('high')] }))
    expect(risk({ failures: 1_000_000 })).toBe(40)
  })

  it('says what it is made of, the weightiest first, in sentences', () => {
    const { why } = riskOf({
      ...NOTHING,
      alerts: [alert('high', 2 * HOUR), alert('high', DAY), alert('low', 0)],
      flags: [{ kind: 'require_mfa' }, { kind: 'require_mfa' }],
      failures: 1,
      newCountryAt: NOW - 3 * HOUR,
      newDeviceAt: NOW - 6 * DAY,
    })
    expect(why).toEqual([
      '2 alerts of level high, the last 2h ago.',
      'Signed in from a new country, 3h ago.',
      'Has to show a second factor.',
      'An alert of level low, 1m ago.',
      'A failed sign-in of late.',
    ])
  })

  it('lies between 0 and 100, is never less for more facts, and falls with time', () => {
    fc.assert(
      fc.property(factsArb, factsArb, fc.integer({ min: 0, max: 30 * DAY }), (facts, more, later) => {
        const both = {
          ...facts,
          alerts: [...facts.alerts, ...more.alerts],
          flags: [...facts.flags, ...more.flags],
          failures: facts.failures + more.failures,
        }
        const one = riskOf(facts)
        expect(one.risk).toBeGreaterThanOrEqual(0)
        expect(one.risk).toBeLessThanOrEqual(100)
        expect(riskOf(both).risk).toBeGreaterThanOrEqual(one.risk)
        expect(riskOf({ ...facts, now: NOW + later }).risk).toBeLessThanOrEqual(one.risk)
        expect(one.why.every((words) => words.endsWith('.'))).toBe(true)
        expect(one.risk <= 1 || one.why.length > 0).toBe(true)
      }),
      { numRuns: 300, seed: 20_261_122 },
    )
  })

  it('forgets failures by half every six hours', () => {
    expect(decayed(8, NOW - 12 * HOUR, NOW)).toBe(2)
    expect(decayed(8, NOW + HOUR, NOW)).toBe(8)
  })
})
