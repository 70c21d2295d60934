import { type AddressRange, formatAddress, formatRange, ParapetError, parseRange } from '@parapet/core'
import type { HeldFor, NftSets } from './operations.js'
import { CANARIES } from './table.js'

type Listed = { readonly val: unknown; readonly expires?: unknown }

const rangeOf = (value: unknown): AddressRange | undefined => {
  if (typeof value === 'string') return parseRange(value)
  if (typeof value !== 'object' || value === null || !('prefix' in value)) return undefined
  const { addr, len } = value.prefix as { addr?: unknown; len?: unknown }
  return typeof addr === 'string' && typeof len === 'number' ? parseRange(`${addr}/${len}`) : undefined
}

const listed = (elem: unknown): Listed =>
  typeof elem === 'object' && elem !== null && 'elem' in elem ? (elem.elem as Listed) : { val: elem }

/** What is left of an element, ms: nft says whole seconds. One without a timeout is none of ours. */
const leftOf = ({ expires }: Listed): number => (typeof expires === 'number' ? expires * 1_000 : 0)

const CANARY: ReadonlySet<string> = new Set(Object.values(CANARIES))

/** Everything of one set but its canary; `undefined` when something is in it that we would never put there. */
const elementsOf = (elems: readonly unknown[], family: 4 | 6, text: (range: AddressRange) => string): HeldFor[] | undefined => {
  const found: HeldFor[] = []
  for (const elem of elems) {
    const one = listed(elem)
    const range = rangeOf(one.val)
    if (range?.address.family !== family) return undefined
    const name = text(range)
    if (!CANARY.has(name)) found.push([name, leftOf(one)])
  }
  return found
}

const host = ({ address }: AddressRange): string => formatAddress(address)

/**
 * Reads what `nft -j list table inet parapet` says; null when a set holds what was never put there. Throws `PPT_HELPER` when it is not what
 * nft says. Source: libnftables-json(5).
 */
export const readSets = (json: string): NftSets | null => {
  const sets = new Map<string, readonly unknown[]>()
  try {
    const { nftables } = JSON.parse(json) as { nftables: readonly { set?: { name: string; elem?: readonly unknown[] } }[] }
    for (const { set } of nftables) if (set !== undefined) sets.set(set.name, set.elem ?? [])
  } catch (error) {
    throw new ParapetError('PPT_HELPER', 'nft answered with something else than a listing', { cause: error })
  }
  const of = (name: string): readonly unknown[] => sets.get(name) ?? []
  const both = (name: string): HeldFor[] | undefined => {
    const [four, six] = ([4, 6] as const).map((family) => elementsOf(of(`${name}${family}`), family, formatRange))
    return four === undefined || six === undefined ? undefined : [...four, ...six]
  }
  const [ban4, ban6] = [elementsOf(of('ban4'), 4, host), elementsOf(of('ban6'), 6, host)]
  const [ranges, allow, open] = ['range', 'allow', 'open'].map(both)
  if (ban4 === undefined || ban6 === undefined || ranges === undefined || allow === undefined || open === undefined) return null
  const locks = of('lockdown').map((elem) => leftOf(listed(elem)))
  return {
    ban4,
    ban6,
    ranges,
    allow: allow.map(([text]) => text),
    open: open.map(([text]) => text),
    lockdownMs: locks.length < 2 ? null : Math.min(...locks),
  }
}
