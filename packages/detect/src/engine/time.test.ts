import { describe, expect, it } from 'vitest'
import { failure } from './fixtures/rules.js'
import { burst, engineOf, MINUTE, of, SECOND, T } from './fixtures/sign-ins.js'
import type { EngineAlert } from './grouper.js'

describe('time', () => {
  it('takes events a little out of order, and counts later ones as late', () => {
    const engine = engineOf()
    const shuffled = [0, 8, 3, 6, 1].map((at) => failure(T + at * SECOND, '198.51.100.7'))
    const fired = of(
      shuffled.flatMap((event, i) => engine.process(event, i)),
      'brute',
      'fired',
    )
    expect(fired[0]?.alert.events).toEqual([0, 4, 2, 3, 1])
    engine.process(failure(T - 20 * SECOND, '198.51.100.7'), 'late')
    expect(engine.stats().late).toBeGreaterThan(0)
    expect(of(engine.flush(), 'brute')).toEqual([])
  })

  it('is not blinded by a source whose clock is hours ahead', () => {
    const engine = engineOf()
    const alerts: EngineAlert[] = []
    for (let i = 0; i < 5; i++) {
      alerts.push(...engine.process(failure(T + 13 * 60 * MINUTE + i, '203.0.113.1', `u${i}`), `ahead${i}`))
      alerts.push(...engine.process(failure(T + i * SECOND, '198.51.100.7'), i))
    }
    expect(of(alerts, 'brute', 'fired').map((item) => item.alert.targets[0])).toContain('198.51.100.7')
  })

  it.each([
    ['a year ahead', 365 * 24 * 60 * MINUTE],
    ['years back', -900 * 24 * 60 * MINUTE],
  ])('is not blinded in one and the same group by a source that is %s', (_, off) => {
    // failures on one user, told by two hosts of which one has a wrong clock
    const engine = engineOf()
    const alerts: EngineAlert[] = [...engine.process(failure(T, '198.51.100.99'), 'first')]
    for (let i = 0; i < 12; i++) {
      alerts.push(...engine.process(failure(T + off + i * SECOND, `203.0.113.${i}`), `wrong${i}`))
      alerts.push(...engine.process(failure(T + i * SECOND, `198.51.100.${i}`), i))
    }
    alerts.push(...engine.flush())
    const named = of(alerts, 'distributed').flatMap((item) => item.alert.targets)
    expect(named).toContain('198.51.100.11')
    expect(named).toContain('203.0.113.11')
    expect(engine.stats().late).toBeLessThan(8)
  })

  it('looks at conditions that wait at their time, whatever one source claims', () => {
    const engine = engineOf()
    const told: EngineAlert[] = []
    const three = burst(3, T, SECOND)
    for (const [i, event] of three.entries()) {
      told.push(...engine.process(event, i))
      told.push(...engine.process(failure(T + 1e10 + i, '203.0.113.1', 'm'), `wrong${i}`))
    }
    expect(of(told, 'exactly', 'fired')).toEqual([])
    expect(of(engine.process(failure(T + 6 * MINUTE, '203.0.113.9'), 'x'), 'exactly', 'fired').map((item) => item.alert.targets)).toEqual([
      ['198.51.100.7'],
    ])
  })

  it('settles what waits when time is set back, instead of waiting for it to come again', () => {
    const engine = engineOf()
    for (const [i, event] of burst(3, T + 3e9, SECOND).entries()) engine.process(event, i)
    const told = Array.from({ length: 3 }, (_, i) => engine.process(failure(T + i, `203.0.113.${i}`), `now${i}`)).flat()
    expect(of(told, 'exactly', 'fired')).toHaveLength(1)
  })

  it('counts an event once that was delivered again under the same id, and twice under another', () => {
    const fired = (ids: readonly string[]): number => {
      const engine = engineOf()
      return of(
        ids.flatMap((id) => engine.process(failure(T + Number(id[0]) * SECOND, '198.51.100.7'), id)),
        'brute',
        'fired',
      ).length
    }
    expect(fired(['1', '2', '3', '4', '1', '2', '3', '4', '4'])).toBe(0)
    expect(fired(['1', '2', '3', '4', '4b'])).toBe(1)
    expect(fired(['1', '2', '3', '4', '1', '5'])).toBe(1)
  })

  it('is not stopped by one event from the far future', () => {
    const engine = engineOf()
    engine.process(failure(T + 1e12, '203.0.113.1', 'mallory'), 'x')
    const alerts = burst(5, T, SECOND).flatMap((event, i) => engine.process(event, i))
    expect(of(alerts, 'brute', 'fired')).toHaveLength(1)
  })

  it('forgets a group soon after its time is over, and not for one event of a wrong clock', () => {
    const engine = engineOf()
    const of100 = Array.from({ length: 100 }, (_, i) => failure(T + i * SECOND, `198.51.100.${i}`, `u${i}`))
    for (const [i, event] of of100.entries()) engine.process(event, i)
    const held = engine.stats().groups
    engine.process(failure(T + 59 * MINUTE, '203.0.113.1', 'mallory'), 'wrong')
    expect(engine.stats().groups).toBeGreaterThanOrEqual(held)
    // many others: groups are forgotten when another one of their rule and part is at work
    for (let i = 0; i < 2_000; i++)
      engine.process(failure(T + 60 * MINUTE + i * 5 * SECOND, `192.0.${i >> 8}.${i & 255}`, `v${i}`), `later${i}`)
    const keys = [...engine.entries()].map(({ key }) => key)
    expect(keys.filter((key) => key.includes('198.51.100.'))).toEqual([])
    expect(engine.stats().evicted).toBe(0)
  })
})
