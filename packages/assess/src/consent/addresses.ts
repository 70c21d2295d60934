import { createAddressSet, parseAddress, type AddressSet } from '@parapet/core'

/**
 * Addresses that need no consent: this machine and private networks. Link-local ones are not among them: 169.254.169.254 is where clouds
 * keep their keys. Sources: RFC 1918, RFC 4193, RFC 6598 (shared: not private to anybody, so left out).
 */
const OWN: AddressSet = createAddressSet(['127.0.0.0/8', '::1', '10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7'])

/** Where an address is. `elsewhere` needs the consent of its host. */
export const placeOf = (address: string): 'loopback' | 'private' | 'elsewhere' => {
  const parsed = parseAddress(address)
  if (parsed === undefined || !OWN.has(parsed)) return 'elsewhere'
  return LOOPBACK.has(parsed) ? 'loopback' : 'private'
}

const LOOPBACK: AddressSet = createAddressSet(['127.0.0.0/8', '::1'])
