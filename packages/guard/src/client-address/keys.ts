import { type Address, formatAddress, formatRange, parseRange, prefixOf } from '@parapet/core'
import { integerOption, optionError } from '../options/check.js'

/** How many bits of an address one client is taken to own. */
export type ClientAddressOptions = {
  /** bits of an IPv6 address that are its key; 64 */
  readonly v6Prefix?: number
  /** other bits for some ranges, the narrowest that holds the address counts: `{ '2001:db8::/32': 56, '100.64.0.0/10': 24 }` */
  readonly prefixes?: Readonly<Record<string, number>>
}

type Override = { readonly address: Address; readonly prefix: number; readonly bits: number }

const readOverrides = (prefixes: unknown): readonly Override[] => {
  if (prefixes === undefined) return []
  const fix = "give ranges and bits, such as { '2001:db8::/32': 56 }"
  if (typeof prefixes !== 'object' || prefixes === null || Array.isArray(prefixes))
    throw optionError('clientAddress.prefixes', prefixes, fix)
  const list = Object.entries(prefixes as Readonly<Record<string, unknown>>).map(([range, bits]): Override => {
    const parsed = parseRange(range)
    if (parsed === undefined) throw optionError('clientAddress.prefixes', range, `it is no address or range; ${fix}`)
    const [least, most] = parsed.address.family === 4 ? ([8, 32] as const) : ([32, 128] as const)
    return {
      address: parsed.address,
      prefix: parsed.prefix,
      bits: integerOption(`clientAddress.prefixes['${range.slice(0, 60)}']`, bits, most, least, most),
    }
  })
  return list.toSorted((a, b) => b.prefix - a.prefix)
}

const holds = ({ address, prefix }: Override, asked: Address): boolean => {
  if (address.family !== asked.family) return false
  const cut = prefixOf(asked, prefix).address
  return cut.family === 4
    ? address.family === 4 && cut.word === address.word
    : address.family === 6 && cut.words.every((word, i) => word === address.words[i])
}

/** Makes keys: what is counted and banned as one client. Throws `PPT_CONFIG_INVALID`. */
export const createKeyMaker = (options: ClientAddressOptions): ((address: Address) => string) => {
  const v6Prefix = integerOption('clientAddress.v6Prefix', options.v6Prefix, 64, 32, 128)
  const overrides = readOverrides(options.prefixes)
  return (address) => {
    const bits = overrides.length === 0 ? undefined : overrides.find((one) => holds(one, address))?.bits
    if (bits === undefined && address.family === 4) return formatAddress(address)
    return formatRange(prefixOf(address, bits ?? v6Prefix))
  }
}
