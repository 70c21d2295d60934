import { DAY, distanceKm, HOUR } from '@parapet/core'
import type { Travel } from '../sigma/rule.js'

/** Where somebody was seen. Degrees, km, ms; `network` is the number of the autonomous system, 0 when nobody knows it. Plain JSON. */
export type Sight = {
  readonly lat: number
  readonly lon: number
  readonly accuracy: number
  readonly time: number
  readonly network: number
  readonly address: string
  readonly country: string
  readonly ref: string | number
}

/** A place, and how often it was reached in a way that is possible. */
export type KnownPlace = readonly [place: string, seen: number]

/** Two networks (or places) between which somebody jumps: newest jump as a day number, and on how many days it was seen. */
export type KnownPair = readonly [pair: string, day: number, days: number]

/** What is known of one traveller: where he was last, his places and his usual jumps, used last in front. Plain JSON. */
export type Journey = {
  readonly at: Sight
  readonly places: readonly KnownPlace[]
  readonly pairs: readonly KnownPair[]
  /** the newest journey that nobody can make: how far, in what time, from which country to which */
  readonly jump?: { readonly km: number; readonly ms: number; readonly from: string; readonly to: string }
}

/** `spared`: too fast for anybody, between networks that this traveller often uses in turns. */
export type TravelVerdict = 'first' | 'near' | 'possible' | 'spared' | 'impossible'

/** Places and pairs that are remembered of one traveller. */
export const MOST_PLACES = 16
/** Days on which a jump was seen before it counts as his habit: a phone and a VPN. */
const HABIT_DAYS = 3
/** Off by this much where the database does not say, km. */
export const UNSTATED_ACCURACY = 50

/** A degree is 111 km: enough to know a town again. */
const placeOf = ({ lat, lon, network }: Sight): string => `${network}@${Math.round(lat)},${Math.round(lon)}`

const pairOf = (a: Sight, b: Sight): string => {
  const both = a.network !== 0 && b.network !== 0 ? [`as${a.network}`, `as${b.network}`] : [placeOf(a), placeOf(b)]
  return both.toSorted().join(' ')
}

const inFront = <T extends readonly [string, ...unknown[]]>(list: readonly T[], item: T): T[] =>
  [item, ...list.filter(([name]) => name !== item[0])].slice(0, MOST_PLACES)

/** How far two sights surely are from each other, km: what the databases may be off is taken off. */
export const surelyApartKm = (a: Sight, b: Sight): number => Math.max(0, distanceKm(a.lat, a.lon, b.lat, b.lon) - a.accuracy - b.accuracy)

/**
 * Judges a new sight against where the traveller was last, and says what is known afterwards. A journey over `distance` km at more than `speed` km/h
 * is impossible, unless address or network stayed the same or the jump is a habit. An impossible sight does not become where he is: he is still
 * where he was, so that coming "back" is no second journey. `blamed` is the sight of both that he is known less for.
 */
export const judgeTravel = (
  before: Journey | undefined,
  sight: Sight,
  { speed, distance }: Travel,
): { readonly verdict: TravelVerdict; readonly journey: Journey; readonly blamed?: Sight } => {
  const here = placeOf(sight)
  if (before === undefined) return { verdict: 'first', journey: { at: sight, places: [[here, 1]], pairs: [] } }
  const seenAt = (place: string): number => before.places.find(([name]) => name === place)?.[1] ?? 0
  const arrived = (verdict: TravelVerdict, pairs = before.pairs) => {
    // events may come a little out of order: he is where he was seen last
    const at = sight.time >= before.at.time ? sight : before.at
    const journey: Journey = { ...before, at, pairs, places: inFront(before.places, [here, seenAt(here) + 1]) }
    return { verdict, journey }
  }
  const { at } = before
  if (at.address === sight.address || (at.network !== 0 && at.network === sight.network)) return arrived('near')
  const km = surelyApartKm(at, sight)
  if (km < distance) return arrived('near')
  const ms = Math.abs(sight.time - at.time)
  if (km <= (speed * ms) / HOUR) return arrived('possible')

  const pair = pairOf(at, sight)
  const day = Math.floor(sight.time / DAY)
  const [, lastDay = -1, days = 0] = before.pairs.find(([name]) => name === pair) ?? []
  const pairs = inFront<KnownPair>(before.pairs, [pair, Math.max(day, lastDay), days + (day > lastDay ? 1 : 0)])
  if (days >= HABIT_DAYS) return arrived('spared', pairs)

  const jump = { km: Math.round(km), ms, from: at.country, to: sight.country }
  // he is at home again: what was odd is the place before
  if (seenAt(here) > seenAt(placeOf(at))) {
    const { journey } = arrived('impossible', pairs)
    return { verdict: 'impossible', journey: { ...journey, jump }, blamed: at }
  }
  return { verdict: 'impossible', journey: { ...before, pairs, jump }, blamed: sight }
}

/** About how many bytes a journey takes. */
export const journeyBytes = ({ places, pairs, at }: Journey): number =>
  400 + (places.length + pairs.length) * 112 + (typeof at.ref === 'string' ? 2 * at.ref.length : 0)
