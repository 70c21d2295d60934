import { createMemo, type FieldValue, type GeoLookup, type SecurityEvent } from '@parapet/core'

/** Fills in where an event came from, in place; the event is given back. */
export type Enricher = (event: SecurityEvent) => SecurityEvent

/** Addresses whose place is remembered, twice as many at most, and characters of one that are looked at. */
const REMEMBERED = 16_384
const LONGEST = 64

type Fields = readonly (readonly [name: string, value: FieldValue])[]
const NOWHERE: Fields = []

/** The fields that say where; {@link createEnricher} sets those that an event lacks. Km: how far off the point may be. */
export const PLACE_FIELDS = {
  country: 'source.geo.country_iso_code',
  city: 'source.geo.city_name',
  latitude: 'source.geo.location.lat',
  longitude: 'source.geo.location.lon',
  accuracyKm: 'source.geo.accuracy_km',
  asn: 'source.as.number',
  network: 'source.as.organization.name',
} as const

/**
 * Builds the step between parser and engine that adds `source.geo.*` and `source.as.*` to events with a `source.ip`, from the operator's own
 * databases. What an event says itself is kept: an event with a country or a position of its own gets neither from here, so that two places are
 * never mixed. Addresses are looked up once and remembered, bounded; a look-up that fails says nothing. Source: ECS 8, geo and as fields.
 */
export const createEnricher = (geo: GeoLookup): Enricher => {
  const memo = createMemo<Fields>(REMEMBERED, LONGEST)
  const lookUp = (address: string): Fields => {
    let found: ReturnType<GeoLookup['lookup']>
    try {
      found = geo.lookup(address)
    } catch {
      // detection goes on without places
      return NOWHERE
    }
    if (found === undefined) return NOWHERE
    const fields: (readonly [string, FieldValue])[] = []
    for (const [key, name] of Object.entries(PLACE_FIELDS)) {
      const value = found[key as keyof typeof PLACE_FIELDS]
      if (value !== undefined) fields.push([name, value])
    }
    return fields
  }
  return (event) => {
    const address = event['source.ip']
    if (typeof address !== 'string' || address === '' || address.length > LONGEST) return event
    let fields = memo.get(address)
    if (fields === undefined) {
      fields = lookUp(address)
      memo.set(address, fields)
    }
    if (fields.length === 0) return event
    const placed = event[PLACE_FIELDS.country] !== undefined || event[PLACE_FIELDS.latitude] !== undefined
    for (const [name, value] of fields) {
      if (event[name] !== undefined) continue
      if (placed && name.startsWith('source.geo.')) continue
      event[name] = value
    }
    return event
  }
}
