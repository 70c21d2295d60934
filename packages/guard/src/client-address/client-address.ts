import { type Address, type AddressSet, createAddressSet, formatAddress, isParapetError, parseAddress } from '@parapet/core'
import { choiceOption, integerOption, knownOptions, optionError, textListOption } from '../options/check.js'
import { asGuardRequest, type GuardRequest, type RequestLike } from '../request/guard-request.js'
import { CDNS, type CdnName } from './cdn.js'
import { foldClient } from './fold.js'
import { type ForwardedNode, walkFromRight } from './forwarded.js'
import { type ClientAddressOptions, createKeyMaker } from './keys.js'
import { createRecent } from './recent.js'

export type { ClientAddressOptions }

/**
 * How requests reach the application, declared and never guessed: straight from clients; through proxies whose addresses are
 * `trusted`; through exactly `hops` proxies; or through the edges of a `cdn` (its name alone says the same), and then through your own
 * proxies, if any (`through`). `ranges` stands in for the edges' ranges that are built in. `header` is the one that the nearest proxy
 * itself writes (default `x-forwarded-for`). Only one is read: a proxy that appends to one of them passes a forged other one through.
 */
export type Topology =
  | 'direct'
  | CdnName
  | { readonly trusted: readonly string[]; readonly header?: ForwardingHeader }
  | { readonly hops: number; readonly header?: ForwardingHeader }
  | CdnTopology

type CdnTopology = {
  readonly cdn: CdnName
  readonly ranges?: readonly string[]
  readonly through?: readonly string[]
  readonly header?: ForwardingHeader
}

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

/**
 * Who sent a request. `key` is what is counted and banned: the address for IPv4, its /64 for IPv6. `assessment` is the run of
 * `parapet attack` that the request belongs to, where its tag was verified.
 */
export type ClientAddress = (
  | { readonly kind: 'known'; readonly address: string; readonly key: string }
  | { readonly kind: 'unknown'; readonly reason: UnknownAddressReason }
) & { readonly assessment?: string }

/** Hops that are looked at; a chain longer than this is none of ours. */
const MOST_HOPS = 32
/** The nearest hop that is not ours is an edge of the content delivery network. */
const EDGE = 'edge'

const unknown = (reason: UnknownAddressReason): ClientAddress => ({ kind: 'unknown', reason })

/** `edge`: one of the content delivery network. */
type Read = { readonly client: ClientAddress; readonly trusted: boolean; readonly edge: boolean }
type Mode = {
  readonly hops: number
  readonly trusted: AddressSet | undefined
  readonly header: ForwardingHeader
  /** the edges of a content delivery network, and the header in which only they name the client */
  readonly edges: AddressSet | undefined
  readonly edgeHeader: string | undefined
}

const readRanges = (name: string, value: unknown, fix: string): readonly string[] => {
  const list = textListOption(name, value, fix)
  for (const item of list)
    if (item.endsWith('/0')) throw optionError(name, item, 'this trusts everyone, so that anyone could name any address')
  return list
}

const toSet = (name: string, list: readonly string[]): AddressSet => {
  try {
    return createAddressSet(list)
  } catch (error) {
    throw isParapetError(error) ? optionError(name, list, `${error.detail ?? ''} is no address or range`) : error
  }
}

const CDN_NAMES = Object.keys(CDNS) as CdnName[]

const readCdn = (topology: CdnTopology, header: ForwardingHeader): Mode => {
  const name = choiceOption('clientAddress.cdn', topology.cdn, 'cloudflare', CDN_NAMES)
  const fix = "give addresses or ranges, such as ['10.0.0.0/8']"
  const ranges = topology.ranges === undefined ? CDNS[name].ranges : readRanges('clientAddress.ranges', topology.ranges, fix)
  if (ranges.length === 0) throw optionError('clientAddress.ranges', ranges, `${fix}; leave it out for those that are built in`)
  const through = topology.through === undefined ? [] : readRanges('clientAddress.through', topology.through, fix)
  const edges = toSet('clientAddress.ranges', ranges)
  toSet('clientAddress.through', through)
  return { hops: 0, trusted: toSet('clientAddress.through', [...ranges, ...through]), header, edges, edgeHeader: CDNS[name].header }
}

