import type { GeoLookup, Place, SecurityEvent } from '@parapet/core'
import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createEnricher } from './enricher.js'

fc.configureGlobal({ seed: 20_261_122 })
const BERLIN: Place = {
  country: 'DE',
  city: 'Berlin',
  latitude: 52.52,
  longitude: 13.405,
  accuracyKm: 20,
  asn: 64_500,
  network: 'Example Net',
}

const asked = (places: Readonly<Record<string, Place>>): GeoLookup & { readonly asked: string[] } => {
  const list: string[] = []
  return {
    asked: list,
    lookup: (address) => {
      list.push(address)
      return Object.hasOwn(places, address) ? places[address] : undefined
    },
  }
}
const event = (fields: Partial<SecurityEvent>): SecurityEvent => ({ '@timestamp': 7, ...fields })

describe('an event with an address', () => {
  it('gets all that the databases know of it, under the names of ECS', () => {
    const enrich = createEnricher(asked({ '203.0.113.7': BERLIN }))
    expect(enrich(event({ 'source.ip': '203.0.113.7', 'user.name': 'alice' }))).toEqual({
      '@timestamp': 7,
      'source.ip': '203.0.113.7',
      'user.name': 'alice',
      'source.geo.country_iso_code': 'DE',
      'source.geo.city_name': 'Berlin',
      'source.geo.location.lat': 52.52,
      'source.geo.location.lon': 13.405,
      'source.geo.accuracy_km': 20,
      'source.as.number': 64_500,
      'source.as.organization.name': 'Example Net',
    })
  })

  it('keeps what it says itself, and never gets half of another place', () => {
    const enrich = createEnricher(asked({ '203.0.113.7': BERLIN }))
    const own = enrich(event({ 'source.ip': '203.0.113.7', 'source.geo.country_iso_code': 'FR' }))
    expect(own).toMatchObject({ 'source.geo.country_iso_code': 'FR', 'source.as.number': 64_500 })
    expect(own).not.toHaveProperty('source.geo.city_name')
    expect(own).not.toHaveProperty('source.geo.location.lat')
    const there = enrich(event({ 'source.ip': '203.0.113.7', 'source.geo.location.lat': 0, 'source.geo.location.lon': 0 }))
    expect(there['source.geo.location.lat']).toBe(0)
    expect(there).not.toHaveProperty('source.geo.country_iso_code')
  })

  it('stays as it is when nobody knows the address, or there is none', () => {
    const geo = asked({})
    const enrich = createEnricher(geo)
    for (const fields of [{ 'source.ip': '192.0.2.1' }, {}, { 'source.ip': '' }, { 'source.ip': 'x'.repeat(5_000) }])
      expect(enrich(event(fields))).toEqual(event(fields))
    expect(geo.asked).toEqual(['192.0.2.1'])
  })

  it('is not lost when the look-up fails', () => {
    const enrich = createEnricher({
      lookup: () => {
        throw new Error('damaged')
      },
    })
    expect(enrich(event({ 'source.ip': '203.0.113.7' }))).toEqual(event({ 'source.ip': '203.0.113.7' }))
  })
})

describe('addresses', () => {
  it('are looked up once, known or not', () => {
    const geo = asked({ '203.0.113.7': BERLIN })
    const enrich = createEnricher(geo)
    for (let i = 0; i < 5; i++) for (const ip of ['203.0.113.7', '192.0.2.1']) enrich(event({ 'source.ip': ip }))
    expect(geo.asked).toEqual(['203.0.113.7', '192.0.2.1'])
  })

  it('are forgotten when there are very many, and looked up again', () => {
    const geo = asked({ '203.0.113.7': BERLIN })
    const enrich = createEnricher(geo)
    enrich(event({ 'source.ip': '203.0.113.7' }))
    for (let i = 0; i < 40_000; i++) enrich(event({ 'source.ip': `10.${i >> 16}.${(i >> 8) & 255}.${i & 255}` }))
    expect(enrich(event({ 'source.ip': '203.0.113.7' }))['source.geo.country_iso_code']).toBe('DE')
    expect(geo.asked.filter((address) => address === '203.0.113.7')).toHaveLength(2)
  })

  it('of any shape neither fail nor touch anything but the fields of the place', () => {
    const names = ['source.geo.', 'source.as.']
    const enrich = createEnricher(asked({ '203.0.113.7': BERLIN, __proto__: BERLIN }))
    fc.assert(
      fc.property(
        fc.oneof(fc.string(), fc.constantFrom('203.0.113.7', '__proto__', 'constructor'), fc.integer(), fc.constant(null)),
        fc.dictionary(fc.string({ maxLength: 12 }), fc.string()),
        (address, rest) => {
          const given = { ...rest, '@timestamp': 1, 'source.ip': address } as unknown as SecurityEvent
          const before = { ...given }
          const after = enrich(given)
          for (const [name, value] of Object.entries(before)) expect(after[name]).toEqual(value)
          const added = Object.keys(after).filter((name) => !Object.hasOwn(before, name))
          expect(added.filter((name) => !names.some((start) => name.startsWith(start)))).toEqual([])
        },
      ),
    )
  })
})
