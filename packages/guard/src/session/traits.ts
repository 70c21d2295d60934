import { hash } from 'node:crypto'
import { createMemo, formatRange, isDesktopKin, parseAddress, prefixOf, readAgent, readHintedPlatform, type UserAgent } from '@parapet/core'
import type { GeoLookup, Place } from '../geo/types.js'
import type { GuardRequest } from '../request/guard-request.js'

/** What of a browser is kept with its session: no versions, nothing that tells one person from another. */
export type Print = {
  /** family of the browser */
  readonly b: string
  readonly p: string
  /** it sends client hints */
  readonly h: boolean
  /** the hints spoke of another platform than the User-Agent from the start */
  readonly d: boolean
  /** first language, such as `de`; empty for none */
  readonly l: string
}

/** A network that a session was used from. What stands for its address is worth nothing outside of this session. */
export type KnownNetwork = {
  readonly n: string
  /** autonomous system, country, degrees to one decimal, km */
  readonly a?: number
  readonly c?: string
  readonly y?: number
  readonly x?: number
  readonly k?: number
  /** last use, ms UTC */
  readonly t: number
}

/** Agents that are remembered, twice as many at most: few browsers send nearly all requests. */
const agents = createMemo<UserAgent>(512)

const agentOf = (header: string | undefined): UserAgent => {
  if (header === undefined) return readAgent(header)
  const held = agents.get(header)
  if (held !== undefined) return held
  const agent = readAgent(header)
  agents.set(header, agent)
  return agent
}

/** The first language of an Accept-Language, without region: at most three letters. */
export const readLanguage = (header: string | undefined): string => {
  if (header === undefined) return ''
  let end = 0
  while (end < header.length && end < 4) {
    const c = header.charCodeAt(end) | 32
    if (c < 97 || c > 122) break
    end++
  }
  return end >= 2 && end <= 3 ? header.slice(0, end).toLowerCase() : ''
}

/** What a request tells of its browser. */
export const readPrint = (request: GuardRequest): Print => {
  const agent = agentOf(request.header('user-agent'))
  const mobile = request.header('sec-ch-ua-mobile')
  const hinted = readHintedPlatform(request.header('sec-ch-ua-platform'))
  const differs = hinted !== undefined && agent.platform !== 'other' && hinted !== agent.platform && !isDesktopKin(hinted, agent.platform)
  return {
    b: agent.browser,
    p: agent.platform,
    h: hinted !== undefined || mobile === '?0' || mobile === '?1',
    // a browser that calls itself no phone in one header and one in the other; only phones say ?1
    d: differs || (mobile === '?1' && !agent.mobile && agent.platform !== 'android'),
    l: readLanguage(request.header('accept-language')),
  }
}

/** The device that a request came from. */
export const readDevice = (request: GuardRequest): UserAgent => agentOf(request.header('user-agent'))

/** Stands for an address of a session: bound to its id, so that neither the address nor a table of all addresses tells it from others. */
export const hideRange = (id: string, address: string, v4Prefix: number, v6Prefix: number): string | undefined => {
  const parsed = parseAddress(address)
  if (parsed === undefined) return undefined
  const range = formatRange(prefixOf(parsed, parsed.family === 4 ? v4Prefix : v6Prefix))
  return hash('sha256', `${id} ${range}`, 'base64url').slice(0, 12)
}

/** Bits of the network of an address: what one provider hands to one neighbourhood, so that a new lease is no change. */
const [NETWORK_V4, NETWORK_V6] = [24, 48] as const

/** A tenth of a degree is 11 km: enough for countries and journeys. */
const coarse = (degrees: number): number => Math.round(degrees * 10) / 10

/** What is kept of the network that an address belongs to. */
export const readNetwork = (id: string, address: string, now: number, geo: GeoLookup | undefined): KnownNetwork | undefined => {
  const n = hideRange(id, address, NETWORK_V4, NETWORK_V6)
  if (n === undefined) return undefined
  const place: Place | undefined = geo?.lookup(address)
  return {
    n,
    t: now,
    ...(place?.asn === undefined ? {} : { a: place.asn }),
    ...(place?.country === undefined ? {} : { c: place.country }),
    ...(place?.latitude === undefined || place.longitude === undefined
      ? {}
      : { y: coarse(place.latitude), x: coarse(place.longitude), k: Math.round(place.accuracyKm ?? 100) }),
  }
}

/** A place in words for lists: `Berlin, DE`. */
export const describePlace = (place: Place | undefined): string | undefined => {
  if (place === undefined) return undefined
  const words = [place.city, place.country].filter((word) => word !== undefined)
  return words.length === 0 ? undefined : words.join(', ').slice(0, 80)
}
