import type { SeededRandom } from '../seeded-random.js'

const hex = (n: number): string => n.toString(16)

/** An attacker's address: 198.18.0.0/15 (RFC 2544) or 2001:db8:bad::/48, so that nothing here names a real host. */
export const attackerAddress = (r: SeededRandom): string =>
  r.next() < 0.06
    ? `2001:db8:bad:${hex(r.integer(0, 65_536))}::${hex(r.integer(1, 65_536))}`
    : `198.${r.pick([18, 19])}.${r.integer(0, 256)}.${r.integer(1, 255)}`

/** An honest client's address: 100.64.0.0/10 (RFC 6598) or 2001:db8:1::/48. */
export const benignAddress = (r: SeededRandom): string =>
  r.next() < 0.08
    ? `2001:db8:1:${hex(r.integer(0, 65_536))}::${hex(r.integer(1, 65_536))}`
    : `100.${r.integer(64, 128)}.${r.integer(0, 256)}.${r.integer(1, 255)}`
