import { type Address, type AddressRange, maskWord, parseAddress, parseRange, prefixOf } from './address.js'
import { type Author, type Decision, type EnforcerKind, isActive } from './decisions.js'

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
  /** takes a new or changed decision; older revisions of the same decision are ignored, also after it was lifted */
  apply: (decision: Decision) => void
  /** replaces everything by a snapshot, the cursor too: `revision` is the snapshot's own, its highest decision's when left out */
  reset: (decisions: readonly Decision[], revision?: number) => void
  /** active decisions on this subject, narrowest target first */
  match: (subject: DecisionSubject, now: number) => readonly Decision[]
  /** forgets what has expired or was lifted; returns how many */
  sweep: (now: number) => number
  all: () => readonly Decision[]
  /** decisions held that were not lifted */
  readonly size: number
  /** the highest revision seen: the cursor to resume from */
  readonly revision: number
}

/** One target's decisions: nearly always one, so that a list is only made for the second. */
type Slot = Decision | Decision[]
type Index = Map<number | string, Slot>
/** The range targets of one prefix length. */
type Table = { readonly prefix: number; readonly index: Index }

/** A single IPv6 address is held as its /64: that is what is counted and banned. */
const rangeOf = (decision: Decision): AddressRange | undefined => {
  const { kind, value } = decision.target
  if (kind !== 'ip' && kind !== 'cidr') return undefined
  const range = parseRange(value)
  if (range === undefined || kind === 'cidr') return range
  return range.address.family === 6 && range.prefix === 128 ? prefixOf(range.address, 64) : range
}

/** The key of an address cut to a prefix: a small integer for IPv4, the 128 bits as eight code units for IPv6. */
const keyOf = (address: Address, prefix: number): number | string => {
  if (address.family === 4) return maskWord(address.word, prefix) | 0
  const [a, b, c, d] = address.words
  const w = maskWord(a, prefix)
  const x = maskWord(b, prefix - 32)
  if (prefix <= 64) return String.fromCharCode(w >>> 16, w & 0xffff, x >>> 16, x & 0xffff)
  const y = maskWord(c, prefix - 64)
  const z = maskWord(d, prefix - 96)
  return String.fromCharCode(w >>> 16, w & 0xffff, x >>> 16, x & 0xffff, y >>> 16, y & 0xffff, z >>> 16, z & 0xffff)
}

/** `AS3320` and `3320`, `de` and `DE` are one target each. */
const nameKey = (kind: string, value: string): string => {
  if (kind === 'all') return 'all'
  if (kind === 'asn') return `asn:${/^as\d/i.test(value) ? value.slice(2) : value}`
  return `${kind}:${kind === 'country' ? value.toUpperCase() : value}`
}

const put = (index: Index, key: number | string, decision: Decision): void => {
  const slot = index.get(key)
  if (slot === undefined) index.set(key, decision)
  else if (Array.isArray(slot)) slot.push(decision)
  else index.set(key, [slot, decision])
}

const take = (index: Index, key: number | string, id: string): void => {
  const slot = index.get(key)
  if (Array.isArray(slot)) {
    const rest = slot.filter((decision) => decision.id !== id)
    const [only] = rest
    if (rest.length > 1) index.set(key, rest)
    else if (only !== undefined) index.set(key, only)
    else index.delete(key)
  } else if (slot?.id === id) index.delete(key)
}

const collect = (index: Index, key: number | string, now: number, into: Decision[]): void => {
  const slot = index.get(key)
  if (slot === undefined) return
  if (Array.isArray(slot)) {
    for (const decision of slot) if (isActive(decision, now)) into.push(decision)
  } else if (isActive(slot, now)) into.push(slot)
}

/** Remembers equal parts of decisions, bounded, so that a hundred thousand decisions of one rule hold one copy of it. */
const createShare = (): { decision: (decision: Decision) => Decision; clear: () => void } => {
  const texts = new Map<string, string>()
  const rules = new Map<string, NonNullable<Decision['rule']>>()
  const authors = new Map<string, Author>()
  const once = <T>(known: Map<string, T>, key: string, value: T): T => {
    const held = known.get(key)
    if (held !== undefined) return held
    if (known.size >= 1024) known.clear()
    known.set(key, value)
    return value
  }
  return {
    decision: (decision) => {
      const { rule, author } = decision
      return {
        ...decision,
        reason: once(texts, decision.reason, decision.reason),
        author: once(authors, `${author.kind}\n${author.id}\n${author.name ?? ''}`, author),
        ...(rule === undefined ? {} : { rule: once(rules, `${rule.id}\n${rule.version}\n${rule.level}\n${rule.title}`, rule) }),
      }
    },
    clear: () => {
      texts.clear()
      rules.clear()
      authors.clear()
    },
  }
}

