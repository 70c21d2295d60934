import { HOUR, MINUTE } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import {
  type BudgetState,
  budgetReason,
  createBudget,
  DEFAULT_BUDGET,
  mustTell,
  restoreBudget,
  type Spending,
  spend,
  trip,
} from './budget.js'
import { decisionOf, NOW } from './fixtures/alerts.js'

const target = { kind: 'ip', value: '203.0.113.7' } as const
const none = (): [] => []
const reasonFor = (
  budget: BudgetState,
  held: Parameters<typeof budgetReason>[1],
  about: Spending['target'],
  now: number,
): string | undefined => budgetReason(budget, held, { target: about }, now)

describe('the rate', () => {
  it('allows as many as the limit in any sixty seconds, not in each minute of the clock', () => {
    let budget = createBudget({ perMinute: 2 })
    budget = spend(spend(budget, NOW), NOW + 59_000)
    expect(reasonFor(budget, none, target, NOW + 59_999)).toMatch(/2 decisions a minute/)
    expect(reasonFor(budget, none, target, NOW + MINUTE)).toBeUndefined()
    budget = spend(budget, NOW + MINUTE)
    expect(budget.recent).toEqual([NOW + 59_000, NOW + MINUTE])
    expect(reasonFor(budget, none, target, NOW + MINUTE + 1)).toBeDefined()
  })

  it('keeps no more times than the limit, and allows none when the limit is none', () => {
    let budget = createBudget({ perMinute: 3 })
    for (let i = 0; i < 100; i++) budget = spend(budget, NOW + i)
    expect(budget.recent).toHaveLength(3)
    expect(reasonFor(createBudget({ perMinute: 0 }), none, target, NOW)).toBeDefined()
  })

  it('does not read what is held while the rate is spent', () => {
    const budget = spend(createBudget({ perMinute: 1 }), NOW)
    const forbidden = (): never => {
      throw new Error('read')
    }
    expect(reasonFor(budget, forbidden, target, NOW)).toBeDefined()
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
    expect(reasonFor(budget, () => held, target, NOW)).toBeUndefined()
    expect(reasonFor(budget, () => [...held, decisionOf(other)], target, NOW)).toMatch(/2 decisions in force/)
  })

  it('counts the addresses of one /16, a range with all of its own', () => {
    const budget = createBudget({ networkShare: 257 / 65_536 })
    const range = decisionOf({ target: { kind: 'cidr', value: '203.0.5.0/24' } })
    expect(reasonFor(budget, () => [range], target, NOW)).toBeUndefined()
    const one = decisionOf({ target: { kind: 'ip', value: '203.0.7.1' } })
    expect(reasonFor(budget, () => [range, one], target, NOW)).toMatch(/203\.0\.0\.0\/16/)
    expect(reasonFor(budget, () => [range, { ...one, target: { kind: 'ip', value: '198.51.100.1' } }], target, NOW)).toBeUndefined()
  })

  it('counts the /64s of one IPv6 /48 the same way', () => {
    const budget = createBudget({ networkShare: 1 / 65_536 })
    const asked = { kind: 'cidr', value: '2001:db8:1:2::/64' } as const
    const held = (value: string) => () => [decisionOf({ target: { kind: 'cidr', value } })]
    expect(reasonFor(budget, held('2001:db8:2:2::/64'), asked, NOW)).toBeUndefined()
    expect(reasonFor(budget, held('2001:db8:1:3::/64'), asked, NOW)).toMatch(/2001:db8:1::\/48/)
  })

  it('has room for a user where the addresses of a network are used up', () => {
    const budget = createBudget({ networkShare: 0 })
    expect(reasonFor(budget, none, target, NOW)).toBeDefined()
    expect(reasonFor(budget, none, { kind: 'user', value: 'u' }, NOW)).toBeUndefined()
  })
})

describe('state', () => {
  it('is plain data with the limits of a fresh install, and remembers when it tripped', () => {
    const budget = createBudget()
    expect(JSON.parse(JSON.stringify(trip(budget, NOW)))).toEqual({
      limits: DEFAULT_BUDGET,
      recent: [],
      hour: [],
      trippedAt: NOW,
      toldAt: null,
    })
    expect(budget.trippedAt).toBeNull()
  })
})

