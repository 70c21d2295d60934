import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createMasker } from '../masker.js'
import { createPlainShapes } from './plain-shapes.js'

fc.configureGlobal({ seed: 20_261_121 })

const masker = createMasker()
const isPlain = createPlainShapes(masker.content)
const ask = (value: string, plain = isPlain): boolean =>
  plain(
    Uint16Array.from(`"${value}"`, (unit) => unit.charCodeAt(0)),
    1,
    value.length + 1,
  )

describe('a value that is passed by its form', () => {
  it.each(['0192f0aa-1b2c-7def-8123-456789abcdef', '203.0.113.7', '2026-01-02T03:04:05.678Z', '2026-01-02T03:04:05Z'])(
    '%s is one',
    (value) => {
      expect(ask(value)).toBe(true)
    },
  )

  it.each([
    '', '4111111111111111', '0192F0AA-1B2C-7DEF-8123-456789ABCDEF', '0192f0aa-1b2c-7def-8123-456789abcde', '0192f0aa_1b2c-7def-8123-456789abcdef', '1.2.3', '1.2.3.4.5',
    '1234.1.1.1', '.1.1.1.1', '1.1.1.1.', '1.1..11', '2026-01-02 03:04:05Z', '2026-01-02T03:04:05.67Z', 'abcdefab', '\u0661\u0661.1.1.1.1',
  ])('%j is none', (value) => {
    expect(ask(value)).toBe(false)
  }) // prettier-ignore

  it('is one in which the scan finds nothing', () => {
    const octet = fc.nat(255)
    const value = fc.oneof(
      fc.uuid(),
      fc.tuple(octet, octet, octet, octet).map((octets) => octets.join('.')),
      fc.date({ min: new Date(0), max: new Date(4e12), noInvalidDate: true }).map((date) => date.toISOString()),
    )
    fc.assert(
      fc.property(value, (given) => {
        expect(ask(given) ? masker.content(given) : given).toBe(given)
      }),
      { numRuns: 3_000 },
    )
  })

  it('is none where the policy hides its form', () => {
    const hidden = createPlainShapes((value) => (value.includes('.7') ? '[x]' : value))
    expect([ask('203.0.113.7', hidden), ask('10.0.0.1', hidden), ask('2026-01-02T03:04:05Z', hidden)]).toEqual([false, false, true])
    const strict = createMasker({ on: ['ipv4'] })
    expect(strict.json('{"a":"203.0.113.7"}')).not.toContain('203.0.113.7')
  })
})
