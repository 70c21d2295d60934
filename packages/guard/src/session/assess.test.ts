import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ClientAddress } from '../client-address/client-address.js'
import type { GeoLookup } from '../geo/types.js'
import type { GuardRequest } from '../request/guard-request.js'
import { assess, nextRecord, sight, type Sighting, whereabouts } from './assess.js'
import type { LiveRecord } from './record.js'
import { NO_RISK, RISK_DEFAULTS } from './risk.js'
import type { RiskLevel, SessionRisk } from './types.js'

fc.configureGlobal({ seed: 20_261_122 })
const NOW = 1_800_000_000_000
const MINUTE = 60_000
const TOUCH = { touchMs: MINUTE, enforce: true }
const STRICT = { v4Prefix: 32, v6Prefix: 64 }
const request = (headers: Readonly<Record<string, string>> = {}): GuardRequest => ({
  method: 'GET',
  url: '/',
  header: (name) => headers[name],
  peer: undefined,
  secure: true,
})
const known = (address: string): ClientAddress => ({ kind: 'known', address, key: address })
/** Counts what it is asked, and places everybody in one country by the first number of the address. */
const counting = (): GeoLookup & { asked: string[] } => {
  const asked: string[] = []
  return {
    asked,
    lookup: (address) => {
      asked.push(address)
      return { country: address.startsWith('203') ? 'DE' : 'US', city: 'Somewhere' }
    },
  }
}
const record = (more: Partial<LiveRecord> = {}): LiveRecord => ({
  kind: 'live',
  id: 'session-1',
  subject: 'anna',
  data: { cart: [1] },
  createdAt: NOW - 60 * MINUTE,
  authenticatedAt: NOW - 60 * MINUTE,
  seenAt: NOW,
  expiresAt: NOW + 600 * MINUTE,
  factors: [],
  print: { b: 'none', p: 'other', h: false, d: false, l: '' },
  ...more,
})
/** A record that was used from an address before, as the first request leaves it. */
const usedFrom = (address: string, geo: GeoLookup): LiveRecord => {
  const blank = record()
  const seen = sight(blank, known(address), request(), NOW, { geo, strict: STRICT })
  const bound = seen.bound()
  return {
    ...blank,
    ...(seen.network === undefined ? {} : { networks: [seen.network] }),
    ...whereabouts({}, address, geo),
    ...(bound === undefined ? {} : { bound }),
  }
}
const look = (held: LiveRecord, address: string, at: number, geo: GeoLookup): Sighting =>
  sight(held, known(address), request(), at, { geo, strict: STRICT })
const risk = (kind: RiskLevel, more: Partial<SessionRisk> = {}): SessionRisk => ({ kind, score: 1, signals: [], ...more })

describe('a look at a request', () => {
  it('asks no database for the address that was used last', () => {
    const geo = counting()
    const held = usedFrom('203.0.113.7', geo)
    geo.asked.length = 0
    const seen = look(held, '203.0.113.7', NOW + 5, geo)
    expect(seen.network).toEqual({ ...held.networks?.[0], t: NOW + 5 })
    expect(geo.asked).toEqual([])
    look(held, '203.0.113.8', NOW + 5, geo)
    expect(geo.asked).toEqual(['203.0.113.8'])
  })

  it('of a client that nobody knows says nothing about the network', () => {
    const seen = sight(record(), { kind: 'unknown', reason: 'no_peer' }, request(), NOW, { geo: counting(), strict: STRICT })
    expect(seen).toMatchObject({ address: undefined, network: undefined })
    expect(seen.bound()).toBeUndefined()
    expect(assess(usedFrom('203.0.113.7', counting()), NOW, seen, 'score', RISK_DEFAULTS)).toEqual(NO_RISK)
  })
})

describe('strict', () => {
  const geo = counting()
  const held = usedFrom('203.0.113.7', geo)
  const judge = (address: string, of: LiveRecord = held): SessionRisk =>
    assess(of, NOW, look(of, address, NOW, geo), 'strict', RISK_DEFAULTS)

  it('knows its own address and no other, whatever the score says', () => {
    expect(judge('203.0.113.7').kind).toBe('none')
    expect(judge('203.0.113.8')).toMatchObject({ kind: 'revoke', signals: ['address_changed'] })
    expect(judge('198.51.100.1').signals).toContain('address_changed')
    expect(judge('2001:db8::1').kind).toBe('revoke')
  })

  it('still weighs the browser: the right address with another browser is no pass', () => {
    const other = { ...held, print: { b: 'firefox', p: 'windows', h: false, d: false, l: '' } }
    expect(judge('203.0.113.7', other).kind).toBe('rotate')
  })

  it('of a session that was never bound asks for proof', () => {
    const { bound: _bound, ...unbound } = held
    expect(judge('203.0.113.7', unbound)).toMatchObject({ kind: 'step_up', signals: ['address_unknown'] })
  })
})

