import { type AddressRange, type Decision, type EnforcerKind, formatRange, lockdownInForce, parseRange } from '@parapet/core'
import { rangeOfTarget, tooWide } from '../../targets.js'
import { minimalRanges, type RangeUntil } from '../minimal-ranges.js'
import { isFor } from '../wanted-ranges.js'

/** What an enforcer that knows nothing but addresses makes of decisions. */
export type DeniedRanges = {
  /** denied everywhere: the fewest ranges that hold the same addresses, in order */
  readonly all: readonly AddressRange[]
  /** denied at sign-in only */
  readonly signIn: readonly AddressRange[]
  /** until `until` (ms UTC) nobody but these ranges gets in; undefined without a lockdown of that kind */
  readonly onlyAllowed: { readonly ranges: readonly AddressRange[]; readonly until: number } | undefined
  /** ids of the decisions that are in the ranges */
  readonly carried: readonly string[]
  /** decisions meant for this enforcer that are not in them, and why; for people */
  readonly refused: readonly { readonly id: string; readonly reason: string }[]
  /** the first time at which one of these ends or another begins, ms UTC; null when none will */
  readonly changesAt: number | null
}

/** How {@link deniedRanges} reads decisions. */
export type DeniedOptions = {
  readonly kind: EnforcerKind
  /** ms UTC */
  readonly now: number
  /** ranges that may be held, before they are put together; the newest decisions win */
  readonly most: number
  /** whether sign-in can be told from the rest */
  readonly signIn: boolean
  /** whether "nobody but these" can be said */
  readonly lockdown: boolean
  /** why a range is never denied, asked again here whatever the decision says; `undefined` when it may be */
  readonly reasonFor: (range: AddressRange) => string | undefined
}

/** Newest first; by id where they began together, so that the same decisions always give the same text. */
const byAge = (a: Decision, b: Decision): number => b.startsAt - a.startsAt || (a.id < b.id ? -1 : 1)

const parseAll = (texts: readonly string[]): RangeUntil[] =>
  texts.flatMap((text) => {
    const range = parseRange(text)
    return range === undefined ? [] : [{ range, until: Number.MAX_SAFE_INTEGER }]
  })

const plain = (ranges: readonly RangeUntil[]): readonly AddressRange[] => minimalRanges(ranges).map(({ range }) => range)

/** The fewest ranges that hold the same addresses, in order: IPv4 first. */
export const fewest = (ranges: readonly AddressRange[]): readonly AddressRange[] =>
  plain(ranges.map((range) => ({ range, until: Number.MAX_SAFE_INTEGER })))

/** Why a decision is not one that addresses alone can carry out. */
const unable = ({ action, scope, lockdown }: Decision, options: DeniedOptions): string | undefined => {
  if (action === 'lockdown') {
    if (!options.lockdown) return 'a list of what is denied cannot say who alone gets in'
    if (lockdown?.mode === 'read_only' || lockdown?.mode === 'known_users')
      return 'addresses do not tell who is known, or what changes something'
    return undefined
  }
  if (action !== 'deny') return `${action} needs more than an address`
  return scope === 'login' && !options.signIn ? 'sign-in cannot be told from the rest here' : undefined
}

/** The range of a decision, or why it is refused. */
const rangeOf = (decision: Decision, options: DeniedOptions): AddressRange | string => {
  const range = rangeOfTarget(decision.target)
  if (range === undefined) return 'the target is no address'
  return tooWide(range) ?? options.reasonFor(range) ?? range
}

/**
 * Reads decisions as ranges of addresses. Whatever stands in a target, only what core parses as an address comes out; a range that is
 * too wide, or holds a spared one, is refused by name. Observed decisions are left out. Pure.
 */
export const deniedRanges = (decisions: Iterable<Decision>, options: DeniedOptions): DeniedRanges => {
  const { kind, now, most } = options
  const refused: { id: string; reason: string }[] = []
  const lists: { readonly all: RangeUntil[]; readonly login: RangeUntil[] } = { all: [], login: [] }
  const carried: string[] = []
  const lockdowns: Decision[] = []
  const able: Decision[] = []
  let changesAt: number | null = null
  for (const decision of decisions) {
    const coming = decision.startsAt > now
    // one that has yet to begin is asked about as of then
    if (!isFor(decision, kind, coming ? decision.startsAt : now)) continue
    const turn = coming ? decision.startsAt : decision.expiresAt
    if (changesAt === null || turn < changesAt) changesAt = turn
    if (coming) continue
    const reason = unable(decision, options)
    if (reason !== undefined) refused.push({ id: decision.id, reason })
    else if (decision.action === 'lockdown') lockdowns.push(decision)
    else able.push(decision)
  }
  for (const decision of able.length > most ? able.toSorted(byAge) : able) {
    const range = carried.length >= most ? `it holds ${most} ranges at most, and newer ones have taken them` : rangeOf(decision, options)
    if (typeof range === 'string') {
      refused.push({ id: decision.id, reason: range })
      continue
    }
    lists[decision.scope].push({ range, until: decision.expiresAt })
    carried.push(decision.id)
  }
  const strictest = lockdownInForce(lockdowns, now)
  const allow = lockdowns.find(({ id }) => id === strictest?.id)?.lockdown?.allow ?? []
  carried.push(...lockdowns.map(({ id }) => id))
  return {
    all: plain(lists.all),
    signIn: plain(lists.login),
    onlyAllowed: strictest === undefined ? undefined : { ranges: plain(parseAll(allow)), until: strictest.expiresAt },
    carried,
    refused,
    changesAt,
  }
}

/** Ranges as canonical text, one a line. */
export const rangeLines = (ranges: readonly AddressRange[]): string[] => ranges.map(formatRange)
