import { type Address, parseAddress, parseRange } from './address.js'
import { type AddressSet, createAddressSet } from './address-set.js'
import { type Decision, isActive, LOCKDOWN_MODES, type LockdownMode } from './decisions.js'

/** A lockdown as an enforcer holds it: the ranges of its decision are read once, not at every request. Times in ms UTC. */
export type HeldLockdown = {
  readonly id: string
  readonly mode: LockdownMode
  readonly startsAt: number
  readonly expiresAt: number
  readonly allow: AddressSet
}

/** What is known of a request when a lockdown is weighed. */
export type LockdownFacts = {
  readonly address?: string | Address | undefined
  readonly method: string
  /** what the request is for, where the enforcer knows: signing in or out, or a step of it such as a second factor */
  readonly purpose?: 'sign_in' | 'sign_out' | undefined
  /** the session that came with it: when it began, ms UTC, and whether a second factor was passed in it */
  readonly session?: { readonly startedAt: number; readonly secondFactor: boolean } | undefined
}

/**
 * What a lockdown says to a request. `second_factor`: it may go on, and what it begins counts only when a second factor is passed. `why`
 * is a sentence for people.
 */
export type LockdownVerdict = { readonly outcome: 'allow' | 'refuse' | 'second_factor'; readonly why: string }

/** Methods that change nothing. Source: RFC 9110, section 9.2.1. */
const SAFE_METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'OPTIONS', 'TRACE'])

/** One text that is no range must neither open the lockdown to everybody nor stop the enforcer. */
const readRanges = (ranges: readonly string[]): AddressSet => createAddressSet(ranges.flatMap((range) => parseRange(range) ?? []))

/** Reads a decision with action `lockdown`; undefined for any other. A mode that is not known is taken as the strictest. */
export const readLockdown = (decision: Omit<Decision, 'revision'>): HeldLockdown | undefined => {
  if (decision.action !== 'lockdown' || decision.target.kind !== 'all') return undefined
  const asked = decision.lockdown?.mode
  return {
    id: decision.id,
    mode: LOCKDOWN_MODES.find((mode) => mode === asked) ?? 'all',
    startsAt: decision.startsAt,
    expiresAt: decision.expiresAt,
    allow: readRanges(decision.lockdown?.allow ?? []),
  }
}

/** The strictest of the lockdowns that bind at `now` (ms UTC) in enforce mode; undefined when there is none. */
export const lockdownInForce = (decisions: readonly Decision[], now: number): HeldLockdown | undefined => {
  let found: HeldLockdown | undefined
  for (const decision of decisions) {
    if (decision.action !== 'lockdown' || decision.mode !== 'enforce' || !isActive(decision, now)) continue
    const held = readLockdown(decision)
    if (held !== undefined && (found === undefined || LOCKDOWN_MODES.indexOf(held.mode) > LOCKDOWN_MODES.indexOf(found.mode))) found = held
  }
  return found
}

const allow = (why: string): LockdownVerdict => ({ outcome: 'allow', why })
const refuse = (why: string): LockdownVerdict => ({ outcome: 'refuse', why })

const judgeKnown = ({ startsAt }: HeldLockdown, { purpose, session }: LockdownFacts): LockdownVerdict => {
  if (purpose === 'sign_out') return allow('Signing out is always possible.')
  if (session !== undefined && session.startedAt < startsAt) return allow('The user was signed in before the lockdown began.')
  if (session?.secondFactor === true) return allow('The user has passed a second factor.')
  if (purpose === 'sign_in') return { outcome: 'second_factor', why: 'During the lockdown only a sign-in with a second factor counts.' }
  return refuse('During the lockdown only users get in who were signed in before it, or sign in with a second factor.')
}

/**
 * Weighs one request against a lockdown: the same answer at the guard and at forward-auth. Pure. An address that cannot be read is in no
 * allowed range.
 */
export const judgeLockdown = (lockdown: HeldLockdown, facts: LockdownFacts): LockdownVerdict => {
  const address = typeof facts.address === 'string' ? parseAddress(facts.address) : facts.address
  if (address !== undefined && lockdown.allow.has(address)) return allow('The address is one that the lockdown never reaches.')
  switch (lockdown.mode) {
    case 'read_only':
      if (SAFE_METHODS.has(facts.method.toUpperCase())) return allow('The request changes nothing.')
      if (facts.purpose !== undefined) return allow('Signing in and out is possible while nothing may be changed.')
      return refuse('During the lockdown nothing may be changed.')
    case 'known_users':
      return judgeKnown(lockdown, facts)
    case 'allow_list':
      return refuse('During the lockdown only listed addresses get in.')
    case 'all':
      break
  }
  return refuse('During the lockdown nobody gets in but those who run it.')
}
