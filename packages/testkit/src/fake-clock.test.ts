import { describe, expect, it } from 'vitest'
import { fakeClock } from './index.js'

describe('a fake clock', () => {
  it('stands still until it is moved', () => {
    const clock = fakeClock(1000)
    expect([clock(), clock()]).toEqual([1000, 1000])
    expect(clock.advance(250)).toBe(1250)
    expect(clock()).toBe(1250)
  })

  it('may be set back, as machines do', () => {
    const clock = fakeClock(1000)
    clock.set(10)
    expect(clock()).toBe(10)
  })

  it('starts at a fixed time when none is given, and each clock is its own', () => {
    const [one, other] = [fakeClock(), fakeClock()]
    one.advance(5)
    expect(new Date(other()).toISOString()).toBe('2026-11-20T00:00:00.000Z')
    expect(one() - other()).toBe(5)
  })
})
