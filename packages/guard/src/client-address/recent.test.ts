import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRecent } from './recent.js'

fc.configureGlobal({ seed: 20_261_122 })

describe('what was read lately', () => {
  it('is read anew only until it has come twice', () => {
    let reads = 0
    const recent = createRecent((text) => ({ text, at: reads++ }))
    for (let i = 0; i < 10; i++) recent('203.0.113.7')
    expect(reads).toBe(2)
    expect(recent('203.0.113.7')).toBe(recent('203.0.113.7'))
  })

  it('is always what a reader without memory says', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 200 }), { maxLength: 400 }), (order) => {
        const recent = createRecent((text) => (text.length % 2 === 0 ? null : text.toUpperCase()))
        for (const n of order) {
          const text = 'x'.repeat(n % 7) + n
          expect(recent(text)).toBe(text.length % 2 === 0 ? null : text.toUpperCase())
        }
      }),
    )
  })

  it('is not pushed out by a flood of texts that come once', () => {
    let reads = 0
    const recent = createRecent((text) => (reads++, text))
    for (let i = 0; i < 3; i++) recent('here')
    for (let i = 0; i < 200_000; i++) recent(`flood ${i}`)
    reads = 0
    recent('here')
    expect(reads).toBe(0)
  })

  it('is bounded: many more texts that come twice push out the oldest, and stay right', () => {
    let reads = 0
    const recent = createRecent((text) => (reads++, text))
    let wrong = 0
    for (let i = 0; i < 60_000; i++) for (let twice = 0; twice < 2; twice++) if (recent(`client ${i}`) !== `client ${i}`) wrong++
    expect(wrong).toBe(0)
    reads = 0
    recent('client 0')
    expect(reads).toBe(1)
  })

  it('keeps no text that is long, however often it comes', () => {
    let reads = 0
    const recent = createRecent((text) => (reads++, text))
    for (let i = 0; i < 5; i++) recent('x'.repeat(300))
    expect(reads).toBe(5)
  })
})
