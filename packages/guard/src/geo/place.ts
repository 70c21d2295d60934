import type { Place } from './types.js'

type Fields = Readonly<Record<string, unknown>>

const LONGEST = 80

const fieldsOf = (value: unknown): Fields => (typeof value === 'object' && value !== null ? (value as Fields) : {})
const textOf = (value: unknown): string | undefined => (typeof value === 'string' && value !== '' ? value.slice(0, LONGEST) : undefined)
const within = (value: unknown, most: number): number | undefined =>
  typeof value === 'number' && Number.isFinite(value) && Math.abs(value) <= most ? value : undefined

const countryOf = (record: Fields): string | undefined => {
  const code =
    textOf(fieldsOf(record['country'])['iso_code']) ??
    textOf(record['country_code']) ??
    textOf(record['country']) ??
    textOf(fieldsOf(record['registered_country'])['iso_code'])
  return code !== undefined && /^[A-Z]{2}$/.test(code) ? code : undefined
}

const asnOf = (record: Fields): number | undefined => {
  const given = record['autonomous_system_number'] ?? record['asn']
  const number = typeof given === 'string' ? Number(/^(?:AS)?(\d{1,10})$/.exec(given)?.[1] ?? Number.NaN) : given
  return typeof number === 'number' && Number.isInteger(number) && number > 0 && number <= 0xffff_ffff ? number : undefined
}

/** Reads a record of the usual databases: country, city, ASN, in the shapes of MaxMind and of those that are flat. Anything odd is left out. */
export const readPlace = (record: unknown): Place => {
  const fields = fieldsOf(record)
  const location = fieldsOf(fields['location'])
  const city = textOf(fieldsOf(fieldsOf(fields['city'])['names'])['en']) ?? textOf(fields['city'])
  const network = textOf(fields['autonomous_system_organization']) ?? textOf(fields['as_name'])
  const latitude = within(location['latitude'] ?? fields['latitude'], 90)
  const longitude = within(location['longitude'] ?? fields['longitude'], 180)
  const accuracyKm = within(location['accuracy_radius'], 20_000)
  const country = countryOf(fields)
  const asn = asnOf(fields)
  return {
    ...(country === undefined ? {} : { country }),
    ...(city === undefined ? {} : { city }),
    ...(asn === undefined ? {} : { asn }),
    ...(network === undefined ? {} : { network }),
    // half a position is none
    ...(latitude === undefined || longitude === undefined ? {} : { latitude, longitude }),
    ...(accuracyKm === undefined || accuracyKm < 0 ? {} : { accuracyKm }),
  }
}
