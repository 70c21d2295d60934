import { formatRange } from '@parapet/core'
import type { RangeUntil } from '../minimal-ranges.js'
import type { HeldElement } from './held.js'
import type { Element, HostSet, NftOperation } from './operations.js'
import { MAX_TIMEOUT_MS } from './table.js'

/** Ends that lie so near each other are one, ms. */
const SLACK_MS = 1_500
/** From so many removals on, emptying the set and filling in the rest may be cheaper. */
const MANY = 1_000

/** Between 0 and 1, always the same for a name: FNV-1a. */
const jitterOf = (name: string): number => {
  let hash = 0x811c9dc5
  for (let i = 0; i < name.length; i++) hash = Math.imul(hash ^ name.charCodeAt(i), 0x01000193)
  return (hash >>> 0) / 0x1_0000_0000
}

/** Until when the kernel is told to keep an element that is wanted until `until`. */
export const endFor = (until: number, now: number): number => Math.min(until, now + MAX_TIMEOUT_MS)

/**
 * True when an element that is held must be asserted again: its end was changed, or what it was given ends soon and is not all that was asked
 * for. Each has its own moment between half and three quarters of the longest timeout, so that many of one time do not come back at once.
 */
const isDue = (name: string, held: HeldElement, until: number, now: number): boolean =>
  Math.abs(held.asked - until) > SLACK_MS ||
  (held.until < until - SLACK_MS && held.until - now < MAX_TIMEOUT_MS * (0.25 + 0.25 * jitterOf(name)))

const kept = (until: number, now: number): HeldElement => ({ until: endFor(until, now), asked: until })

/** Plans one set of hosts; what the kernel has let go of by itself needs nothing. Gives what is held after it. */
export const planHosts = (
  set: HostSet,
  held: ReadonlyMap<string, HeldElement>,
  wanted: ReadonlyMap<string, number>,
  now: number,
  operations: NftOperation[],
): ReadonlyMap<string, HeldElement> => {
  const after = new Map<string, HeldElement>()
  const [add, renew]: [Element[], Element[]] = [[], []]
  const remove: string[] = []
  for (const [name, element] of held) if (element.until > now && !wanted.has(name)) remove.push(name)
  const emptied = remove.length >= MANY && remove.length > wanted.size
  for (const [name, until] of wanted) {
    const element = held.get(name)
    if (element !== undefined && !emptied && element.until > now && !isDue(name, element, until, now)) {
      after.set(name, element)
      continue
    }
    after.set(name, kept(until, now))
    ;(element === undefined || emptied ? add : renew).push([name, endFor(until, now)])
  }
  if (emptied) operations.push({ op: 'empty', set })
  else if (remove.length > 0) operations.push({ op: 'remove', set, addresses: remove })
  if (renew.length > 0) operations.push({ op: 'renew', set, elements: renew })
  if (add.length > 0) operations.push({ op: 'add', set, elements: add })
  return after
}

/** Plans the ranges: they are few, and replaced as a whole, so that old and new ones never overlap. */
export const planRanges = (
  held: ReadonlyMap<string, HeldElement>,
  wanted: readonly RangeUntil[],
  now: number,
  operations: NftOperation[],
): ReadonlyMap<string, HeldElement> => {
  const goal = new Map(wanted.map(({ range, until }) => [formatRange(range), until]))
  const isGone = [...held].some(([name, { until }]) => until > now && !goal.has(name))
  const isNew = [...goal].some(([name, until]) => {
    const element = held.get(name)
    return element === undefined || element.until <= now || isDue(name, element, until, now)
  })
  if (!isGone && !isNew) return held
  operations.push({ op: 'ranges', elements: [...goal].map(([name, until]): Element => [name, endFor(until, now)]) })
  return new Map([...goal].map(([name, until]) => [name, kept(until, now)]))
}
