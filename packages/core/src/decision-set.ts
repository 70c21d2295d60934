import { type Address, type AddressRange, formatRange, parseAddress, parseRange, prefixOf } from './address.js'
import { type Decision, isActive } from './decisions.js'

/** What a request is known by when decisions are looked up. */
export type DecisionSubject = {
  readonly address?: string | Address | undefined
  readonly user?: string | undefined
  readonly session?: string | undefined
  readonly country?: string | undefined
  readonly asn?: string | undefined
}

/** The decisions that an enforcer holds, indexed for look-ups on every request. One implementation for every enforcer. */
export type DecisionSet = {
  /** takes a new or changed decision; older revisions of the same decision are ignored */
  apply: (decision: Decision) => void
  /** replaces everything by a snapshot */
  reset: (decisions: readonly Decision[]) => void
  /** active decisions on this subject, narrowest target first */
  match: (subject: DecisionSubject, now: number) => readonly Decision[]
  /** forgets what has expired or was lifted; returns how many */
  sweep: (now: number) => number
  all: () => readonly Decision[]
  readonly size: number
  /** the highest revision seen: the cursor to resume from */
  readonly revision: number
}

const isAddressKind = (kind: string): boolean => kind === 'ip' || kind === 'cidr'

/** A single IPv6 address is held as its /64: that is what is counted and banned. */
const rangeOf = (decision: Decision): AddressRange | undefined => {
  const range = parseRange(decision.target.value)
  if (range === undefined || decision.target.kind === 'cidr') return range
  return range.address.family === 6 && range.prefix === 128 ? prefixOf(range.address, 64) : range
}

const indexKey = (decision: Decision): string => {
  const { kind, value } = decision.target
  if (!isAddressKind(kind)) return `${kind}:${value}`
  const range = rangeOf(decision)
  return range === undefined ? `invalid:${value}` : `net${range.address.family}:${formatRange(range)}`
}

/** Creates an empty set. */
export const createDecisionSet = (): DecisionSet => {
  const byId = new Map<string, Decision>()
  const byTarget = new Map<string, Decision[]>()
  /** how many range targets of each prefix length there are, so that a look-up tries only lengths in use */
  const prefixes = { 4: new Map<number, number>(), 6: new Map<number, number>() }
  let revision = 0

  const countPrefix = (decision: Decision, by: 1 | -1): void => {
    const range = isAddressKind(decision.target.kind) ? rangeOf(decision) : undefined
    if (range === undefined) return
    const counts = prefixes[range.address.family]
    const count = (counts.get(range.prefix) ?? 0) + by
    if (count === 0) counts.delete(range.prefix)
    else counts.set(range.prefix, count)
  }
  const drop = (decision: Decision): void => {
    byId.delete(decision.id)
    const key = indexKey(decision)
    const rest = (byTarget.get(key) ?? []).filter((other) => other.id !== decision.id)
    if (rest.length === 0) byTarget.delete(key)
    else byTarget.set(key, rest)
    countPrefix(decision, -1)
  }
  const apply = (decision: Decision): void => {
    if (decision.revision > revision) revision = decision.revision
    const held = byId.get(decision.id)
    if (held !== undefined && held.revision >= decision.revision) return
    if (held !== undefined) drop(held)
    if (decision.lifted !== undefined) return
    byId.set(decision.id, decision)
    const key = indexKey(decision)
    const list = byTarget.get(key)
    if (list === undefined) byTarget.set(key, [decision])
    else list.push(decision)
    countPrefix(decision, 1)
  }
  const collect = (key: string, now: number, into: Decision[]): void => {
    for (const decision of byTarget.get(key) ?? []) if (isActive(decision, now)) into.push(decision)
  }

  return {
    apply,
    reset: (decisions) => {
      byId.clear()
      byTarget.clear()
      prefixes[4].clear()
      prefixes[6].clear()
      for (const decision of decisions) apply(decision)
    },
    match: (subject, now) => {
      const found: Decision[] = []
      if (byId.size === 0) return found
      if (subject.session !== undefined) collect(`session:${subject.session}`, now, found)
      if (subject.user !== undefined) collect(`user:${subject.user}`, now, found)
      const address = typeof subject.address === 'string' ? parseAddress(subject.address) : subject.address
      if (address !== undefined) {
        const lengths = [...prefixes[address.family].keys()].toSorted((a, b) => b - a)
        for (const length of lengths) collect(`net${address.family}:${formatRange(prefixOf(address, length))}`, now, found)
      }
      if (subject.asn !== undefined) collect(`asn:${subject.asn}`, now, found)
      if (subject.country !== undefined) collect(`country:${subject.country}`, now, found)
      collect('all:*', now, found)
      return found
    },
    sweep: (now) => {
      const gone = [...byId.values()].filter((decision) => decision.expiresAt <= now)
      for (const decision of gone) drop(decision)
      return gone.length
    },
    all: () => [...byId.values()],
    get size() {
      return byId.size
    },
    get revision() {
      return revision
    },
  }
}
