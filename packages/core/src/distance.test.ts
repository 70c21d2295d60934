import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { distanceKm } from './distance.js'

fc.configureGlobal({ seed: 20_261_122 })

describe('distance', () => {
  it('is that of the globe', () => {
    // between cities, as the great circle has it
    expect(distanceKm(52.52, 13.405, 48.8566, 2.3522)).toBeCloseTo(877.5, 0)
    expect(distanceKm(40.7128, -74.006, 51.5074, -0.1278)).toBeCloseTo(5_570, -1)
    expect(distanceKm(0, 0, 0, 180)).toBeCloseTo(Math.PI * 6_371, 3)
    expect(distanceKm(10, 179.5, 10, -179.5)).toBeLessThan(110)
  })

  it('is a distance: the same both ways, nothing to itself, half the globe at most', () => {
    const lat = fc.double({ min: -90, max: 90, noNaN: true })
    const lon = fc.double({ min: -180, max: 180, noNaN: true })
    fc.assert(
      fc.property(lat, lon, lat, lon, (a, b, c, d) => {
        const there = distanceKm(a, b, c, d)
        expect(there).toBeCloseTo(distanceKm(c, d, a, b), 6)
        expect(there).toBeGreaterThanOrEqual(0)
        expect(there).toBeLessThanOrEqual(Math.PI * 6_371 + 1e-6)
        expect(distanceKm(a, b, a, b)).toBeCloseTo(0, 6)
      }),
    )
  })
})