describe('shares of the traffic of the last hour', () => {
  const weigh = (loss: Spending['loss'], total: Spending['total'], budget = createBudget()): string | undefined =>
    budgetReason(budget, none, { target, loss, total }, NOW)
  const total = { requests: 1_000, signIns: 100 }

  it('stop what would take away half of the requests that went well', () => {
    expect(weigh({ requests: 500, signIns: 0, users: 0 }, total)).toMatch(/30 % of the requests/)
    expect(weigh({ requests: 300, signIns: 0, users: 0 }, total)).toBeUndefined()
  })

  it('stop what would take away more than a tenth of the sign-ins, when it is several people', () => {
    expect(weigh({ requests: 0, signIns: 11, users: 3 }, total)).toMatch(/10 % of the sign-ins/)
    expect(weigh({ requests: 0, signIns: 10, users: 9 }, total)).toBeUndefined()
    // who signs in to an account of his own between his guesses does not buy himself off
    expect(weigh({ requests: 0, signIns: 90, users: 2 }, total)).toBeUndefined()
  })

  it('count what decisions of the hour took away together, and forget it after an hour', () => {
    let budget = createBudget()
    const loss = { requests: 100, signIns: 4, users: 4 }
    for (let i = 0; i < 3; i++) {
      expect(budgetReason(budget, none, { target, loss, total: { requests: 1_000, signIns: 200 } }, NOW + i * MINUTE)).toBeUndefined()
      budget = spend(budget, NOW + i * MINUTE, loss)
    }
    expect(budgetReason(budget, none, { target, loss, total: { requests: 1_000, signIns: 200 } }, NOW + 3 * MINUTE)).toMatch(/30 %/)
    expect(budgetReason(budget, none, { target, loss, total: { requests: 1_000, signIns: 200 } }, NOW + HOUR + 3 * MINUTE)).toBeUndefined()
    for (let i = 0; i < 500; i++) budget = spend(budget, NOW + i * MINUTE, loss)
    expect(budget.hour.length).toBeLessThanOrEqual(61)
  })

  it('say nothing where little is known: at night the one attacker is most of the traffic', () => {
    expect(weigh({ requests: 150, signIns: 3, users: 3 }, { requests: 160, signIns: 4 })).toBeUndefined()
    expect(weigh({ requests: 999, signIns: 99, users: 9 }, undefined)).toBeUndefined()
    expect(weigh(undefined, total)).toBeUndefined()
  })

  it('do not count against a decision that takes nothing away', () => {
    const spent = spend(createBudget(), NOW, { requests: 900, signIns: 90, users: 9 })
    expect(weigh({ requests: 0, signIns: 0, users: 0 }, total, spent)).toBeUndefined()
  })
})

describe('a human', () => {
  it('is told once an hour that a limit was hit, and not when none was', () => {
    expect(mustTell(createBudget(), NOW)).toBe(false)
    const tripped = trip(createBudget(), NOW)
    expect(mustTell(tripped, NOW)).toBe(true)
    expect(mustTell({ ...tripped, toldAt: NOW - HOUR + 1 }, NOW)).toBe(false)
    expect(mustTell({ ...tripped, toldAt: NOW - HOUR }, NOW)).toBe(true)
    expect(mustTell(tripped, NOW + 1)).toBe(false)
  })
})

describe('a budget that was stored', () => {
  it('is read back whole, under the limits of today', () => {
    const budget = trip(spend(createBudget(), NOW, { requests: 5, signIns: 3, users: 3 }), NOW)
    expect(restoreBudget(JSON.parse(JSON.stringify(budget)), { perMinute: 3 })).toEqual({
      ...budget,
      limits: { ...DEFAULT_BUDGET, perMinute: 3 },
    })
  })

  it.each([undefined, null, 7, 'x', [], {}, { recent: 'x', hour: [{}, { minute: 1 }, null], trippedAt: 'x', toldAt: {} }])(
    'counts as not spent where %j cannot be read',
    (stored) => {
      expect(restoreBudget(stored)).toEqual(createBudget())
    },
  )
})
