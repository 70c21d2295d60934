import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { limitHeaders, limitProblem } from './answer.js'
import { createLimiter } from './limiter.js'
import type { LimitPolicy, LimitVerdict } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })

/** One member of a list of structured fields: a text and its parameters, which are whole numbers or texts. Source: RFC 9651. */
const MEMBER = /^"([A-Za-z][\w.-]{0,63})"((?:;[a-z]+=(?:\d{1,15}|"[a-z-]+"))*)$/

type Member = { readonly name: string; readonly parameters: ReadonlyMap<string, string> }

const parse = (field: string | undefined): readonly Member[] =>
  (field ?? '').split(', ').map((member) => {
    const [, name = '', rest = ''] = MEMBER.exec(member) ?? []
    expect(member).toMatch(MEMBER)
    return { name, parameters: new Map(rest.split(';').slice(1).map((pair) => pair.split('=') as [string, string])) } // prettier-ignore
  })
const numbersOf = ({ parameters }: Member): readonly number[] => [...parameters.values()].map(Number)

const policy: fc.Arbitrary<LimitPolicy> = fc.oneof(
  fc.record({
    kind: fc.constantFrom('gcra', 'sliding_window', 'fixed_window'),
    limit: fc.integer({ min: 1, max: 100_000 }),
    windowMs: fc.integer({ min: 1, max: 31 * 86_400_000 }),
  }),
  fc.record({
    kind: fc.constant('concurrency' as const),
    limit: fc.integer({ min: 1, max: 1_000 }),
    leaseMs: fc.integer({ min: 1, max: 86_400_000 }),
  }),
)
const name = fc.stringMatching(/^[A-Za-z][\w.-]{0,20}$/)

/** What several policies say after so many requests. */
const verdictsOf = (policies: Readonly<Record<string, LimitPolicy>>, requests: number): readonly LimitVerdict[] => {
  const limiter = createLimiter({ policies, clock: () => 1_800_000_000_000 })
  const takes = Object.keys(policies).map((one) => ({ policy: one, key: ['k'] }))
  let { verdicts } = limiter.take(takes)
  for (let i = 1; i < requests; i++) ({ verdicts } = limiter.take(takes))
  return verdicts
}

describe('the fields of draft 10', () => {
  it('are lists of structured fields with whole numbers, for any policies and any state of them', () => {
    fc.assert(
      fc.property(fc.dictionary(name, policy, { minKeys: 1, maxKeys: 4 }), fc.integer({ min: 1, max: 12 }), (policies, requests) => {
        const verdicts = verdictsOf(policies, requests)
        const fields = new Map(limitHeaders(verdicts))
        const [declared, state] = [parse(fields.get('RateLimit-Policy')), parse(fields.get('RateLimit'))]
        // the same policies in both, in the same order
        expect(declared.map((member) => member.name)).toEqual(verdicts.map((verdict) => verdict.policy))
        expect(state.map((member) => member.name)).toEqual(verdicts.map((verdict) => verdict.policy))
        for (const [i, verdict] of verdicts.entries()) {
          expect(Number(declared[i]?.parameters.get('q'))).toBe(verdict.limit)
          expect(declared[i]?.parameters.has('w')).toBe(verdict.concurrent !== true)
          expect(Number(state[i]?.parameters.get('r'))).toBe(verdict.remaining)
          expect(state.flatMap(numbersOf).every((number) => Number.isInteger(number) && number >= 0)).toBe(true)
        }
        // whoever waits what he is told has waited for the longest of them
        const waits = verdicts.flatMap((verdict) => (verdict.kind === 'limited' ? [verdict.retryAfter] : []))
        expect(fields.get('Retry-After')).toBe(waits.length === 0 ? undefined : String(Math.max(...waits)))
        expect(waits.every((wait) => Number.isInteger(wait) && wait >= 1)).toBe(true)
      }),
      { numRuns: 200 },
    )
  })

  it('tell the truth: a client that follows them is never refused', () => {
    let now = 1_800_000_000_000
    const limiter = createLimiter({
      policies: { p: { limit: 4, windowMs: 10_000 }, q: { kind: 'fixed_window', limit: 6, windowMs: 25_000 } },
      clock: () => now,
    })
    const takes = [{ policy: 'p', key: ['k'] }, { policy: 'q', key: ['k'] }] // prettier-ignore
    let refused = 0
    for (let i = 0; i < 60; i++) {
      const { verdicts } = limiter.take(takes)
      const fields = new Map(limitHeaders(verdicts))
      if (fields.has('Retry-After')) refused++
      const empty = parse(fields.get('RateLimit')).filter(({ parameters }) => parameters.get('r') === '0')
      for (const { parameters } of empty) now += Number(parameters.get('t')) * 1_000
    }
    expect(refused).toBe(0)
  })
})

describe('the body of a refusal', () => {
  it('names what was violated and nothing else: no key, no count, no address', () => {
    const limiter = createLimiter({ policies: { tight: { limit: 1, windowMs: 60_000 }, wide: { limit: 9, windowMs: 60_000 } } })
    const takes = ['tight', 'wide'].map((one) => ({ policy: one, key: ['203.0.113.77', 'alice@example.org'] }))
    limiter.take(takes)
    const body = limitProblem(limiter.take(takes).verdicts)
    expect(body['violated-policies']).toEqual(['tight'])
    expect(JSON.stringify(body)).not.toMatch(/203\.0|alice|wide/)
    expect(body.status).toBe(429)
  })
})
