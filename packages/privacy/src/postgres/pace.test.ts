import { fakeClock } from '@parapet/testkit'
import { describe, expect, it } from 'vitest'
import { createPace, pauseFor } from './pace.js'

describe('a pace', () => {
  it('waits as long as the rows are ahead of their time', () => {
    expect(pauseFor(1000, 0, 1000)).toBe(1000)
    expect(pauseFor(1000, 400, 1000)).toBe(600)
    expect(pauseFor(1000, 2000, 1000)).toBe(0)
    expect(pauseFor(0, 0, 10)).toBe(0)
  })

  it('counts from its beginning, so that slow batches are made up for', async () => {
    const clock = fakeClock(0)
    const pace = createPace({ rowsPerSecond: 1000 }, clock)
    clock.set(5000)
    const started = performance.now()
    for (let i = 0; i < 5; i++) await pace(1000)
    expect(performance.now() - started).toBeLessThan(500)
  })

  it('does not wait without a number', async () => {
    const started = performance.now()
    await createPace({}, () => 0)(1e9)
    expect(performance.now() - started).toBeLessThan(500)
  })

  it('tells how many rows went by', async () => {
    const heard: number[] = []
    const pace = createPace({ onRows: (rows) => heard.push(rows) }, () => 0)
    for (const rows of [3, 0, 4]) await pace(rows)
    expect(heard).toEqual([3, 0, 4])
  })
})
