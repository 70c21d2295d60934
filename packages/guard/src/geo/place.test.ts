import * as fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { readPlace } from './place.js'

fc.configureGlobal({ seed: 20_261_122 })

describe('a record', () => {
  it('of a city database gives country, city and position', () => {
    expect(
      readPlace({
        city: { geoname_id: 2_950_159, names: { en: 'Berlin', de: 'Berlin' } },
        continent: { code: 'EU' },
        country: { iso_code: 'DE' },
        registered_country: { iso_code: 'FR' },
        location: { latitude: 52.5, longitude: 13.4, accuracy_radius: 20 },
      }),
    ).toEqual({ country: 'DE', city: 'Berlin', latitude: 52.5, longitude: 13.4, accuracyKm: 20 })
  })

  it('without a country falls back to where the network is registered', () => {
    expect(readPlace({ registered_country: { iso_code: 'FR' } })).toEqual({ country: 'FR' })
  })

  it('of an ASN database gives number and owner, as a number or with its letters', () => {
    expect(readPlace({ autonomous_system_number: 3_320, autonomous_system_organization: 'Example' })).toEqual({
      asn: 3_320,
      network: 'Example',
    })
    expect(readPlace({ asn: 'AS3320', as_name: 'Example' })).toEqual({ asn: 3_320, network: 'Example' })
    expect(readPlace({ asn: '3320' })).toEqual({ asn: 3_320 })
    for (const asn of ['AS', 'AS-1', 'ASx', '4294967296', '99999999999', 1.5, -1, 0, null, {}]) expect(readPlace({ asn })).toEqual({})
  })

  it('keeps a position whole or not at all, and on the globe', () => {
    for (const location of [
      { latitude: 1 },
      { longitude: 1 },
      { latitude: 90.1, longitude: 0 },
      { latitude: 0, longitude: 181 },
      { latitude: '1', longitude: '1' },
    ])
      expect(readPlace({ location })).toEqual({})
    expect(readPlace({ location: { latitude: -90, longitude: 180 } })).toEqual({ latitude: -90, longitude: 180 })
    expect(readPlace({ location: { latitude: 0, longitude: 0, accuracy_radius: -5 } })).toEqual({ latitude: 0, longitude: 0 })
  })

  it('of any shape is read without failing, and gives nothing but what a place is', () => {
    const names = fc.constantFrom(
      'country',
      'city',
      'location',
      'asn',
      'as_name',
      'country_code',
      'names',
      'iso_code',
      'en',
      'latitude',
      'longitude',
      '__proto__',
    )
    const value = fc.letrec((tie) => ({
      any: fc.oneof(
        { depthSize: 'small' },
        fc.string(),
        fc.double(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie('any'), { maxLength: 3 }),
        fc.dictionary(names, tie('any'), { maxKeys: 6 }),
      ),
    })).any
    fc.assert(
      fc.property(value, (record) => {
        const place = readPlace(record)
        for (const [name, held] of Object.entries(place)) {
          expect(['country', 'city', 'asn', 'network', 'latitude', 'longitude', 'accuracyKm']).toContain(name)
          expect(typeof held === 'string' ? held.length <= 80 : Number.isFinite(held)).toBe(true)
        }
        expect(place.country ?? 'DE').toMatch(/^[A-Z]{2}$/)
        expect(place.latitude === undefined).toBe(place.longitude === undefined)
      }),
      { numRuns: 500 },
    )
  })
})
