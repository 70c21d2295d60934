import { readFile } from 'node:fs/promises'
import { networkInterfaces } from 'node:os'
import { canonicalAddress } from '@parapet/core'

/** Addresses that must never be blocked, because this machine or its operators would be cut off. */
export type OwnNetwork = { readonly ownAddresses: readonly string[]; readonly gateways: readonly string[]; readonly dns: readonly string[] }

const unique = (items: readonly (string | undefined)[]): string[] => [
  ...new Set(items.filter((item): item is string => item !== undefined)),
]

/** Default gateways out of `/proc/net/route`, whose addresses are little-endian hex. */
export const parseRoutes = (text: string): string[] =>
  unique(
    text.split('\n').map((line) => {
      const [, destination, gateway] = line.split('\t')
      if (destination !== '00000000' || gateway === undefined || !/^[0-9A-F]{8}$/i.test(gateway) || gateway === '00000000') return undefined
      const octets = gateway.match(/../g)?.map((pair) => Number.parseInt(pair, 16)) ?? []
      return octets.toReversed().join('.')
    }),
  )

/** Default gateways out of `/proc/net/ipv6_route`. */
export const parseRoutes6 = (text: string): string[] =>
  unique(
    text.split('\n').map((line) => {
      const [destination, prefix, , , gateway] = line.trim().split(/\s+/)
      if (
        destination !== '0'.repeat(32) ||
        prefix !== '00' ||
        gateway === undefined ||
        !/^[0-9a-f]{32}$/i.test(gateway) ||
        gateway === '0'.repeat(32)
      )
        return undefined
      return canonicalAddress(gateway.match(/.{4}/g)?.join(':') ?? '')
    }),
  )

/** Name servers out of `/etc/resolv.conf`. */
export const parseResolvers = (text: string): string[] =>
  unique(
    text.split('\n').map((line) => {
      const [word, address] = line.trim().split(/\s+/)
      return word === 'nameserver' && address !== undefined ? canonicalAddress(address) : undefined
    }),
  )

const readOptional = async (path: string): Promise<string> => {
  try {
    return await readFile(path, 'utf8')
  } catch {
    // not Linux, or hidden from this process: there is nothing to protect that we know of
    return ''
  }
}

/** What the machine says about its own network now. */
export const readOwnNetwork = async (): Promise<OwnNetwork> => {
  const [routes, routes6, resolvers] = await Promise.all(['/proc/net/route', '/proc/net/ipv6_route', '/etc/resolv.conf'].map(readOptional))
  return {
    ownAddresses: unique(
      Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => canonicalAddress(address))),
    ),
    gateways: unique([...parseRoutes(routes ?? ''), ...parseRoutes6(routes6 ?? '')]),
    dns: parseResolvers(resolvers ?? ''),
  }
}
