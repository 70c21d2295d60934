import type { Address } from '@parapet/core'

const [NAT64_LOCAL_A, NAT64_LOCAL_B] = [0x0064ff9b, 0x0001] as const
const TEREDO = 0x20010000

/**
 * Folds the forms of IPv4 in IPv6 that core leaves alone, by their bits: NAT64 under the local prefix `64:ff9b:1::/48` and Teredo
 * `2001::/32`. Kept apart they would be one /64 for everybody behind the same gateway or server. Sources: RFC 8215, RFC 6052, RFC 4380.
 */
export const foldClient = (address: Address): Address => {
  if (address.family === 4) return address
  const [a, b, c, d] = address.words
  // the client's address stands in the last bits, inverted so that no middlebox rewrites it
  if (a === TEREDO) return { family: 4, word: ~d >>> 0 }
  if (a !== NAT64_LOCAL_A || b >>> 16 !== NAT64_LOCAL_B) return address
  // the operator chose a /96 inside: bits 64 to 95 are zero, and the address stands in the last 32
  if (c === 0 && d !== 0) return { family: 4, word: d }
  // the whole /48: 16 bits before the octet that must be zero, 16 behind it
  if (c >>> 24 === 0 && (c & 0xff) === 0 && d === 0) return { family: 4, word: (((b & 0xffff) << 16) | (c >>> 8)) >>> 0 }
  return address
}
