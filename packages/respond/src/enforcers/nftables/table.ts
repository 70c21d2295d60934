/** The table that is ours; nothing else of a host's ruleset is ever touched. */
export const TABLE = 'inet parapet'

/** The longest timeout that an element is given, ms; what lasts longer is asserted again. The kernel's own bound on some platforms is 2^31 ms. */
export const MAX_TIMEOUT_MS: number = 24 * 86_400_000

/** The most ranges that are held: adding one costs time in proportion to all of them. */
export const MAX_RANGES = 1_000

/**
 * In each set of bans one element that no packet can have as its source, without a timeout: while it is there, nobody has emptied the set. That is
 * asked without reading the set.
 */
export const CANARIES: { readonly ban4: string; readonly ban6: string; readonly range4: string; readonly range6: string } = {
  ban4: '255.255.255.255',
  ban6: 'ffff:ffff:ffff:ffff::',
  range4: '255.255.255.255',
  range6: 'ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff',
}

const set = (name: string, type: string, flags: string, size: number, canary?: string): string =>
  ` set ${name} { type ${type}; flags ${flags}; size ${size};${canary === undefined ? '' : ` elements = { ${canary} };`} }`

/**
 * The text that makes the table anew, empty, in place of one that is there. It hooks before what publishes ports of containers (dstnat, -100), and
 * after connections are known (-200). Neighbour discovery is never dropped: without it a ban within our own /64 would cut off IPv6.
 */
export const tableText = (most: number): string => {
  const hosts = 2 * most + 1_024
  return `add table ${TABLE}
delete table ${TABLE}
table ${TABLE} {
${set('allow4', 'ipv4_addr', 'interval', 4_096)}
${set('allow6', 'ipv6_addr', 'interval', 4_096)}
${set('ban4', 'ipv4_addr', 'timeout', hosts, CANARIES.ban4)}
${set('ban6', 'ipv6_addr', 'timeout', hosts, CANARIES.ban6)}
${set('range4', 'ipv4_addr', 'interval, timeout', 4 * MAX_RANGES, CANARIES.range4)}
${set('range6', 'ipv6_addr', 'interval, timeout', 4 * MAX_RANGES, CANARIES.range6)}
${set('open4', 'ipv4_addr', 'interval', 4_096)}
${set('open6', 'ipv6_addr', 'interval', 4_096)}
${set('lockdown', 'nf_proto', 'timeout', 16)}
 chain locked {
  ct state established,related accept
  ip saddr @open4 accept
  ip6 saddr @open6 accept
  udp sport 67 udp dport 68 accept
  udp dport 546 accept
  drop
 }
 chain prerouting {
  type filter hook prerouting priority -190; policy accept;
  iifname "lo" accept
  icmpv6 type { nd-router-solicit, nd-router-advert, nd-neighbor-solicit, nd-neighbor-advert } ip6 hoplimit 255 accept
  ip saddr @allow4 accept
  ip6 saddr @allow6 accept
  ip saddr @ban4 drop
  ip6 saddr & ffff:ffff:ffff:ffff:: @ban6 drop
  ip saddr @range4 drop
  ip6 saddr @range6 drop
  meta nfproto @lockdown jump locked
 }
}
`
}
