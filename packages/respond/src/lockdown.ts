import {
  type Author,
  createAddressSet,
  formatDuration,
  formatRange,
  HOUR,
  isActive,
  judgeLockdown,
  type Lockdown,
  type LockdownMode,
  type LockdownPreflight,
  LOOPBACK,
  MINUTE,
  parseAddress,
  parseRange,
  ParapetError,
  prefixOf,
  readLockdown,
} from '@parapet/core'
import type { HeldDecision, NewDecision } from './policy.js'
import { rangeOfTarget, rangesOverlap } from './targets.js'
import { oneLine } from './text.js'

/** The longest that one confirmation holds a lockdown, ms. */
export const LONGEST_LOCKDOWN: number = 24 * HOUR
/** How long a lockdown that a person began holds before its first confirmation, ms: whoever it shut out waits no longer. */
export const UNCONFIRMED_LOCKDOWN: number = 2 * MINUTE
/** The longest lockdown that a policy may begin by itself, ms. */
export const POLICY_LOCKDOWN: number = 15 * MINUTE

/** Requests of the last hour that look the same to a lockdown, counted together. */
export type LockdownTraffic = {
  readonly address?: string | undefined
  readonly method: string
  readonly user?: string | undefined
  /** the user was signed in at that time: he would have been before the lockdown began */
  readonly signedIn: boolean
  readonly requests: number
}

/** Everything that a lockdown is planned from. Addresses and ranges as text; `null`: it could not be found out. */
export type LockdownPlanFacts = {
  readonly mode: LockdownMode
  /** how long each confirmation holds, ms */
  readonly durationMs: number
  /** where the request for it comes from; null: it is not known. Left out for a policy, which nobody sits at. */
  readonly operatorAddress?: string | null
  readonly allowList: readonly string[]
  readonly proxies: readonly string[]
  /** of the control plane's machine; null or empty: it is not known */
  readonly ownAddresses: readonly string[] | null
  readonly gateways: readonly string[]
  readonly dns: readonly string[]
  /** addresses from which operators are signed in now */
  readonly operators: readonly string[]
  /** addresses that enforcers and agents report from: they have to hear of the end */
  readonly enforcers: readonly string[]
  /** what is in force: a ban on the operator's own address is found before it matters */
  readonly held: readonly HeldDecision[]
  readonly lastHour: readonly LockdownTraffic[]
  /** ms UTC */
  readonly now: number
}

/** A plan: what it would mean, and the ranges that its decision never reaches. */
export type LockdownPlan = { readonly preflight: LockdownPreflight; readonly allow: readonly string[] }

const MAX_ALLOWED = 2_000
/** Ranges that are wider let in whole parts of the world, in bits of prefix. */
const WIDE = { 4: 8, 6: 16 } as const

/** An address as the range that is let in: itself for IPv4, its /64 for IPv6, as addresses change within it. */
const rangeFor = (text: string): string | undefined => {
  const range = parseRange(text)
  if (range === undefined) return undefined
  return formatRange(range.address.family === 6 && range.prefix > 64 ? prefixOf(range.address, 64) : range)
}

const collectAllowed = (facts: LockdownPlanFacts): { range: string; why: string }[] => {
  const found = new Map<string, string>()
  const add = (texts: readonly (string | null | undefined)[], why: string): void => {
    for (const text of texts) {
      const range = text === null || text === undefined ? undefined : rangeFor(text)
      if (range !== undefined && !found.has(range) && found.size < MAX_ALLOWED) found.set(range, why)
    }
  }
  add(['127.0.0.0/8'], 'this machine itself')
  found.set('::1', 'this machine itself')
  add([facts.operatorAddress], 'where you work from')
  add(facts.ownAddresses ?? [], 'an address of the control plane')
  add(facts.operators, 'an operator is signed in from there')
  add(facts.enforcers, 'an enforcer or agent reports from there')
  add(facts.proxies, 'a declared proxy')
  add(facts.gateways, 'the gateway')
  add(facts.dns, 'a DNS server')
  add(facts.allowList, 'on the allow-list')
  return [...found].map(([range, why]) => ({ range, why }))
}

const problemsOf = (facts: LockdownPlanFacts): string[] => {
  const problems: string[] = []
  const { operatorAddress, durationMs } = facts
  const longest = operatorAddress === undefined ? POLICY_LOCKDOWN : LONGEST_LOCKDOWN
  if (!(durationMs >= MINUTE && durationMs <= longest))
    problems.push(`A lockdown holds for 1m to ${formatDuration(longest)} at a time. Choose a duration within that.`)
  if (facts.ownAddresses === null || facts.ownAddresses.length === 0)
    problems.push('The addresses of the control plane cannot be read, so that it might be shut out. Look at its log.')
  if (operatorAddress === undefined) return problems
  const own = operatorAddress === null ? undefined : parseAddress(operatorAddress)
  if (own === undefined) {
    problems.push(
      'It is not known from which address you work, so that you might shut yourself out. Declare the proxy before the control plane.',
    )
    return problems
  }
  // loopback is a command or a browser of the machine itself: behind a proxy of it, clients have the addresses that it forwards
  if (!LOOPBACK.has(own) && createAddressSet(facts.proxies.filter((proxy) => parseRange(proxy) !== undefined)).has(own))
    problems.push('You seem to work from a declared proxy, so that your own address is not known. Let the proxy forward it.')
  const ownRange = { address: own, prefix: own.family === 4 ? 32 : 64 }
  const ban = facts.held.find((decision) => {
    if (decision.mode !== 'enforce' || decision.action === 'lockdown' || !isActive(decision, facts.now)) return false
    const range = rangeOfTarget(decision.target)
    return range !== undefined && rangesOverlap(range, ownRange)
  })
  if (ban !== undefined) problems.push(`Decision ${ban.id} stands against the address that you work from. Lift it first.`)
  return problems
}