const readTopology = (topology: Topology): Mode | undefined => {
  if (topology === 'direct') return undefined
  if (typeof topology === 'string' && CDN_NAMES.includes(topology)) return readCdn({ cdn: topology }, 'x-forwarded-for')
  if (typeof topology !== 'object' || topology === null) {
    throw optionError('clientAddress', topology, "give 'direct', 'cloudflare', 'fastly', { trusted: ['10.0.0.0/8'] } or { hops: 1 }")
  }
  knownOptions('clientAddress', topology, 'cdn' in topology ? ['cdn', 'ranges', 'through', 'header'] : ['trusted', 'hops', 'header'])
  const header = topology.header ?? 'x-forwarded-for'
  if (header !== 'x-forwarded-for' && header !== 'forwarded') {
    throw optionError('clientAddress.header', header, "give 'x-forwarded-for' or 'forwarded', whichever the proxy writes itself")
  }
  if ('cdn' in topology) return readCdn(topology, header)
  if ('trusted' in topology && 'hops' in topology) throw optionError('clientAddress', topology, 'give trusted or hops, not both')
  if ('hops' in topology) {
    if (topology.hops === undefined) throw optionError('clientAddress.hops', topology.hops, 'give the number of proxies')
    return {
      hops: integerOption('clientAddress.hops', topology.hops, 1, 1, 10),
      trusted: undefined,
      header,
      edges: undefined,
      edgeHeader: undefined,
    }
  }
  const fix = "give a list of the proxies' addresses or ranges, such as ['10.0.0.0/8']"
  const list = readRanges('clientAddress.trusted', topology.trusted, fix)
  if (list.length === 0) throw optionError('clientAddress.trusted', list, `${fix}; without a proxy write 'direct'`)
  return { hops: 0, trusted: toSet('clientAddress.trusted', list), header, edges: undefined, edgeHeader: undefined }
}

/**
 * Builds the one resolver of client addresses. The TCP peer is checked first; only what trusted proxies wrote is believed,
 * read from the right. Mapped, NAT64, 6to4 and Teredo addresses are folded to IPv4 by their bits. Throws `PPT_CONFIG_INVALID`.
 */
export const createClientAddress = (topology: Topology, options: ClientAddressOptions = {}): ((request: RequestLike) => ClientAddress) => {
  knownOptions('clientAddress', options, ['v6Prefix', 'prefixes'])
  const keyOf = createKeyMaker(options)
  const mode = readTopology(topology)
  const parse = (text: string): Read | null => {
    const parsed = parseAddress(text)
    if (parsed === undefined) return null
    const address: Address = foldClient(parsed)
    const key = keyOf(address)
    const plain = formatAddress(address)
    return {
      // one string, not two equal ones: what is remembered for many clients is half as large
      client: { kind: 'known', address: plain, key: key === plain ? plain : key },
      trusted: mode?.trusted?.has(address) ?? false,
      edge: mode?.edges?.has(address) ?? false,
    }
  }
  const read = createRecent(parse)
  const readHop = (node: ForwardedNode): Read | null => (node.kind === 'unreadable' ? null : read(node.text))

  /** What an edge of the content delivery network wrote about its client; nobody else is asked for that header. */
  const namedByEdge = (request: GuardRequest): ClientAddress => {
    const named = request.header(mode?.edgeHeader ?? '')
    if (named === undefined || named === '') return unknown('no_forwarding_header')
    return read(named)?.client ?? unknown('unreadable_hop')
  }

  const overTrusted = (header: string, kind: ForwardingHeader): ClientAddress | typeof EDGE => {
    let verdict: ClientAddress | typeof EDGE = unknown('too_many_hops')
    let hops = 0
    walkFromRight(header, kind, (node) => {
      if (++hops > MOST_HOPS) {
        verdict = unknown('too_many_hops')
        return false
      }
      const hop = readHop(node)
      if (hop === null) {
        verdict = unknown('unreadable_hop')
        return false
      }
      if (hop.edge && mode?.edgeHeader !== undefined) {
        verdict = EDGE
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
      verdict = readHop(node)?.client ?? unknown('unreadable_hop')
      return false
    })
    return verdict
  }

  const overHeader = createRecent((header: string) => {
    if (mode === undefined) return unknown('no_peer')
    return mode.trusted === undefined ? overHops(header, mode.header, mode.hops) : overTrusted(header, mode.header)
  })

  const resolve = (request: GuardRequest): ClientAddress => {
    const peer = request.peer === undefined ? null : read(request.peer)
    if (mode === undefined) return peer?.client ?? unknown('no_peer')
    if (mode.trusted !== undefined) {
      if (peer === null) return unknown('no_peer')
      if (!peer.trusted) return peer.client
      if (peer.edge && mode.edgeHeader !== undefined) return namedByEdge(request)
    }
    const header = request.header(mode.header)
    if (header === undefined || header === '') return unknown('no_forwarding_header')
    const verdict = overHeader(header)
    return verdict === EDGE ? namedByEdge(request) : verdict
  }
  return (request) => resolve(asGuardRequest(request))
}
