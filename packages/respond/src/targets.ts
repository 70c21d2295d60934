import { type Address, type AddressRange, type Alert, formatRange, parseRange, prefixOf, type TargetKind } from '@parapet/core'
import { type AlertFacts, NO_FACTS } from './facts.js'

/** What a decision acts on. */
export type Target = { readonly kind: TargetKind; readonly value: string }

/** The most addresses that one alert may lead to decisions on. */
export const MAX_TARGETS = 32

/** The widest ranges that may be denied, in bits of prefix: a slip of the finger must not take a continent off. */
export const WIDEST_RANGE: { readonly 4: number; readonly 6: number } = { 4: 16, 6: 32 }

/** The range an address target stands for: a single IPv6 address means its /64, as it is counted and enforced. */
export const rangeOfTarget = (target: Target): AddressRange | undefined => {
  if (target.kind !== 'ip' && target.kind !== 'cidr') return undefined
  const range = parseRange(target.value)
  if (range === undefined || target.kind === 'cidr') return range
  return range.address.family === 6 && range.prefix === 128 ? prefixOf(range.address, 64) : range
}

/** The canonical target of a range: `ip` for one IPv4 address, `cidr` for everything else. */
export const targetOfRange = (range: AddressRange): Target => ({
  kind: range.address.family === 4 && range.prefix === 32 ? 'ip' : 'cidr',
  value: formatRange(range),
})

const sameBits = (a: Address, b: Address): boolean =>
  a.family === 4 ? b.family === 4 && a.word === b.word : b.family === 6 && a.words.every((word, index) => word === b.words[index])

/** True when every address of `inner` lies in `outer`. */
export const rangeContains = (outer: AddressRange, inner: AddressRange): boolean =>
  outer.address.family === inner.address.family &&
  outer.prefix <= inner.prefix &&
  sameBits(prefixOf(inner.address, outer.prefix).address, prefixOf(outer.address, outer.prefix).address)

/** True when the ranges share an address. */
export const rangesOverlap = (a: AddressRange, b: AddressRange): boolean => rangeContains(a, b) || rangeContains(b, a)

/** Why a range is too wide to be denied; `undefined` when it is not. */
export const tooWide = ({ address, prefix }: AddressRange): string | undefined => {
  const widest = WIDEST_RANGE[address.family]
  return prefix < widest ? `a /${prefix} is too wide to deny; the widest IPv${address.family} range is /${widest}` : undefined
}

/** True when both targets mean the same thing, however they are written. */
export const sameTarget = (a: Target, b: Target): boolean => {
  const range = rangeOfTarget(a)
  const other = rangeOfTarget(b)
  if (range === undefined || other === undefined) return a.kind === b.kind && a.value === b.value
  return rangeContains(range, other) && rangeContains(other, range)
}

/** True when denying `outer` denies `inner` too. */
export const targetCovers = (outer: Target, inner: Target): boolean => {
  if (outer.kind === 'all') return true
  const range = rangeOfTarget(outer)
  const other = rangeOfTarget(inner)
  if (range === undefined || other === undefined) return outer.kind === inner.kind && outer.value === inner.value
  return rangeContains(range, other)
}

/** An IPv4 address is acted on alone, an IPv6 address by its /64. */
const acted = (range: AddressRange): AddressRange => prefixOf(range.address, range.address.family === 4 ? 32 : 64)

/**
 * The address targets that an alert may be answered on. An alert that stands for a user or an endpoint has none: its addresses are
 * many, each seen once or twice, and denying them would hit people behind the same networks. Those of a wide prefix are acted on
 * one by one. Bounded by {@link MAX_TARGETS}.
 */
export const addressTargets = (alert: Alert): readonly Target[] => {
  const { kind, value } = alert.scope
  if (kind === 'user' || kind === 'endpoint') return []
  const scope = kind === 'ip' ? parseRange(value) : undefined
  if (scope !== undefined && scope.prefix >= (scope.address.family === 4 ? 32 : 64)) return [targetOfRange(acted(scope))]
  const found = new Map<string, Target>()
  for (const text of alert.targets) {
    const range = parseRange(text)
    if (range === undefined || (scope !== undefined && !rangeContains(scope, range))) continue
    const target = targetOfRange(acted(range))
    if (found.size < MAX_TARGETS) found.set(target.value, target)
  }
  return [...found.values()]
}

/** More than so many users behind one alert are too many to know who of them it is about: none is acted on. */
export const MAX_USERS = 4
const LONGEST_NAME = 256

const named = (kind: 'user' | 'session', values: readonly string[]): readonly Target[] => {
  const known = [...new Set(values)].filter((value) => value.trim() !== '' && value.length <= LONGEST_NAME)
  return known.length > MAX_USERS ? [] : known.map((value) => ({ kind, value }))
}

/**
 * The users that an alert may be answered on: the one that it stands for. For an alert of an address or an event they are those who signed
 * in with success in what is behind it, else those who are named there; none of more than {@link MAX_USERS}: a list of guessed names is
 * no list of suspects.
 */
export const userTargets = (alert: Alert, facts: AlertFacts): readonly Target[] => {
  const { kind, value } = alert.scope
  if (kind === 'user') return named('user', [value])
  if (kind === 'endpoint') return []
  const [only, ...more] = USER_FIELDS.flatMap((field) => alert.group[field] ?? [])
  if (only !== undefined) return named('user', [only, ...more].slice(0, 1))
  return named('user', facts.signedIn.length > 0 ? facts.signedIn : facts.users)
}

const USER_FIELDS = ['user.id', 'user.name'] as const

/** The sessions that an alert may be answered on, bounded as users are. */
export const sessionTargets = (alert: Alert, facts: AlertFacts): readonly Target[] => {
  const own = alert.group['session.id']
  return named('session', own === undefined ? facts.sessions : [own])
}

/** Everything that an answer to this alert may act on: what earlier decisions and the traffic have to be known of. */
export const targetsOf = (alert: Alert, facts: AlertFacts = NO_FACTS): readonly Target[] => [
  ...addressTargets(alert),
  ...userTargets(alert, facts),
  ...sessionTargets(alert, facts),
]
