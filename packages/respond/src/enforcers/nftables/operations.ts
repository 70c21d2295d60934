/** The sets of hosts: IPv4 addresses, and IPv6 addresses masked to their /64. */
export type HostSet = 'ban4' | 'ban6'

/** An address or range as text, and until when it is denied, ms UTC: however long a request waits, a ban ends when it should. */
export type Element = readonly [address: string, until: number]

/** An address or range that the kernel holds, and for how long from now, ms. */
export type HeldFor = readonly [address: string, ms: number]

/**
 * One thing to do to the table, as it travels to the helper. A list of them is one transaction: all of it or nothing.
 * `build`: the table anew and empty. `add`: elements that are not there. `renew`: elements with another timeout. `empty`: nothing in that set.
 * `ranges`, `allow`, `open`: the whole of what is in those sets; `open.until` is when the lockdown ends, null ends it now.
 */
export type NftOperation =
  | { readonly op: 'build' }
  | { readonly op: 'add' | 'renew'; readonly set: HostSet; readonly elements: readonly Element[] }
  | { readonly op: 'remove'; readonly set: HostSet; readonly addresses: readonly string[] }
  | { readonly op: 'empty'; readonly set: HostSet }
  | { readonly op: 'ranges'; readonly elements: readonly Element[] }
  | { readonly op: 'allow'; readonly ranges: readonly string[] }
  | { readonly op: 'open'; readonly ranges: readonly string[]; readonly until: number | null }

/** What the kernel says that it holds. Times: what is left, ms. */
export type NftSets = {
  readonly ban4: readonly HeldFor[]
  readonly ban6: readonly HeldFor[]
  readonly ranges: readonly HeldFor[]
  readonly allow: readonly string[]
  readonly open: readonly string[]
  readonly lockdownMs: number | null
}
