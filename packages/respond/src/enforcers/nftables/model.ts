import { type AddressRange, type Decision, formatAddress, formatRange, parseRange } from '@parapet/core'
import { rangeContains } from '../../targets.js'
import { minimalRanges, type RangeUntil } from '../minimal-ranges.js'
import type { AllowList, EnforcerModel, Refusal, WantedRange } from '../types.js'
import { isFor, wantedRanges } from '../wanted-ranges.js'
import { type NftHeld, NOTHING_HELD, same } from './held.js'
import type { HostSet, NftOperation } from './operations.js'
import { endFor, planHosts, planRanges } from './plan-sets.js'
import { MAX_RANGES } from './table.js'

/** What the owner of a host allows its firewall to do, and what is true of it now. */
export type NftSettings = {
  readonly allowed: AllowList
  /** decisions that are held at most; the oldest ones stay */
  readonly most: number
  /** may a lockdown drop everything new here? */
  readonly lockdown: boolean
  /** who gets in during one, beside the allow list and the decision's own ranges: networks of this host's own, such as its containers' */
  readonly open: readonly AddressRange[]
  /** is anybody on the allow list who could end one: an address that the owner named, an operator who is signed in? */
  readonly mayEnter: boolean
}

/** A lockdown as this host carries it out. `until` in ms UTC. */
export type WantedLockdown = { readonly id: string; readonly until: number; readonly open: readonly string[] }

/** What the table should hold. */
export type NftWanted = {
  /** until when each host is denied, ms UTC */
  readonly ban4: ReadonlyMap<string, number>
  readonly ban6: ReadonlyMap<string, number>
  readonly ranges: readonly RangeUntil[]
  readonly allow: readonly string[]
  readonly lockdown: WantedLockdown | null
  readonly refused: readonly Refusal[]
  /** decisions that are carried out, by what is held for them */
  readonly decisions: readonly WantedRange[]
}

/** The set of hosts that a range belongs into; `undefined` for one of several hosts. */
const hostSetOf = ({ address, prefix }: AddressRange): HostSet | undefined =>
  address.family === 4 ? (prefix === 32 ? 'ban4' : undefined) : prefix === 64 ? 'ban6' : undefined

const lockdownOf = (decisions: Iterable<Decision>, now: number, settings: NftSettings, refused: Refusal[]): WantedLockdown | null => {
  let newest: Decision | undefined
  for (const decision of decisions) {
    const { action, target, lockdown, revision } = decision
    if (action !== 'lockdown' || target.kind !== 'all' || (lockdown?.mode !== 'allow_list' && lockdown?.mode !== 'all')) continue
    if (isFor(decision, 'nftables', now) && (newest === undefined || newest.revision < revision)) newest = decision
  }
  if (newest === undefined) return null
  const { id, expiresAt, lockdown } = newest
  if (!settings.lockdown) {
    refused.push({ id, reason: 'enforce.nftables.lockdown is off on this host' })
    return null
  }
  const given = (lockdown?.allow ?? []).flatMap((text) => parseRange(text) ?? [])
  if (given.length === 0 && !settings.mayEnter) {
    refused.push({ id, reason: 'nobody could get in any more; name addresses in enforce.allow' })
    return null
  }
  const ranges = [...given, ...settings.open].map((range) => ({ range, until: expiresAt }))
  return {
    id,
    until: expiresAt,
    open: minimalRanges(ranges)
      .slice(0, MAX_OPEN)
      .map(({ range }) => formatRange(range)),
  }
}

/** Ranges that a lockdown lets in. */
const MAX_OPEN = 1_500

const byAge = (a: WantedRange, b: WantedRange): number => a.startsAt - b.startsAt || (a.id < b.id ? -1 : 1)

/** Takes as many as there is room for, the oldest first; the rest is refused with `reason`. */
const bounded = (all: readonly WantedRange[], most: number, reason: string, refused: Refusal[]): readonly WantedRange[] => {
  if (all.length <= most) return all
  const sorted = all.toSorted(byAge)
  for (const { id } of sorted.slice(most)) refused.push({ id, reason })
  return sorted.slice(0, most)
}

const wanted = (decisions: Iterable<Decision>, now: number, settings: NftSettings): NftWanted => {
  const found = wantedRanges('nftables', decisions, now, settings.allowed)
  const refused = [...found.refused]
  const { most } = settings
  const room = bounded(found.ranges, most, `this host holds at most ${most} (enforce.nftables.most)`, refused)
  const ban4 = new Map<string, number>()
  const ban6 = new Map<string, number>()
  const hosts: WantedRange[] = []
  const wide: WantedRange[] = []
  for (const one of room) {
    const set = hostSetOf(one.range)
    if (set === undefined) {
      wide.push(one)
      continue
    }
    const map = set === 'ban4' ? ban4 : ban6
    const name = formatAddress(one.range.address)
    map.set(name, Math.max(map.get(name) ?? 0, one.until))
    hosts.push(one)
  }
  const ranges = bounded(wide, MAX_RANGES, `this host holds at most ${MAX_RANGES} ranges`, refused)
  return {
    ban4,
    ban6,
    ranges: minimalRanges(ranges),
    allow: settings.allowed.ranges.map(formatRange),
    lockdown: lockdownOf(decisions, now, settings, refused),
    refused,
    decisions: [...hosts, ...ranges],
  }
}

/** What leads from what is held to what is wanted, as one transaction, and what is held after it. */
const plan: EnforcerModel<NftSettings, NftWanted, NftHeld, NftOperation>['plan'] = (before, goal, now) => {
  const operations: NftOperation[] = []
  const held = before.built ? before : { ...NOTHING_HELD, built: true }
  if (!before.built) operations.push({ op: 'build' })
  if (!same(held.allow, goal.allow)) operations.push({ op: 'allow', ranges: goal.allow })
  const ban4 = planHosts('ban4', held.ban4, goal.ban4, now, operations)
  const ban6 = planHosts('ban6', held.ban6, goal.ban6, now, operations)
  const ranges = planRanges(held.ranges, goal.ranges, now, operations)
  const lockdown = goal.lockdown === null ? null : { until: goal.lockdown.until, open: goal.lockdown.open }
  const isOn = held.lockdown !== null && held.lockdown.until > now
  if (lockdown === null) {
    if (isOn) operations.push({ op: 'open', ranges: [], until: null })
  } else if (!isOn || held.lockdown.until !== lockdown.until || !same(held.lockdown.open, lockdown.open))
    operations.push({ op: 'open', ranges: lockdown.open, until: endFor(lockdown.until, now) })
  return { operations, after: { built: true, ban4, ban6, ranges, allow: goal.allow, lockdown } }
}

/** The firewall of a host: which decisions it holds, and what brings it there. */
export const nftablesModel: EnforcerModel<NftSettings, NftWanted, NftHeld, NftOperation> = { kind: 'nftables', wanted, plan }

/** How many of the decisions that are carried out are really held. */
export const countHeld = (goal: NftWanted, held: NftHeld): number => {
  const ranges = [...held.ranges.keys()].flatMap((text) => parseRange(text) ?? [])
  const covers = (range: AddressRange): boolean => ranges.some((one) => rangeContains(one, range))
  let count = 0
  for (const { range } of goal.decisions) {
    const set = hostSetOf(range)
    if (set === undefined ? covers(range) : held[set].has(formatAddress(range.address))) count++
  }
  return count
}
