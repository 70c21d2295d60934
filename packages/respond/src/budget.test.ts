import { MINUTE } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { budgetReason, createBudget, DEFAULT_BUDGET, spend, trip } from './budget.js'
import { decisionOf, NOW } from './fixtures/alerts.js'

const target = { kind: 'ip', value: '203.0.113.7' } as const
const none = (): [] => []

describe('the rate', () => {
  it('allows as many as the limit in any sixty seconds, not in each minute of the clock', () => {
    let budget = createBudget({ perMinute: 2 })
    budget = spend(spend(budget, NOW), NOW + 59_000)
    expect(budgetReason(budget, none, target, NOW + 59_999)).toMatch(/2 decisions a minute/)
    expect(budgetReason(budget, none, target, NOW + MINUTE)).toBeUndefined()
    budget = spend(budget, NOW + MINUTE)
    expect(budget.recent).toEqual([NOW + 59_000, NOW + MINUTE])
    expect(budgetReason(budget, none, target, NOW + MINUTE + 1)).toBeDefined()
  })

  it('keeps no more times than the limit, and allows none when the limit is none', () => {
    let budget = createBudget({ perMinute: 3 })
    for (let i = 0; i < 100; i++) budget = spend(budget, NOW + i)
    expect(budget.recent).toHaveLength(3)
    expect(budgetReason(createBudget({ perMinute: 0 }), none, target, NOW)).toBeDefined()
  })

  it('does not read what is held while the rate is spent', () => {
    const budget = spend(createBudget({ perMinute: 1 }), NOW)
    const forbidden = (): never => {
      throw new Error('read')
    }
    expect(budgetReason(budget, forbidden, target, NOW)).toBeDefined()
  })
})

describe('what is in force', () => {
  it('counts enforced decisions that bind now, and nothing else', () => {
    const budget = createBudget({ active: 2 })
    const other = { target: { kind: 'user', value: 'u' } } as const
    const held = [
      decisionOf(other),
      decisionOf({ ...other, mode: 'observe' }),
      decisionOf({ ...other, expiresAt: NOW }),
      decisionOf({ ...other, lifted: { at: NOW, by: { kind: 'operator', id: 'o' }, reason: 'x' } }),
    ]
    expect(budgetReason(budget, () => held, target, NOW)).toBeUndefined()
    expect(budgetReason(budget, () => [...held, decisionOf(other)], target, NOW)).toMatch(/2 decisions in force/)
  })

  it('counts the addresses of one /16, a range with all of its own', () => {
    const budget = createBudget({ networkShare: 257 / 65_536 })
    const range = decisionOf({ target: { kind: 'cidr', value: '203.0.5.0/24' } })
    expect(budgetReason(budget, () => [range], target, NOW)).toBeUndefined()
    const one = decisionOf({ target: { kind: 'ip', value: '203.0.7.1' } })
    expect(budgetReason(budget, () => [range, one], target, NOW)).toMatch(/203\.0\.0\.0\/16/)
    expect(budgetReason(budget, () => [range, { ...one, target: { kind: 'ip', value: '198.51.100.1' } }], target, NOW)).toBeUndefined()
  })

  it('counts the /64s of one IPv6 /48 the same way', () => {
    const budget = createBudget({ networkShare: 1 / 65_536 })
    const asked = { kind: 'cidr', value: '2001:db8:1:2::/64' } as const
    const held = (value: string) => () => [decisionOf({ target: { kind: 'cidr', value } })]
    expect(budgetReason(budget, held('2001:db8:2:2::/64'), asked, NOW)).toBeUndefined()
    expect(budgetReason(budget, held('2001:db8:1:3::/64'), asked, NOW)).toMatch(/2001:db8:1::\/48/)
  })

  it('has room for a user where the addresses of a network are used up', () => {
    const budget = createBudget({ networkShare: 0 })
    expect(budgetReason(budget, none, target, NOW)).toBeDefined()
    expect(budgetReason(budget, none, { kind: 'user', value: 'u' }, NOW)).toBeUndefined()
  })
})

describe('state', () => {
  it('is plain data with the limits of a fresh install, and remembers when it tripped', () => {
    const budget = createBudget()
    expect(JSON.parse(JSON.stringify(trip(budget, NOW)))).toEqual({ limits: DEFAULT_BUDGET, recent: [], trippedAt: NOW })
    expect(budget.trippedAt).toBeNull()
  })
})