describe('what is written after a request', () => {
  const geo = counting()
  const held = usedFrom('203.0.113.7', geo)
  const next = (
    ms: number,
    address: string,
    judged: SessionRisk = NO_RISK,
    of: LiveRecord = held,
    touch = TOUCH,
  ): ReturnType<typeof nextRecord> => nextRecord(of, NOW + ms, look(of, address, NOW + ms, geo), judged, touch, geo)

  it('is nothing within the minute, and last use after it', () => {
    expect(next(59_999, '203.0.113.7')).toBeUndefined()
    expect(next(MINUTE, '203.0.113.7')?.record).toMatchObject({ seenAt: NOW + MINUTE, address: '203.0.113.7' })
  })

  it('is a new network after ten seconds already, and not with every request that comes from it', () => {
    expect(next(9_999, '198.51.100.1')).toBeUndefined()
    const written = next(10_000, '198.51.100.1')?.record
    expect(written).toMatchObject({ address: '198.51.100.1', place: 'Somewhere, US' })
    expect(written?.networks).toHaveLength(2)
    expect(next(15_000, '198.51.100.1', NO_RISK, written)).toBeUndefined()
  })

  it('is at once what has to be told or asked', () => {
    expect(next(1, '203.0.113.7', risk('observe'))).toMatchObject({ tells: true, rotates: false, record: { told: 'observe' } })
    expect(next(1, '203.0.113.7', risk('step_up'))).toMatchObject({
      tells: true,
      rotates: false,
      record: { flag: { kind: 'step_up', at: NOW + 1 } },
    })
    expect(next(1, '203.0.113.7', risk('rotate'))).toMatchObject({ tells: true, rotates: true, record: { flag: { kind: 'rotate' } } })
  })

  it('is not told nor asked again while it is no worse', () => {
    const flagged = next(1, '203.0.113.7', risk('rotate'))?.record
    expect(next(2, '203.0.113.7', risk('rotate'), flagged)).toBeUndefined()
    expect(next(2, '203.0.113.7', risk('step_up'), flagged)).toBeUndefined()
    const watched = next(1, '203.0.113.7', risk('observe'))?.record
    expect(next(2, '203.0.113.7', risk('observe'), watched)).toBeUndefined()
    expect(next(2, '203.0.113.7', risk('observe', { signals: ['country_changed'] }), watched)).toMatchObject({ tells: true })
    expect(next(2, '203.0.113.7', risk('step_up'), watched)).toMatchObject({ tells: true, record: { flag: { kind: 'step_up' } } })
  })

  it('does not learn from who has to prove himself first', () => {
    for (const kind of ['step_up', 'rotate', 'revoke'] as const) {
      const written = next(2 * MINUTE, '198.51.100.1', risk(kind))?.record
      expect(written?.networks).toEqual(held.networks)
      expect(written?.address).toBe('203.0.113.7')
    }
  })

  it('flags nobody where the score is only watched', () => {
    const written = next(1, '203.0.113.7', risk('rotate'), held, { ...TOUCH, enforce: false })
    expect(written).toMatchObject({ tells: true, rotates: false })
    expect(written?.record).not.toHaveProperty('flag')
  })

  it('keeps, whatever comes, who it is, what it holds, when it ends, and the flag', () => {
    const step = fc.record({
      ms: fc.integer({ min: 0, max: 5 * MINUTE }),
      address: fc.constantFrom('203.0.113.7', '203.0.113.8', '198.51.100.1', '2001:db8::1', 'unknown'),
      kind: fc.constantFrom('none' as const, 'observe' as const, 'step_up' as const, 'rotate' as const, 'revoke' as const),
    })
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        let at = NOW
        let held2 = held
        let flagged: RiskLevel | undefined
        for (const { ms, address, kind } of steps) {
          at += ms
          const written = nextRecord(held2, at, look(held2, address, at, geo), risk(kind), TOUCH, geo)
          held2 = written?.record ?? held2
          if (kind === 'rotate' || (kind === 'step_up' && flagged !== 'rotate')) flagged = kind
          expect(held2.flag?.kind).toBe(flagged)
          const { id, subject, data, createdAt, authenticatedAt, expiresAt, bound, print } = held2
          expect({ id, subject, data, createdAt, authenticatedAt, expiresAt, bound, print }).toEqual({
            id: held.id,
            subject: held.subject,
            data: held.data,
            createdAt: held.createdAt,
            authenticatedAt: held.authenticatedAt,
            expiresAt: held.expiresAt,
            bound: held.bound,
            print: held.print,
          })
          expect(held2.seenAt).toBeGreaterThanOrEqual(held.seenAt)
          expect(held2.networks?.length ?? 0).toBeLessThanOrEqual(6)
        }
      }),
      { numRuns: 150 },
    )
  })
})
