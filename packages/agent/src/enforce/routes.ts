import { readFileSync } from 'node:fs'
import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { type AddressRange, parseRange } from '@parapet/core'

/** What this host knows of its network. */
export type HostNetwork = {
  readonly own: readonly AddressRange[]
  readonly gateways: readonly AddressRange[]
  readonly dns: readonly AddressRange[]
  /** networks behind interfaces that lead nowhere else, such as those of its containers */
  readonly inner: readonly AddressRange[]
}

const readText = (path: string): string => {
  try {
    return readFileSync(path, 'utf8').slice(0, 1_048_576)
  } catch {
    return ''
  }
}

const ranges = (texts: readonly string[]): readonly AddressRange[] => texts.flatMap((text) => parseRange(text) ?? [])

type Routes = { readonly gateways: readonly string[]; readonly uplinks: ReadonlySet<string> }

const UP_GATEWAY = 0x3

/** IPv4 routes. Source: proc(5), /proc/net/route: addresses are hexadecimal in the order of the machine's bytes. */
export const readRoutes4 = (text: string): Routes => {
  const gateways: string[] = []
  const uplinks = new Set<string>()
  for (const line of text.split('\n').slice(1)) {
    const [device = '', destination = '', gateway = '', flags = '', , , , mask = ''] = line.split('\t').map((word) => word.trim())
    if (!/^[0-9A-F]{8}$/.test(gateway)) continue
    if (destination === '00000000' && mask === '00000000') uplinks.add(device)
    if ((Number.parseInt(flags, 16) & UP_GATEWAY) === UP_GATEWAY)
      gateways.push([6, 4, 2, 0].map((at) => Number.parseInt(gateway.slice(at, at + 2), 16)).join('.'))
  }
  return { gateways, uplinks }
}

/** IPv6 routes. Source: Linux, /proc/net/ipv6_route: target, length, source, length, next hop, metric, two counts, flags, device. */
export const readRoutes6 = (text: string): Routes => {
  const gateways: string[] = []
  const uplinks = new Set<string>()
  for (const line of text.split('\n')) {
    const [target = '', length = '', , , hop = '', , , , flags = '', device = ''] = line.trim().split(/ +/)
    if (!/^[0-9a-f]{32}$/.test(hop) || device === 'lo') continue
    if (length === '00' && /^0+$/.test(target)) uplinks.add(device)
    if ((Number.parseInt(flags, 16) & UP_GATEWAY) === UP_GATEWAY && !/^0+$/.test(hop)) gateways.push(hop.match(/.{4}/g)?.join(':') ?? '')
  }
  return { gateways, uplinks }
}

/** The name servers of resolv.conf(5). */
export const readResolvers = (text: string): readonly string[] =>
  text.split('\n').flatMap((line) => {
    const [word, address = ''] = line.trim().split(/\s+/)
    return word === 'nameserver' ? [address] : []
  })

/** Reads what this host knows of its network now. */
export const readNetwork = (root = '/'): HostNetwork => {
  const four = readRoutes4(readText(join(root, 'proc/net/route')))
  const six = readRoutes6(readText(join(root, 'proc/net/ipv6_route')))
  const uplinks = new Set([...four.uplinks, ...six.uplinks])
  const interfaces = Object.entries(networkInterfaces()).map(([device, list]) => ({ device, list: list ?? [] }))
  return {
    own: ranges(interfaces.flatMap(({ list }) => list.map(({ address }) => address))),
    gateways: ranges([...four.gateways, ...six.gateways]),
    dns: ranges(readResolvers(readText(join(root, 'etc/resolv.conf')))),
    inner: ranges(
      interfaces.flatMap(({ device, list }) =>
        uplinks.has(device) ? [] : list.flatMap(({ internal, cidr }) => (internal || cidr === null ? [] : [cidr])),
      ),
    ),
  }
}
