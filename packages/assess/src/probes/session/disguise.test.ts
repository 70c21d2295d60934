import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { disguise } from './disguise.js'

fc.configureGlobal({ seed: 20_261_122 })

const seeded =
  (seed: number) =>
  (size: number): Uint8Array =>
    Uint8Array.from({ length: size }, (_, i) => (seed * 31 + i * 17) & 255)

describe('a made-up id', () => {
  it('has the shape of a real one, so that a check of the shape does not stop it', () => {
    const made = disguise('s%3A4f9c21.Zz-Aa_09', seeded(1))
    expect(made).toMatch(/^[g-z]%\d[A-F]\d[a-f]\d[a-f]\d\d\.[G-Z][g-z]-[A-F][a-f]_\d\d$/)
    expect(made).not.toBe('s%3A4f9c21.Zz-Aa_09')
  })

  it('is never the real one', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), fc.nat(1_000), (real, seed) => {
        expect(disguise(real, seeded(seed))).not.toBe(real)
      }),
    )
  })
})
