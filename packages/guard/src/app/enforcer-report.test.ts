import { createDecisionSet } from '@parapet/core'
import { describe, expect, it } from 'vitest'
import { createEnforcement } from '../enforcement/enforcement.js'
import { createEnforcerReporter } from './enforcer-report.js'
import { decide } from './fixtures/world.js'
import type { GuardStatus } from './types.js'

const NOW = 1_800_000_000_000

const setup = (observe = false) => {
  let now = NOW
  let link: GuardStatus['controlPlane'] = 'live'
  const set = createDecisionSet({ enforcer: 'guard' })
  const enforcement = createEnforcement({ set, clock: () => now, has: { keyring: false, geo: false } })
  const reporter = createEnforcerReporter({ set, enforcement, clock: () => now, observe, cannot: ['challenge'], link: () => link })
  return {
    set,
    reporter,
    at: (ms: number) => {
      now = ms
    },
    away: () => {
      link = 'away'
    },
  }
}

describe('what a guard says of itself as an enforcer', () => {
  it('is what it holds and judges by, up to which revision, and what it cannot do', () => {
    const { set, reporter } = setup()
    set.apply(decide(NOW, { revision: 4 }))
    set.apply(decide(NOW, { revision: 5, action: 'challenge' }))
    set.apply(decide(NOW, { revision: 6, target: { kind: 'country', value: 'XX' } }))
    set.apply(decide(NOW, { revision: 7, enforcers: ['nftables'] }))
    expect(reporter.report()).toMatchObject({
      kind: 'guard',
      mode: 'enforce',
      revision: 7,
      wanted: 3,
      held: 3,
      checkedAt: NOW,
      cannot: ['challenge'],
      latencyMs: null,
      trouble: null,
      refused: [{ reason: 'challenge: needs keyring or secret' }, { reason: 'target country: needs geo' }],
    })
  })

  it('names no more decisions than a report may hold, however many it cannot do', () => {
    const { set, reporter } = setup(true)
    for (let i = 0; i < 1_000; i++) set.apply(decide(NOW, { action: 'challenge' }))
    expect(reporter.report().refused).toHaveLength(50)
    expect(reporter.report().mode).toBe('observe')
    expect(reporter.report().instance.length).toBeLessThanOrEqual(100)
  })

  it('tells how long decisions took, and not of those that came late because it was away', () => {
    const { reporter, at, away } = setup()
    for (const took of [10, 20, 30, 40, 900]) {
      at(NOW + took)
      reporter.came(decide(NOW, { startsAt: NOW }))
    }
    at(NOW - 5)
    reporter.came(decide(NOW, { startsAt: NOW }))
    at(NOW + 3_600_000)
    reporter.came(decide(NOW, { startsAt: NOW }))
    expect(reporter.report().latencyMs).toEqual({ p50: 30, p99: 900 })
    away()
    expect(reporter.report().trouble).toMatch(/stay in force/)
  })
})
