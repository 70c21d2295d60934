import {
  type Address,
  type AddressSet,
  createAddressSet,
  formatAddress,
  isParapetError,
  parseAddress,
  prefixOf,
  formatRange,
} from '@parapet/core'
import { integerOption, knownOptions, optionError, textListOption } from '../options/check.js'
import { asGuardRequest, type GuardRequest, type RequestLike } from '../request/guard-request.js'
import { type ForwardedNode, walkFromRight } from './forwarded.js'

/**
 * How requests reach the application, declared and never guessed: straight from clients; through proxies whose addresses are
 * `trusted`; or through exactly `hops` proxies. `header` is the one that the nearest proxy itself writes (default
 * `x-forwarded-for`). Only one is read: a proxy that appends to one of them passes a forged other one through.
 */
export type Topology =
  | 'direct'
  | { readonly trusted: readonly string[]; readonly header?: ForwardingHeader }
  | { readonly hops: number; readonly header?: ForwardingHeader }

/** The header in which proxies name the client. Sources: RFC 7239 for `forwarded`, custom for the other. */
export type ForwardingHeader = 'x-forwarded-for' | 'forwarded'

/** Why the client's address cannot be known: the topology declared is not the one there is. */
export type UnknownAddressReason =
  /** a Unix socket, or a connection that is gone */
  | 'no_peer'
  /** a trusted proxy sent no forwarding header */
  | 'no_forwarding_header'
  /** a proxy wrote something that is no address */
  | 'unreadable_hop'
  /** fewer hops than declared */
  | 'too_few_hops'
  | 'too_many_hops'

/** Who sent a request. `key` is what is counted and banned: the address for IPv4, its /64 for IPv6. */
export type ClientAddress =
  | { readonly kind: 'known'; readonly address: string; readonly key: string }
  | { readonly kind: 'unknown'; readonly reason: UnknownAddressReason }

/** Hops that are looked at; a chain longer than this is none of ours. */
const MOST_HOPS = 32
/** Address texts whose reading is remembered, twice this many at most: clients come again and again. */
const REMEMBERED = 16_384
/** A text cut out of a header keeps the whole header in memory; longer ones are read anew. */
const LONGEST_REMEMBERED = 256

const unknown = (reason: UnknownAddressReason): ClientAddress => ({ kind: 'unknown', reason })

const known = (address: Address, v6Prefix: number): ClientAddress => {
  const text = formatAddress(address)
  return { kind: 'known', address: text, key: address.family === 4 ? text : formatRange(prefixOf(address, v6Prefix)) }
}

type Read = { readonly client: ClientAddress; readonly trusted: boolean }
type Mode = { readonly hops: number; readonly trusted: AddressSet | undefined; readonly header: ForwardingHeader }

const readTopology = (topology: Topology): Mode | undefined => {
  if (topology === 'direct') return undefined
  if (typeof topology !== 'object' || topology === null) {
    throw optionError('clientAddress', topology, "give 'direct', { trusted: ['10.0.0.0/8'] } or { hops: 1 }")
  }
  knownOptions('clientAddress', topology, ['trusted', 'hops', 'header'])
  const header = topology.header ?? 'x-forwarded-for'
  if (header !== 'x-forwarded-for' && header !== 'forwarded') {
    throw optionError('clientAddress.header', header, "give 'x-forwarded-for' or 'forwarded', whichever the proxy writes itself")
  }
  if ('trusted' in topology && 'hops' in topology) throw optionError('clientAddress', topology, 'give trusted or hops, not both')
  if ('hops' in topology) {
    if (topology.hops === undefined) throw optionError('clientAddress.hops', topology.hops, 'give the number of proxies')
    return { hops: integerOption('clientAddress.hops', topology.hops, 1, 1, 10), trusted: undefined, header }
  }
  const fix = "give a list of the proxies' addresses or ranges, such as ['10.0.0.0/8']"
  const list = textListOption('clientAddress.trusted', topology.trusted, fix)
  if (list.length === 0) throw optionError('clientAddress.trusted', list, `${fix}; without a proxy write 'direct'`)
  for (const item of list) {
    if (item.endsWith('/0')) throw optionError('clientAddress.trusted', item, 'this trusts everyone, so that anyone could name any address')
  }
  try {
    return { hops: 0, trusted: createAddressSet(list), header }
  } catch (error) {
    throw isParapetError(error) ? optionError('clientAddress.trusted', list, `${error.detail ?? ''} is no address or range`) : error
  }
}

/**
 * Builds the one resolver of client addresses. The TCP peer is checked first; only what trusted proxies wrote is believed,
 * read from the right. Mapped, NAT64 and 6to4 addresses are folded to IPv4 by their bits. `v6Prefix` (bits) is what one client is
 * taken to own. Throws `PPT_CONFIG_INVALID`.
 */
export const createClientAddress = (
  topology: Topology,
  options: { readonly v6Prefix?: number } = {},
): ((request: RequestLike) => ClientAddress) => {
  knownOptions('clientAddress', options, ['v6Prefix'])
  const v6Prefix = integerOption('clientAddress.v6Prefix', options.v6Prefix, 64, 32, 128)
  const mode = readTopology(topology)
  let young = new Map<string, Read | null>()
  let old = new Map<string, Read | null>()

  const parse = (text: string): Read | null => {
    const address = parseAddress(text)
    return address === undefined ? null : { client: known(address, v6Prefix), trusted: mode?.trusted?.has(address) ?? false }
  }
  const read = (text: string): Read | null => {
    const held = young.get(text)
    if (held !== undefined) return held
    const entry = old.get(text) ?? parse(text)
    if (young.size >= REMEMBERED) {
      old = young
      young = new Map()
    }
    young.set(text, entry)
    return entry
  }
  const readHop = (node: ForwardedNode, header: string): Read | null =>
    node.kind === 'unreadable' ? null : header.length <= LONGEST_REMEMBERED ? read(node.text) : parse(node.text)

  const overTrusted = (header: string, kind: ForwardingHeader): ClientAddress => {
    let verdict: ClientAddress = unknown('too_many_hops')
    let hops = 0
    walkFromRight(header, kind, (node) => {
      if (++hops > MOST_HOPS) {
        verdict = unknown('too_many_hops')
        return false
      }
      const hop = readHop(node, header)
      if (hop === null) {
        verdict = unknown('unreadable_hop')
        return false
      }
      verdict = hop.client
      return hop.trusted
    })
    return verdict
  }

  const overHops = (header: string, kind: ForwardingHeader, hops: number): ClientAddress => {
    let left = hops
    let verdict: ClientAddress = unknown('too_few_hops')
    walkFromRight(header, kind, (node) => {
      if (--left > 0) return true
      verdict = readHop(node, header)?.client ?? unknown('unreadable_hop')
      return false
    })
    return verdict
  }

  const resolve = (request: GuardRequest): ClientAddress => {
    const peer = request.peer === undefined ? null : read(request.peer)
    if (mode === undefined) return peer?.client ?? unknown('no_peer')
    if (mode.trusted !== undefined) {
      if (peer === null) return unknown('no_peer')
      if (!peer.trusted) return peer.client
    }
    const header = request.header(mode.header)
    if (header === undefined || header === '') return unknown('no_forwarding_header')
    return mode.trusted === undefined ? overHops(header, mode.header, mode.hops) : overTrusted(header, mode.header)
  }
  return (request) => resolve(asGuardRequest(request))
}
