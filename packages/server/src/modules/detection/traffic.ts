import { formatRange, HOUR, MINUTE, parseAddress, prefixOf, type SecurityEvent } from '@parapet/core'
import { type AddressFacts, rangeOfTarget, type TrafficFacts } from '@parapet/respond'

/** What was seen of late, kept in memory: what a decision against an address would cost. */
export type Traffic = {
  /** takes an event as it was stored; each once */
  readonly note: (event: SecurityEvent) => void
  /** what is known now */
  readonly facts: () => TrafficFacts
}

/** The last hour in slices of ten minutes. */
const SLICE = 10 * MINUTE
const SLICES = HOUR / SLICE
/** Addresses of one slice that are counted apart. */
const MOST_COUNTED = 20_000
/** Addresses from which somebody signed in, users of each, and those of them with a second factor. */
const PLACES = 20_000
const USERS = 64
const MFA_USERS = 8
const DAY_MS = 24 * HOUR

type Counts = { requests: number; signIns: number }
type Slice = Counts & { readonly begins: number; readonly by: Map<string, Counts> }
type Place = { readonly users: Map<string, number>; readonly mfa: Map<string, number> }

/** True for a sign-in that succeeded, whoever tells of it. */
export const isSignIn = (event: SecurityEvent): boolean =>
  event['event.category'] === 'authentication' &&
  event['event.outcome'] === 'success' &&
  !/^(?:logout|logged.out|session-|sessions-)/.test(event['event.action'] ?? '')

/** True for a request that was answered, or something else that went well. */
const wentWell = (event: SecurityEvent): boolean => {
  const status = event['http.response.status_code']
  return typeof status === 'number' ? status < 400 : event['event.outcome'] === 'success'
}

/** As decisions name users. */
export const userOf = (event: SecurityEvent): string | undefined => {
  const user = event['user.id'] ?? event['user.name']
  return typeof user === 'string' && user !== '' ? user : undefined
}

/** Makes room by forgetting whoever came least: what counts here are large shares. */
const thin = (by: Map<string, Counts>): void => {
  for (let floor = 1; by.size > MOST_COUNTED / 2; floor *= 2)
    for (const [key, { requests, signIns }] of by) if (requests <= floor && signIns <= floor - 1) by.delete(key)
}

/** Puts a name at the end of a bounded list of the newest. */
const touch = (list: Map<string, number>, name: string, at: number, most: number): void => {
  list.delete(name)
  list.set(name, at)
  if (list.size > most) list.delete(list.keys().next().value ?? '')
}

const count = (by: Map<string, Counts>, key: string, signIn: boolean): void => {
  const counts = by.get(key)
  if (counts !== undefined) {
    counts.requests++
    if (signIn) counts.signIns++
    return
  }
  if (by.size >= MOST_COUNTED) thin(by)
  by.set(key, { requests: 1, signIns: signIn ? 1 : 0 })
}

/** What stands before a user among the keys of what is counted: no address begins so. */
const USER = 'user '

/** What an address counts for: itself over IPv4; its /64 over IPv6, and the wider ones that decisions may be made on. */
const keysOf = (address: unknown): string[] => {
  const parsed = typeof address === 'string' ? parseAddress(address) : undefined
  if (parsed === undefined) return []
  const prefixes = parsed.family === 4 ? [32] : [64, 56, 48]
  return prefixes.map((prefix) => formatRange(prefixOf(parsed, prefix)))
}

/** Creates an empty record. `clock` in ms UTC. */
export const createTraffic = (clock: () => number): Traffic => {
  let slices: Slice[] = []
  const places = new Map<string, Place>()

  const sliceOf = (at: number): Slice => {
    const begins = Math.floor(at / SLICE) * SLICE
    const held = slices.find((slice) => slice.begins === begins)
    if (held !== undefined) return held
    const slice: Slice = { begins, requests: 0, signIns: 0, by: new Map() }
    slices = [...slices.filter((other) => other.begins > clock() - HOUR - SLICE), slice].slice(-SLICES - 2)
    return slice
  }
  const placeOf = (key: string): Place => {
    const place = places.get(key) ?? { users: new Map<string, number>(), mfa: new Map<string, number>() }
    places.delete(key)
    places.set(key, place)
    if (places.size > PLACES) places.delete(places.keys().next().value ?? '')
    return place
  }
  const lately = (list: ReadonlyMap<string, number>, now: number): string[] =>
    [...list].flatMap(([name, at]) => (now - at < DAY_MS ? [name] : []))

  return {
    note: (event) => {
      const at = event['@timestamp']
      const now = clock()
      // logs of last week that come in now are no traffic of this hour
      if (at <= now - DAY_MS || at > now + MINUTE || !wentWell(event)) return
      const keys = keysOf(event['source.ip'])
      const user = userOf(event)
      const signIn = isSignIn(event)
      if (at > now - HOUR) {
        const slice = sliceOf(at)
        slice.requests++
        if (signIn) slice.signIns++
        for (const key of user === undefined ? keys : [...keys, `${USER}${user}`]) count(slice.by, key, signIn)
      }
      const factor = event['event.action'] === 'factor-verified'
      if (user === undefined || (!signIn && !factor)) return
      for (const key of keys) {
        const place = placeOf(key)
        if (signIn) touch(place.users, user, at, USERS)
        if (factor) touch(place.mfa, user, at, MFA_USERS)
      }
    },
    facts: () => {
      const now = clock()
      const recent = slices.filter(({ begins }) => begins > now - HOUR - SLICE)
      const sum = (read: (slice: Slice) => number | undefined): number => recent.reduce((total, slice) => total + (read(slice) ?? 0), 0)
      return {
        requests: sum((slice) => slice.requests),
        signIns: sum((slice) => slice.signIns),
        of: (target): AddressFacts | undefined => {
          const range = rangeOfTarget(target)
          const key = target.kind === 'user' ? `${USER}${target.value}` : range === undefined ? undefined : formatRange(range)
          if (key === undefined) return undefined
          const place = places.get(key)
          const requests = sum((slice) => slice.by.get(key)?.requests)
          if (place === undefined && requests === 0) return undefined
          return {
            requests,
            signIns: sum((slice) => slice.by.get(key)?.signIns),
            users: place === undefined ? 0 : lately(place.users, now).length,
            mfaUsers: place === undefined ? [] : lately(place.mfa, now),
          }
        },
      }
    },
  }
}
