import { describe, expect, it } from 'vitest'
import { fakeClock } from '@parapet/testkit'
import type { LimitRule, StoreTake } from '../limiter/types.js'
import { memoryLimits } from './memory-limits.js'

const HOUR = 3_600_000
const rule: LimitRule = { kind: 'fixed_window', limit: 3, windowMs: HOUR }
const one = (key: string, cost = 1, by: LimitRule = rule): StoreTake => ({ key, rule: by, cost })

describe('limits in the memory of one process', () => {
  it('say that nobody else reads them, and at which time they judged', async () => {
    const clock = fakeClock()
    const limits = memoryLimits(clock, 100)
    expect(limits.shared).toBe(false)
    clock.advance(1_234)
    expect((await limits.take([one('k')], 'l')).at).toBe(clock())
  })

  it('keep one count for a rule, whoever wrote it down, and another for each other rule', async () => {
    const limits = memoryLimits(fakeClock(), 100)
    await limits.take([one('k')], 'l')
    expect((await limits.take([one('k', 1, { ...rule })], 'l')).answers[0]?.remaining).toBe(1)
    expect((await limits.take([one('k', 1, { ...rule, limit: 4 })], 'l')).answers[0]?.remaining).toBe(3)
    expect((await limits.take([one('k', 1, { kind: 'sliding_window', limit: 3, windowMs: HOUR })], 'l')).answers[0]?.remaining).toBe(2)
  })

  it('stay bounded for every rule, and open nothing for who had used everything', async () => {
    const limits = memoryLimits(fakeClock(), 50)
    for (let i = 0; i < 3; i++) await limits.take([one('attacker')], 'l')
    for (let i = 0; i < 5_000; i++) await limits.take([one(`flood${i}`)], 'l')
    expect((await limits.take([one('attacker')], 'l')).answers[0]?.limited).toBe(true)
  })

  it('end a lease by its name, and leave those of others', async () => {
    const slots: LimitRule = { kind: 'concurrency', limit: 2, windowMs: HOUR }
    const limits = memoryLimits(fakeClock(), 50)
    for (const lease of ['a', 'b']) await limits.take([one('k', 1, slots)], lease)
    await limits.give([one('k', 1, slots)], 'unknown')
    expect((await limits.take([one('k', 1, slots)], 'c')).answers[0]?.limited).toBe(true)
    await limits.give([one('k', 1, slots)], 'a')
    expect((await limits.take([one('k', 1, slots)], 'c')).answers[0]?.limited).toBe(false)
    expect((await limits.take([one('k', 1, slots)], 'd')).answers[0]?.limited).toBe(true)
  })

  it('forget a key of one rule and not of another', async () => {
    const limits = memoryLimits(fakeClock(), 50)
    const other: LimitRule = { ...rule, limit: 9 }
    await limits.take([one('k'), one('k2')], 'l')
    await limits.take([one('k', 1, other)], 'l')
    await limits.forget([one('k')])
    expect((await limits.take([one('k', 0)], 'l')).answers[0]?.remaining).toBe(3)
    expect((await limits.take([one('k', 0, other)], 'l')).answers[0]?.remaining).toBe(8)
  })
})
