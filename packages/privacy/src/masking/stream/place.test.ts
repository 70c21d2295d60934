import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createPlaceTracker } from './place.js'

fc.configureGlobal({ seed: 20_261_121 })

describe('createPlaceTracker', () => {
  it('counts lines and characters as an editor does, however the text is cut', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: fc.constantFrom('a', '\n', 'ü', '漢', '👩', ' '), maxLength: 60 }),
        fc.array(fc.nat(60)),
        (text, cuts) => {
          const bytes = Buffer.from(text)
          const tracker = createPlaceTracker()
          let at = 0
          for (const cut of [...cuts, bytes.length].toSorted((a, b) => a - b)) {
            const to = Math.min(cut, bytes.length)
            tracker.advance(bytes, at, to)
            at = to
          }
          const lines = text.split('\n')
          expect(tracker.place()).toEqual({ line: lines.length, column: Array.from(lines.at(-1) ?? '').length + 1 })
        },
      ),
      { numRuns: 500 },
    )
  })

  it('never looks behind the place it was told to stop at', () => {
    const tracker = createPlaceTracker()
    tracker.advance(Buffer.from('ab\ncd\n'), 0, 2)
    expect(tracker.place()).toEqual({ line: 1, column: 3 })
  })
})
