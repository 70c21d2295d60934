import { type AddressRange, isActive, prefixOf } from '@parapet/core'
import type { HeldDecision, PolicyActionName } from './policy.js'
import { rangeContains, rangeOfTarget, type Target, targetOfRange } from './targets.js'

/** From how many denied /64s on the network around them is denied, widest last: who has a /48 has 65,536 of them. */
export const WIDENING: readonly { readonly prefix: number; readonly networks: number }[] = [
  { prefix: 56, networks: 16 },
  { prefix: 48, networks: 64 },
]

/** How many /64s are known to have attacked from an IPv6 range that a policy denied: a wider one stands for those that made it so wide. */
export const weightOf = (range: AddressRange): number => {
  if (range.prefix >= 64) return 1
  return WIDENING.find(({ prefix }) => range.prefix >= prefix)?.networks ?? 65_536
}

/**
 * The IPv6 network to act on instead of one more /64: the widest of /56 and /48 in which enough of them are held under the same action by
 * policies. Undefined when `target` is not IPv6, or there are too few. `held` is asked for IPv6 alone.
 */
export const widenedTarget = (
  target: Target,
  action: PolicyActionName,
  held: () => readonly HeldDecision[],
  now: number,
): Target | undefined => {
  const range = rangeOfTarget(target)
  if (range === undefined || range.address.family !== 6 || range.prefix < 64) return undefined
  const around = prefixOf(range.address, 48)
  const near: AddressRange[] = []
  for (const decision of held()) {
    if (decision.action !== action || decision.mode !== 'enforce' || decision.author.kind !== 'policy' || !isActive(decision, now)) continue
    const other = rangeOfTarget(decision.target)
    if (other !== undefined && rangeContains(around, other) && !rangeContains(other, range)) near.push(other)
  }
  const wide = WIDENING.findLast(({ prefix, networks }) => {
    const network = prefixOf(range.address, prefix)
    const seen = near.filter((other) => rangeContains(network, other))
    // what lies in a range that is held as well counts once
    const outer = seen.filter((other) => !seen.some((wider) => wider.prefix < other.prefix && rangeContains(wider, other)))
    const distinct = new Set(outer.map((other) => targetOfRange(other).value))
    return (
      outer.length > 0 &&
      [...distinct].reduce((sum, value) => sum + weightOf(rangeOfTarget({ kind: 'cidr', value }) ?? range), 1) >= networks
    )
  })
  return wide === undefined ? undefined : targetOfRange(prefixOf(range.address, wide.prefix))
}
