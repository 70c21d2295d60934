import { describe, expect, it } from 'vitest'
import { fakeClock } from '@parapet/testkit'
import { createBreaker } from './breaker.js'

const setup = () => {
  const clock = fakeClock()
  const told: unknown[] = []
  const breaker = createBreaker({
    clock,
    failures: 3,
    retryMs: 1_000,
    opened: (at, reason) => told.push(['opened', at, reason]),
    closed: (at, lasted) => told.push(['closed', at, lasted]),
  })
  const fail = (times = 1): void => {
    for (let i = 0; i < times; i++) breaker.failed('down')
  }
  return { clock, told, breaker, fail }
}

describe('the breaker', () => {
  it('opens after failures in a row, not after as many with a success between', () => {
    const { breaker, fail, told } = setup()
    fail(2)
    breaker.succeeded()
    fail(2)
    expect(breaker.admit()).toBe('go')
    expect(told).toEqual([])
    fail()
    expect(breaker.isOpen()).toBe(true)
    expect(breaker.admit()).toBe('skip')
    expect(told).toHaveLength(1)
  })

  it('lets one call through when it is time, and keeps the others away until that one has ended', () => {
    const { breaker, fail, clock } = setup()
    fail(3)
    clock.advance(999)
    expect(breaker.admit()).toBe('skip')
    clock.advance(1)
    expect([breaker.admit(), breaker.admit(), breaker.admit()]).toEqual(['probe', 'skip', 'skip'])
    fail()
    clock.advance(1_000)
    expect(breaker.admit()).toBe('probe')
    breaker.succeeded()
    expect([breaker.admit(), breaker.admit()]).toEqual(['go', 'go'])
  })

  it('tries again though a probe never ended, and though the clock was set back', () => {
    const { breaker, fail, clock } = setup()
    fail(3)
    clock.advance(1_000)
    expect(breaker.admit()).toBe('probe')
    clock.advance(1_000)
    expect(breaker.admit()).toBe('probe')
    clock.advance(-86_400_000)
    expect(breaker.admit()).toBe('probe')
    expect(breaker.admit()).toBe('skip')
  })

  it('tells of the beginning and of the end once each, with how long it took', () => {
    const { breaker, fail, clock, told } = setup()
    const began = clock()
    fail(7)
    clock.advance(5_000)
    breaker.succeeded()
    breaker.succeeded()
    expect(told).toEqual([
      ['opened', began, 'down'],
      ['closed', began + 5_000, 5_000],
    ])
  })
})
