import { type AddressRange, type AddressSet, createAddressSet, formatRange, ParapetError, parseRange } from '@parapet/core'
import { type Target, rangeOfTarget, rangesOverlap, tooWide } from './targets.js'

/** Whom no decision may reach. Addresses or ranges as text. */
export type ProtectedOptions = {
  /** what the operator declared */
  readonly allowList?: readonly string[]
  /** declared proxies of the protected applications: a ban of one is a ban of everybody behind it */
  readonly proxies?: readonly string[]
  /** interfaces of this machine */
  readonly ownAddresses?: readonly string[]
  readonly gateways?: readonly string[]
  readonly dns?: readonly string[]
  /** addresses from which operators are signed in now */
  readonly operators?: readonly string[]
  /** where guards and agents report from: cut off, they would hear of nothing more */
  readonly enforcers?: readonly string[]
}

/** Asked before a decision is made and again before it is enforced. */
export type ProtectedTargets = {
  /** why this target may not be denied, as a sentence part for people; `undefined` when it may */
  readonly reasonFor: (target: Target) => string | undefined
}

type Group = { readonly reason: string; readonly ranges: readonly AddressRange[]; readonly set: AddressSet }

/** Addresses that are no client's: an enforcer that took them would only hurt itself. */
const ALWAYS: readonly (readonly [string, readonly string[]])[] = [
  ['loopback', ['127.0.0.0/8', '::1/128']],
  ['the unspecified address', ['0.0.0.0/8', '::/128']],
]

const readRanges = (option: string, texts: readonly string[]): AddressRange[] =>
  texts.map((text) => {
    const range = parseRange(text)
    if (range === undefined) throw new ParapetError('PPT_ADDRESS_INVALID', `${option}: ${JSON.stringify(text.slice(0, 64))}`)
    return range
  })

/** Builds the list of protected targets. Throws `PPT_ADDRESS_INVALID` naming the option and the text that is no address. */
export const createProtectedTargets = (options: ProtectedOptions): ProtectedTargets => {
  const named: readonly (readonly [string, string, readonly string[]])[] = [
    ['an address of this machine', 'ownAddresses', options.ownAddresses ?? []],
    ['the gateway', 'gateways', options.gateways ?? []],
    ['a DNS server', 'dns', options.dns ?? []],
    ['a declared proxy', 'proxies', options.proxies ?? []],
    ['on the allow-list', 'allowList', options.allowList ?? []],
    ['the address of a signed-in operator', 'operators', options.operators ?? []],
    ['where a guard or an agent works', 'enforcers', options.enforcers ?? []],
  ]
  const groups: Group[] = [
    ...ALWAYS.map(([reason, texts]) => ({ reason, texts, option: reason })),
    ...named.map(([reason, option, texts]) => ({ reason, texts, option })),
  ].map(({ reason, texts, option }) => {
    const ranges = readRanges(option, texts)
    return { reason, ranges, set: createAddressSet(ranges) }
  })

  const single = (range: AddressRange): string | undefined => {
    const group = groups.find(({ set }) => set.has(range.address))
    return group === undefined ? undefined : `${formatRange(range)} is ${group.reason}`
  }
  const wide = (range: AddressRange): string | undefined => {
    for (const { reason, ranges, set } of groups) {
      // a wider one holds our first address too: without that only narrower ones are worth a comparison
      const inside = set.has(range.address)
      const hit = ranges.find((other) => (inside || other.prefix >= range.prefix) && rangesOverlap(range, other))
      if (hit !== undefined) return `${formatRange(range)} holds ${formatRange(hit)}, which is ${reason}`
    }
    return undefined
  }

  return {
    reasonFor: (target) => {
      if (target.kind === 'all') return 'everybody at once is not a target of a decision'
      if (target.kind !== 'ip' && target.kind !== 'cidr') return undefined
      const range = rangeOfTarget(target)
      if (range === undefined) return 'it is not an address'
      if (range.prefix === 32 && range.address.family === 4) return single(range)
      return tooWide(range) ?? wide(range)
    },
  }
}