const warningsOf = ({ mode, allowList, ownAddresses, lastHour }: LockdownPlanFacts, refused: number, requests: number): string[] => {
  const warnings: string[] = []
  if (ownAddresses !== null && ownAddresses.length > 0 && ownAddresses.every((address) => LOOPBACK.has(address)))
    warnings.push(
      'The control plane has no address but loopback. What reaches it through something else, such as a container network, belongs on the allow-list.',
    )
  if (mode === 'allow_list' && allowList.length === 0)
    warnings.push('The allow-list is empty: nobody gets in but operators and what Parapet itself needs.')
  for (const text of allowList) {
    const range = parseRange(text)
    if (range !== undefined && range.prefix < WIDE[range.address.family] && warnings.length < 5)
      warnings.push(`${formatRange(range)} is on the allow-list: the lockdown stops nobody from there.`)
  }
  if (mode === 'all') warnings.push('Every user is shut out, also those who are signed in.')
  if (lastHour.length === 0) warnings.push('No traffic of the last hour is known, so that the effect cannot be told.')
  else if (refused === requests) warnings.push('Every request of the last hour would have been refused.')
  return warnings
}

/**
 * Plans a lockdown: who gets in all the same, what stands against it, and what it would have refused within the last hour. Pure. The
 * operator who asks, the control plane, proxies, enforcers and the allow-list are always let in; when one of the first two cannot be known
 * the plan has a problem, and must not be started.
 */
export const planLockdown = (facts: LockdownPlanFacts): LockdownPlan => {
  const allowed = collectAllowed(facts)
  const allow = allowed.map(({ range }) => range)
  const held = readLockdown({
    id: 'plan',
    target: { kind: 'all', value: '*' },
    action: 'lockdown',
    lockdown: { mode: facts.mode, allow },
    scope: 'all',
    mode: 'enforce',
    reason: 'plan',
    author: { kind: 'operator', id: 'plan' },
    batch: 'plan',
    startsAt: facts.now,
    expiresAt: facts.now + 1,
  })
  let requests = 0
  let refused = 0
  const users = new Set<string>()
  const usersRefused = new Set<string>()
  for (const group of facts.lastHour) {
    requests += group.requests
    if (group.user !== undefined) users.add(group.user)
    const session = group.signedIn ? { startedAt: facts.now - 1, secondFactor: false } : undefined
    if (held === undefined || judgeLockdown(held, { address: group.address, method: group.method, session }).outcome === 'allow') continue
    refused += group.requests
    if (group.user !== undefined) usersRefused.add(group.user)
  }
  const problems = problemsOf(facts)
  return {
    allow,
    preflight: {
      ok: problems.length === 0,
      problems,
      warnings: warningsOf(facts, refused, requests),
      allowed,
      lastHour: { requests, refused, users: users.size, usersRefused: usersRefused.size },
    },
  }
}

/** The decision of a lockdown that begins now. Its expiry ends it at every enforcer, also when the control plane is gone. Times in ms UTC. */
export const lockdownDecision = (wish: {
  readonly plan: LockdownPlan
  readonly mode: LockdownMode
  readonly reason: string
  readonly author: Author
  readonly alertId?: string
  readonly startsAt: number
  readonly endsAt: number
  readonly newId: () => string
}): NewDecision => {
  if (!wish.plan.preflight.ok) throw new ParapetError('PPT_CONFLICT', wish.plan.preflight.problems.join(' '))
  return {
    id: wish.newId(),
    target: { kind: 'all', value: '*' },
    action: 'lockdown',
    lockdown: { mode: wish.mode, allow: wish.plan.allow },
    scope: 'all',
    mode: 'enforce',
    reason: oneLine(wish.reason, 500),
    author: wish.author,
    ...(wish.alertId === undefined ? {} : { alertId: wish.alertId }),
    batch: wish.newId(),
    startsAt: wish.startsAt,
    expiresAt: Math.min(wish.endsAt, wish.startsAt + LONGEST_LOCKDOWN),
  }
}

/** The lockdown after it was confirmed at `now` (ms UTC): it holds for its time from then. One that is over cannot be confirmed: `PPT_CONFLICT`. */
export const confirmLockdown = (lockdown: Lockdown, now: number): Lockdown => {
  const current = lapseLockdown(lockdown, now)
  if (current.endedAt !== null) throw new ParapetError('PPT_CONFLICT', 'the lockdown is over; start another one if it is needed')
  return { ...current, confirmations: current.confirmations + 1, endsAt: Math.max(current.endsAt, now + current.holdsMs) }
}

/** The lockdown as it stands at `now` (ms UTC): one whose time is over has ended by itself, and says which confirmation it lacked. */
export const lapseLockdown = (lockdown: Lockdown, now: number): Lockdown => {
  if (lockdown.endedAt !== null || now < lockdown.endsAt) return lockdown
  return { ...lockdown, endedAt: lockdown.endsAt, endedWhy: lockdown.confirmations === 0 ? 'not_confirmed' : 'confirmation_lapsed' }
}
