import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { isWorse, learnNetwork, RISK_DEFAULTS, weighRequest } from './risk.js'
import type { KnownNetwork, Print } from './traits.js'
import type { RiskLevel, RiskSignal } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })
const NOW = 1_800_000_000_000
const MINUTE = 60_000
const HOUR = 60 * MINUTE
const LAPTOP: Print = { b: 'firefox', p: 'windows', h: false, d: false, l: 'de' }
const CHROME: Print = { b: 'chrome', p: 'windows', h: true, d: false, l: 'de' }
const BERLIN: KnownNetwork = { n: 'berlin', a: 64_500, c: 'DE', y: 52.5, x: 13.4, k: 20, t: NOW }
const HAMBURG: KnownNetwork = { n: 'hamburg', a: 64_501, c: 'DE', y: 53.6, x: 10, k: 20, t: NOW }
const NEW_YORK: KnownNetwork = { n: 'new york', a: 64_510, c: 'US', y: 40.7, x: -74, k: 50, t: NOW }

const weigh = (
  print: Partial<Print>,
  network: Partial<KnownNetwork> | undefined,
  known: readonly KnownNetwork[] = [BERLIN],
  from: Print = LAPTOP,
  at = NOW + HOUR,
) =>
  weighRequest(
    { print: from, networks: known },
    at,
    { print: { ...from, ...print }, network: network === undefined ? undefined : { ...BERLIN, ...network } },
    RISK_DEFAULTS,
  )

describe('one request', () => {
  it('like those before is no risk', () => {
    expect(weigh({}, {})).toEqual({ kind: 'none', score: 0, signals: [] })
    expect(weigh({}, undefined)).toEqual({ kind: 'none', score: 0, signals: [] })
  })

  it.each<[string, Partial<Print>, Partial<KnownNetwork>, RiskSignal[], RiskLevel]>([
    ['a new lease of the same provider', {}, { n: 'other' }, ['network_changed'], 'none'],
    ['wifi, then the phone network', {}, { ...HAMBURG, y: 52.4, x: 13 }, ['network_changed', 'asn_changed'], 'none'],
    [
      'a country crossed by train',
      {},
      { n: 'x', a: 64_502, c: 'FR', y: 50, x: 8.2 },
      ['network_changed', 'asn_changed', 'country_changed'],
      'observe',
    ],
    [
      'a VPN to the other side of the world',
      {},
      { ...NEW_YORK },
      ['network_changed', 'asn_changed', 'country_changed', 'impossible_travel'],
      'step_up',
    ],
    ['another browser at home', { b: 'chrome' }, {}, ['browser_changed'], 'step_up'],
    ['another language', { l: 'en' }, {}, ['language_changed'], 'none'],
    ['another browser and system at home', { b: 'chrome', p: 'linux' }, {}, ['browser_changed', 'platform_changed'], 'rotate'],
    [
      'another browser and system in another country',
      { b: 'chrome', p: 'linux' },
      { n: 'x', c: 'US' },
      ['network_changed', 'country_changed', 'browser_changed', 'platform_changed'],
      'revoke',
    ],
  ])('from %s', (_, print, network, signals, kind) => {
    expect(weigh(print, network)).toMatchObject({ kind, signals })
  })

  it('of a phone that asks for desktop pages is nothing', () => {
    expect(weigh({ p: 'linux' }, {}, [BERLIN], { ...CHROME, p: 'android' })).toMatchObject({ kind: 'none', signals: ['desktop_mode'] })
    expect(weigh({ p: 'macos' }, {}, [BERLIN], { ...LAPTOP, b: 'safari', p: 'ios' })).toMatchObject({ kind: 'none' })
    expect(weigh({ p: 'windows' }, {}, [BERLIN], { ...CHROME, p: 'android' })).toMatchObject({ signals: ['platform_changed'] })
  })

  it('whose hints contradict its User-Agent wears a mask, unless it always did', () => {
    expect(weigh({ d: true }, {}, [BERLIN], CHROME)).toMatchObject({ kind: 'observe', signals: ['hints_disagree'] })
    expect(weigh({ d: true }, {}, [BERLIN], { ...CHROME, d: true }).signals).toEqual([])
    expect(weigh({ h: false }, {}, [BERLIN], CHROME)).toMatchObject({ kind: 'none', signals: ['hints_missing'] })
    expect(weigh({ h: true }, {}).signals).toEqual([])
  })

  it('of a thief who copied the User-Agent is asked who he is', () => {
    expect(weigh({ h: false, l: 'en' }, NEW_YORK, [BERLIN], CHROME).kind).toBe('rotate')
    expect(weigh({ h: false, l: 'en' }, { ...NEW_YORK, y: 48, x: 2 }, [BERLIN], CHROME, NOW + 9 * HOUR).kind).toBe('step_up')
  })

  it('without facts of a place says nothing about places', () => {
    const { t, n } = BERLIN
    expect(weighRequest({ print: LAPTOP, networks: [{ t, n }] }, NOW, { print: LAPTOP, network: NEW_YORK }, RISK_DEFAULTS).signals).toEqual(
      ['network_changed'],
    )
    expect(
      weighRequest({ print: LAPTOP, networks: [BERLIN] }, NOW, { print: LAPTOP, network: { n: 'x', t } }, RISK_DEFAULTS).signals,
    ).toEqual(['network_changed'])
    expect(weighRequest({ print: LAPTOP, networks: [] }, NOW, { print: LAPTOP, network: NEW_YORK }, RISK_DEFAULTS).signals).toEqual([])
  })
})

