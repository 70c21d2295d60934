import { type Clock, type Decision, type DecisionSet, type DecisionSubject, isActive } from '@parapet/core'
import { visibleText } from '../events/security-events.js'
import type { Aliases } from './aliases.js'
import type { EnforcementVerdict } from './types.js'
import { type EnforcementFacts, weigh } from './weigh.js'

/** Applies decisions to requests. */
export type Enforcement = {
  /** the decisions in force on a subject, narrowest target first; none, at no cost, while there are no decisions */
  readonly match: (subject: DecisionSubject) => readonly Decision[]
  /** the same for each spelling of several names of one user, each decision once */
  readonly matchUser: (subject: DecisionSubject, ...names: readonly string[]) => readonly Decision[]
  /** the decisions on a user and on a session alone; none, at no cost, while none is about any */
  readonly matchNamed: (user: string, session: string) => readonly Decision[]
  readonly weigh: (decisions: readonly Decision[], facts: EnforcementFacts) => EnforcementVerdict
  /** true for one that is only watched: by its own mode, the guard's, or that of its action */
  readonly watched: (decision: Decision) => boolean
  /** what decisions in force ask for and this guard cannot do, each with what it would need */
  readonly unsupported: () => readonly string[]
  /** the same for one decision */
  readonly misses: (decision: Decision) => string | undefined
}

const NONE: readonly Decision[] = []
const ACTIONS: ReadonlySet<string> = new Set([
  'deny',
  'throttle',
  'challenge',
  'require_mfa',
  'require_reset',
  'suspend',
  'end_sessions',
  'lockdown',
])
const TARGETS: ReadonlySet<string> = new Set(['ip', 'cidr', 'user', 'session', 'country', 'asn', 'all'])
/** Decisions that are looked through for a status page. */
const MOST_LOOKED_AT = 20_000

/** Builds the look-up over a set. A request costs nothing while there are no decisions. */
export const createEnforcement = (deps: {
  readonly set: DecisionSet
  readonly clock: Clock
  /** which of two parts are there: without them some effects cannot be done */
  readonly has: { readonly keyring: boolean; readonly geo: boolean }
  readonly watches?: (decision: Decision) => boolean
  readonly aliases?: Pick<Aliases, 'of' | 'named'>
}): Enforcement => {
  const { set, clock, has, watches, aliases } = deps
  const watched = (decision: Decision): boolean => decision.mode === 'observe' || (watches?.(decision) ?? false)

  const misses = ({ action, target }: Decision): string | undefined => {
    if (!ACTIONS.has(action)) return `${visibleText(action, 40)}: needs a newer guard`
    if (!TARGETS.has(target.kind)) return `target ${visibleText(target.kind, 40)}: needs a newer guard`
    if (action === 'lockdown' && target.kind !== 'all') return 'lockdown: needs the target all'
    if ((target.kind === 'country' || target.kind === 'asn') && !has.geo) return `target ${target.kind}: needs geo`
    if (action === 'challenge' && !has.keyring) return 'challenge: needs keyring or secret'
    return undefined
  }

  const matchUser: Enforcement['matchUser'] = (subject, ...names) => {
    if (set.size === 0) return NONE
    const now = clock()
    const [only] = names
    // by far the most frequent: one name, spelt in one way
    if (names.length === 1 && only !== undefined) {
      const spelt = aliases?.of(only)
      if (spelt === undefined || spelt.length === 1) return set.match({ ...subject, user: only }, now)
    }
    const users = new Set(names.flatMap((name) => aliases?.of(name) ?? [name]))
    const found = new Set<Decision>()
    for (const user of users) for (const decision of set.match({ ...subject, user }, now)) found.add(decision)
    return [...found]
  }

  return {
    match: (subject) => (set.size === 0 ? NONE : set.match(subject, clock())),
    matchUser,
    matchNamed: (user, session) => {
      if (set.size === 0 || aliases?.named() === false) return NONE
      return matchUser({ session }, user).filter(({ target }) => target.kind !== 'all')
    },
    weigh: (decisions, facts) => weigh(decisions, facts, watched),
    watched,
    misses,
    unsupported: () => {
      const now = clock()
      const found = new Set<string>()
      let looked = 0
      for (const decision of set.all()) {
        if (++looked > MOST_LOOKED_AT) break
        const missing = isActive(decision, now) ? misses(decision) : undefined
        if (missing !== undefined) found.add(missing)
      }
      return [...found]
    },
  }
}