/** Creates an empty set. With `enforcer` it holds only what that kind is to carry out; its revision moves with all others too. */
export const createDecisionSet = (options: { readonly enforcer?: EnforcerKind } = {}): DecisionSet => {
  const { enforcer } = options
  const byId = new Map<string, Decision>()
  /** lifted decisions, kept until they would have expired so that a late older revision cannot bring one back */
  const lifted = new Map<string, { readonly revision: number; readonly expiresAt: number }>()
  /** range targets by family, longest prefix first: a look-up tries only the lengths in use */
  const tables: { 4: Table[]; 6: Table[] } = { 4: [], 6: [] }
  const byName: Index = new Map()
  const share = createShare()
  let revision = 0

  const tableOf = (range: AddressRange): Table => {
    const list = tables[range.address.family]
    const held = list.find((table) => table.prefix === range.prefix)
    if (held !== undefined) return held
    const table: Table = { prefix: range.prefix, index: new Map() }
    list.push(table)
    list.sort((a, b) => b.prefix - a.prefix)
    return table
  }
  const drop = (decision: Decision): void => {
    byId.delete(decision.id)
    const range = rangeOf(decision)
    if (range === undefined) {
      take(byName, nameKey(decision.target.kind, decision.target.value), decision.id)
      return
    }
    const table = tableOf(range)
    take(table.index, keyOf(range.address, range.prefix), decision.id)
    if (table.index.size === 0) tables[range.address.family] = tables[range.address.family].filter((other) => other !== table)
  }
  const apply = (incoming: Decision): void => {
    if (incoming.revision > revision) revision = incoming.revision
    if (enforcer !== undefined && incoming.enforcers !== undefined && !incoming.enforcers.includes(enforcer)) return
    const held = byId.get(incoming.id)
    const known = held?.revision ?? lifted.get(incoming.id)?.revision
    if (known !== undefined && known >= incoming.revision) return
    if (held !== undefined) drop(held)
    if (incoming.lifted !== undefined) {
      lifted.set(incoming.id, { revision: incoming.revision, expiresAt: incoming.expiresAt })
      return
    }
    lifted.delete(incoming.id)
    const decision = share.decision(incoming)
    byId.set(decision.id, decision)
    const range = rangeOf(decision)
    if (range === undefined) put(byName, nameKey(decision.target.kind, decision.target.value), decision)
    else put(tableOf(range).index, keyOf(range.address, range.prefix), decision)
  }

  return {
    apply,
    reset: (decisions, at) => {
      byId.clear()
      lifted.clear()
      byName.clear()
      share.clear()
      tables[4] = []
      tables[6] = []
      revision = 0
      for (const decision of decisions) apply(decision)
      if (at !== undefined) revision = at
    },
    match: (subject, now) => {
      const found: Decision[] = []
      if (byId.size === 0) return found
      if (subject.session !== undefined) collect(byName, nameKey('session', subject.session), now, found)
      if (subject.user !== undefined) collect(byName, nameKey('user', subject.user), now, found)
      const address = typeof subject.address === 'string' ? parseAddress(subject.address) : subject.address
      if (address !== undefined) {
        for (const { prefix, index } of tables[address.family]) collect(index, keyOf(address, prefix), now, found)
      }
      if (subject.asn !== undefined) collect(byName, nameKey('asn', subject.asn), now, found)
      if (subject.country !== undefined) collect(byName, nameKey('country', subject.country), now, found)
      collect(byName, nameKey('all', '*'), now, found)
      return found
    },
    sweep: (now) => {
      let count = 0
      for (const decision of byId.values()) {
        if (decision.expiresAt > now) continue
        drop(decision)
        count++
      }
      for (const [id, { expiresAt }] of lifted) {
        if (expiresAt > now) continue
        lifted.delete(id)
        count++
      }
      return count
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
