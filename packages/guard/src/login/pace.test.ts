import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPace } from './pace.js'

fc.configureGlobal({ seed: 20_261_122 })

describe('the pace of refusals', () => {
  it('holds nobody before a check was ever timed', () => {
    expect(createPace().missing(0)).toBe(0)
  })

  it('is that of the slowest recent check, which fast ones for unknown names hardly pull down', () => {
    const pace = createPace()
    pace.note(80)
    for (let i = 0; i < 20; i++) pace.note(0)
    expect(pace.missing(0)).toBeGreaterThan(70)
    for (let i = 0; i < 2_000; i++) pace.note(10)
    expect(pace.missing(0)).toBe(10)
  })

  it('takes off what has passed, never holds longer than a second, and never asks for time back', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 100_000 }), { maxLength: 30 }),
        fc.integer({ min: 0, max: 100_000 }),
        (checks, elapsed) => {
          const pace = createPace()
          for (const ms of checks) pace.note(ms)
          const missing = pace.missing(elapsed)
          expect(missing).toBeGreaterThanOrEqual(0)
          expect(missing).toBeLessThanOrEqual(Math.max(0, 1_000 - elapsed))
          const last = checks.at(-1) ?? 0
          expect(missing + elapsed).toBeGreaterThanOrEqual(Math.min(1_000, last))
        },
      ),
    )
  })
})
