import { createAddressSet, parseAddress, parseRange } from '@parapet/core'

/**
 * What is nobody's on the internet: this host, private networks, links with the metadata of clouds, documentation, groups. IPv4 that is
 * written as IPv6 counts as the IPv4 address. Source: IANA special-purpose address registries.
 */
const SPECIAL = createAddressSet([
  '0.0.0.0/8',
  '10.0.0.0/8',
  '100.64.0.0/10',
  '127.0.0.0/8',
  '169.254.0.0/16',
  '172.16.0.0/12',
  '192.0.0.0/24',
  '192.0.2.0/24',
  '192.88.99.0/24',
  '192.168.0.0/16',
  '198.18.0.0/15',
  '198.51.100.0/24',
  '203.0.113.0/24',
  '224.0.0.0/3',
  '2001::/23',
  '2001:db8::/32',
  '3fff::/20',
])

/** Where all global IPv6 addresses are. */
const GLOBAL_V6 = createAddressSet(['2000::/3'])

/** Links: no wider range than this opens them, so that `0.0.0.0/0` gives nobody the metadata of a cloud. */
const LINK_LOCAL = createAddressSet(['169.254.0.0/16', 'fe80::/10', 'fd00:ec2::254'])
const opensLinks = (range: string): boolean => {
  const parsed = parseRange(range)
  return parsed !== undefined && LINK_LOCAL.has(parsed.address) && parsed.prefix >= (parsed.address.family === 4 ? 16 : 64)
}

/** What an address may be used for: `public` over HTTPS, `allowed` (by the operator) also over HTTP, `refused` not at all. */
export type Standing = 'public' | 'allowed' | 'refused'

/** Creates the judge of addresses. `allowed`: ranges that the operator opens, each one checked by the schema of the settings. */
export const createStanding = (allowed: readonly string[]): ((address: string) => Standing) => {
  const open = createAddressSet(allowed)
  const links = createAddressSet(allowed.filter(opensLinks))
  return (text) => {
    const address = parseAddress(text)
    if (address === undefined) return 'refused'
    if (LINK_LOCAL.has(address)) return links.has(address) ? 'allowed' : 'refused'
    if (open.has(address)) return 'allowed'
    if (SPECIAL.has(address)) return 'refused'
    return address.family === 4 || GLOBAL_V6.has(address) ? 'public' : 'refused'
  }
}
