import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isFresh, proveFactors, provenSince } from './factors.js'
import type { Session } from './record.js'

fc.configureGlobal({ seed: 20_261_122 })
const NOW = 1_800_000_000_000
const session = (more: Partial<Session> = {}): Session => ({
  id: 'x',
  subject: 'anna',
  data: {},
  createdAt: NOW - 50_000,
  authenticatedAt: NOW - 10_000,
  seenAt: NOW,
  expiresAt: NOW + 50_000,
  factors: [
    { factor: 'totp', at: NOW - 10_000 },
    { factor: 'password', at: NOW - 50_000 },
  ],
  ...more,
})
const flagged = session({ flag: { kind: 'step_up', score: 45, signals: ['browser_changed'], at: NOW - 1 } })

describe('a fresh session', () => {
  it('is one whose last proof is young, however old its sign-in [ASVS 7.5.1]', () => {
    expect(isFresh(session(), NOW, 10_000)).toBe(true)
    expect(isFresh(session(), NOW, 9_999)).toBe(false)
  })

  it('is none that was seen at risk since: who uses it now has proven nothing', () => {
    expect(isFresh(flagged, NOW, 1_000_000)).toBe(false)
    expect(provenSince(flagged, 0)).toBe(false)
    expect(provenSince(flagged, 0, ['totp'])).toBe(false)
  })
})

describe('a proof since a decision began', () => {
  it('is one of the factors asked for, given after it', () => {
    expect(provenSince(session(), NOW - 20_000, ['totp', 'passkey'])).toBe(true)
    expect(provenSince(session(), NOW - 10_000, ['totp'])).toBe(false)
    expect(provenSince(session(), NOW - 20_000, ['password'])).toBe(false)
    expect(provenSince(session(), NOW - 20_000, ['passkey'])).toBe(false)
    expect(provenSince(session(), NOW - 20_000, [])).toBe(false)
    expect(provenSince(session(), NOW - 20_000, ['__proto__'])).toBe(false)
  })

  it('is any proof when none is named, also in a session that was never told of factors', () => {
    expect(provenSince(session({ factors: [] }), NOW - 20_000)).toBe(true)
    expect(provenSince(session({ factors: [] }), NOW - 20_000, ['totp'])).toBe(false)
    expect(provenSince(session(), NOW)).toBe(false)
  })
})

describe('the factors of a session', () => {
  it('are each kept once, with the time of their last proof, the newest first', () => {
    const name = fc.constantFrom('password', 'totp', 'passkey', 'recovery_code')
    fc.assert(
      fc.property(fc.array(fc.array(name, { maxLength: 3 }), { maxLength: 8 }), (proofs) => {
        const last = new Map<string, number>()
        let known = proveFactors([], [], NOW)
        for (const [i, proven] of proofs.entries()) {
          known = proveFactors(known, proven, NOW + i)
          for (const factor of proven) last.set(factor, NOW + i)
        }
        expect(new Map(known.map(({ factor, at }) => [factor, at]))).toEqual(last)
        expect(known.map(({ at }) => at)).toEqual(known.map(({ at }) => at).toSorted((a, b) => b - a))
      }),
    )
  })

  it('are bounded in number, and in what a name may be', () => {
    const many = Array.from({ length: 40 }, (_, i) => `factor_${i}`).reduce(
      (known, one, i) => proveFactors(known, [one], NOW + i),
      proveFactors([], [], NOW),
    )
    expect(many).toHaveLength(16)
    expect(many[0]?.factor).toBe('factor_39')
    for (const name of ['', 'Totp', 'x'.repeat(33), 'a b', '__proto__', 'a\n', '1st'])
      expect(() => proveFactors([], [name], NOW)).toThrow(expect.objectContaining({ code: 'PPT_INVALID' }))
  })
})
