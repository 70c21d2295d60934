import type { RandomSource } from '@parapet/core'
import type { Standing } from './client.js'

/** Addresses that the kit appears at, each given once in a run. */
export type AddressPool = {
  readonly many: boolean
  /** a single fresh IPv4 address; undefined where it cannot be chosen */
  readonly fresh: () => string | undefined
  readonly several: (family: 'v4' | 'v6', count: number) => readonly string[]
}

const MOST_AT_ONCE = 5_000
/** /24 networks of 15 /8s, and a step that visits each of them once before the first comes back */
const NETWORKS = 15 * 65_536
const STEP = 485_207

const hex = (value: number): string => value.toString(16)

/**
 * IPv4 addresses come from 240.0.0.0/4 behind a forwarding header (reserved: they are nobody's, so that a ban hurts nobody; each is of a
 * /24 of its own) and from 127.0.0.0/8 on loopback; IPv6 ones from one /64 of 2001:db8::/32 a call. Sources: RFC 1112, RFC 3849.
 */
export const createAddressPool = (standing: Standing, random: RandomSource): AddressPool => {
  const [x = 0, y = 0, z = 0, w = 0] = random(4)
  let given = (x * 65_536 + y * 256 + z) % NETWORKS
  let networks = w * 256 + z
  const v4 = (): string => {
    given = (given + STEP) % NETWORKS
    const [first, second, third] = [given >>> 16, (given >>> 8) & 255, given & 255]
    return standing.kind === 'loopback'
      ? `127.${1 + first * 16 + (second >>> 4)}.${second}.${1 + (third % 254)}`
      : `${240 + first}.${second}.${third}.${1 + (w % 254)}`
  }
  const v6 = (count: number): readonly string[] => {
    networks += 1
    const prefix = `2001:db8:${hex(networks & 0xffff)}:${hex(1 + z)}`
    return Array.from(
      { length: count },
      (_, i) => `${prefix}:${hex(1 + x)}:${hex(1 + y)}:${hex(1 + (i >>> 8))}:${hex(1 + (i & 255) * 131)}`,
    )
  }
  return {
    many: standing.kind !== 'none',
    fresh: () => (standing.kind === 'none' ? undefined : v4()),
    several: (family, count) => {
      const wanted = Math.max(0, Math.min(count, MOST_AT_ONCE))
      if (standing.kind === 'none' || (family === 'v6' && standing.kind === 'loopback')) return []
      return family === 'v6' ? v6(wanted) : Array.from({ length: wanted }, v4)
    },
  }
}
