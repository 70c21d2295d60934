import type { Alert } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { testVault } from '../../vault/fixtures/test-vault.js'
import { countedOf, type PutAway, reopens, triageKey } from './group-log.js'

const vault = testVault()
const of = (id: string, kind: Alert['scope']['kind'], value: string): string =>
  triageKey(vault, { rule: { id, title: '', level: 'low', tags: [], version: '' }, scope: { kind, value } })
const hostile = fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 30 }).map((units) => String.fromCharCode(...units))

describe('the key of a group', () => {
  it('is the same for the same rule and scope, another for any other, and may stand in a URL, whatever attackers are called', () => {
    fc.assert(
      fc.property(hostile, hostile, hostile, (rule, value, more) => {
        expect(of(rule, 'user', value)).toBe(of(rule, 'user', value))
        expect(of(rule, 'user', value)).toMatch(/^[\w-]{27}$/)
        expect(of(rule, 'ip', value)).not.toBe(of(rule, 'user', value))
        expect(of(`${rule}x${more}`, 'user', value)).not.toBe(of(rule, 'user', `x${more}${value}`))
      }),
      { seed: 20_261_122 },
    )
  })
})

describe('a count', () => {
  it('is a whole number that a column holds, whatever a rule adds up', () => {
    expect([2.4, -3, 1e300, 0, 7].map((count) => countedOf({ count }))).toEqual([2, 0, Number.MAX_SAFE_INTEGER, 0, 7])
  })
})

const held = (change: Partial<PutAway>): PutAway => ({
  status: 'snoozed',
  verdict: null,
  level: 2,
  events: 10,
  snoozedUntil: 1_000,
  snoozedLevel: 2,
  snoozedEvents: 10,
  ...change,
})
const change = { level: 2, events: 1, isNew: true, at: 500 }

describe('a group that was put away', () => {
  it('stays so while nothing gets worse', () => {
    expect(reopens(held({}), change)).toBeUndefined()
    expect(reopens(held({}), { ...change, level: 0, events: 9 })).toBeUndefined()
    expect(reopens(held({ status: 'open' }), { ...change, level: 4, events: 1_000 })).toBeUndefined()
    expect(reopens(held({ status: 'acknowledged' }), { ...change, level: 4, events: 1_000 })).toBeUndefined()
  })

  it('opens at its time, at a higher level, at twice the events', () => {
    expect(reopens(held({}), { ...change, at: 1_000 })).toContain('time')
    expect(reopens(held({}), { ...change, level: 3 })).toContain('high')
    expect(reopens(held({}), { ...change, events: 10 })).toContain('20 events')
    // nothing was counted when it was put away: the first two events are worse
    expect(reopens(held({ events: 0, snoozedEvents: 0 }), { ...change, events: 1 })).toBeUndefined()
    expect(reopens(held({ events: 0, snoozedEvents: 0 }), { ...change, events: 2 })).toContain('2 events')
  })

  it('and closed opens by a new alert alone', () => {
    expect(reopens(held({ status: 'closed', verdict: 'true_positive' }), change)).toContain('true positive')
    expect(reopens(held({ status: 'closed', verdict: 'benign' }), { ...change, isNew: false, level: 4, events: 99 })).toBeUndefined()
  })
})