describe('travel', () => {
  const fly = (hours: number, to: KnownNetwork = NEW_YORK): readonly RiskSignal[] =>
    weigh({}, to, [BERLIN], LAPTOP, NOW + hours * HOUR).signals

  it('is impossible faster than a jet', () => {
    expect(fly(1)).toContain('impossible_travel')
    expect(fly(6)).toContain('impossible_travel')
    expect(fly(7)).not.toContain('impossible_travel')
    expect(fly(30)).not.toContain('impossible_travel')
  })

  it('between places that databases may confuse is none', () => {
    expect(fly(0, HAMBURG)).not.toContain('impossible_travel')
    expect(fly(0, { ...NEW_YORK, k: 6_400 })).not.toContain('impossible_travel')
  })

  it('to a network that the session knows is none: a VPN may be switched on and off', () => {
    const known = [BERLIN, { ...NEW_YORK, t: NOW - HOUR }]
    expect(weigh({}, NEW_YORK, known, LAPTOP, NOW + MINUTE).signals).toEqual([])
  })
})

describe('use from two places at once', () => {
  const both = (other: KnownNetwork, ago: number): readonly RiskSignal[] =>
    weigh({}, { ...other, t: NOW }, [BERLIN, { ...other, t: NOW - ago }], LAPTOP, NOW + 30_000).signals

  it('is seen when two places take turns', () => {
    expect(both(NEW_YORK, 30_000)).toEqual(['simultaneous_use'])
    expect(both(NEW_YORK, 5 * MINUTE)).toEqual([])
  })

  it('is not two networks of one place: wifi and phone, IPv4 and IPv6', () => {
    expect(both(HAMBURG, 10_000)).toEqual([])
    expect(both({ n: 'v6', t: NOW }, 10_000)).toEqual([])
  })
})

describe('any request', () => {
  const text = fc.constantFrom('firefox', 'chrome', 'safari', 'none')
  const print: fc.Arbitrary<Print> = fc.record({
    b: text,
    p: fc.constantFrom('windows', 'android', 'linux', 'ios', 'macos'),
    h: fc.boolean(),
    d: fc.boolean(),
    l: fc.constantFrom('', 'de', 'en'),
  })
  const network: fc.Arbitrary<KnownNetwork> = fc.record(
    {
      n: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'),
      a: fc.integer({ min: 1, max: 4 }),
      c: fc.constantFrom('DE', 'US', 'FR'),
      y: fc.integer({ min: -90, max: 90 }),
      x: fc.integer({ min: -180, max: 180 }),
      k: fc.integer({ min: 0, max: 1_000 }),
      t: fc.integer({ min: NOW - 10 * HOUR, max: NOW }),
    },
    { requiredKeys: ['n', 't'] },
  )

  it('with the same browser is asked to prove itself at most, wherever it comes from: nobody is signed out for travelling', () => {
    fc.assert(
      fc.property(
        print,
        fc.array(network, { maxLength: 6 }),
        network,
        fc.integer({ min: NOW, max: NOW + HOUR }),
        (one, known, seen, at) => {
          const { kind } = weighRequest({ print: one, networks: known }, at, { print: one, network: seen }, RISK_DEFAULTS)
          expect(isWorse(kind, 'step_up')).toBe(false)
        },
      ),
      { numRuns: 2_000 },
    )
  })

  it('comes to the sum of its signs, each at most once', () => {
    fc.assert(
      fc.property(print, print, fc.array(network, { maxLength: 6 }), network, (one, other, known, seen) => {
        const risk = weighRequest({ print: one, networks: known }, NOW, { print: other, network: seen }, RISK_DEFAULTS)
        expect(new Set(risk.signals).size).toBe(risk.signals.length)
        expect(risk.score).toBe(risk.signals.reduce((sum, signal) => sum + RISK_DEFAULTS.weights[signal], 0))
        for (const [level, least] of Object.entries(RISK_DEFAULTS.thresholds))
          expect(isWorse(level as RiskLevel, risk.kind)).toBe(risk.score < least)
      }),
      { numRuns: 2_000 },
    )
  })

  it('is known once it was learned, and no more than six networks are kept', () => {
    fc.assert(
      fc.property(fc.array(network, { maxLength: 20 }), network, (many, last) => {
        const known = [...many, last].reduce<readonly KnownNetwork[]>((held, one) => learnNetwork(held, one), [])
        expect(known.length).toBeLessThanOrEqual(6)
        expect(known[0]).toEqual(last)
        expect(new Set(known.map(({ n }) => n)).size).toBe(known.length)
        expect(weighRequest({ print: LAPTOP, networks: known }, NOW, { print: LAPTOP, network: last }, RISK_DEFAULTS).score).toBe(0)
      }),
    )
  })
})
