import { type AddressRange, isActive, MINUTE, prefixOf, formatRange } from '@parapet/core'
import type { HeldDecision } from './policy.js'
import { rangeOfTarget, type Target } from './targets.js'

/** How much may be enforced by policies before a human has to look. */
export type BudgetLimits = {
  /** new enforced decisions in any 60 seconds */
  readonly perMinute: number
  /** enforced decisions in force at once */
  readonly active: number
  /** share (0 to 1) of one network that may be denied: addresses of an IPv4 /16, /64s of an IPv6 /48 */
  readonly networkShare: number
  /** decisions of any mode held at once; beyond it nothing is recorded but the note */
  readonly held: number
}

/** What is left of the budget: plain data, kept by the caller between verdicts. Times in ms UTC. */
export type BudgetState = {
  readonly limits: BudgetLimits
  /** when the latest enforced decisions were made, oldest first, at most `perMinute` of them */
  readonly recent: readonly number[]
  /** when a limit was last hit: what the console asks a human about */
  readonly trippedAt: number | null
}

/** The limits of a fresh install. */
export const DEFAULT_BUDGET: BudgetLimits = { perMinute: 60, active: 10_000, networkShare: 0.01, held: 50_000 }

/** A budget of which nothing is spent. */
export const createBudget = (limits: Partial<BudgetLimits> = {}): BudgetState => ({
  limits: { ...DEFAULT_BUDGET, ...limits },
  recent: [],
  trippedAt: null,
})

/** A network and the units in it: 65,536 in both families. */
const NETWORK = { 4: { prefix: 16, unit: 32 }, 6: { prefix: 48, unit: 64 } } as const

const networkOf = (range: AddressRange): { key: string; units: number } => {
  const { prefix, unit } = NETWORK[range.address.family]
  return { key: formatRange(prefixOf(range.address, prefix)), units: 2 ** Math.max(0, unit - Math.max(range.prefix, prefix)) }
}

/**
 * Which limit one more enforced decision on `target` would break, in words; `undefined` when there is room. `held` is only
 * asked when the rate allows the decision, so that a storm does not read everything for every alert.
 */
export const budgetReason = (budget: BudgetState, held: () => readonly HeldDecision[], target: Target, now: number): string | undefined => {
  const { limits } = budget
  const lastMinute = budget.recent.filter((at) => at > now - MINUTE).length
  if (lastMinute >= limits.perMinute) return `${limits.perMinute} decisions a minute are spent`
  const range = rangeOfTarget(target)
  const network = range === undefined ? undefined : networkOf(range)
  let active = 0
  let units = network?.units ?? 0
  for (const decision of held()) {
    if (decision.mode !== 'enforce' || !isActive(decision, now)) continue
    active++
    const other = network === undefined ? undefined : rangeOfTarget(decision.target)
    if (network === undefined || other === undefined || other.address.family !== range?.address.family) continue
    const theirs = networkOf(other)
    if (theirs.key === network.key) units += theirs.units
  }
  if (active >= limits.active) return `${limits.active} decisions in force are the most`
  if (network !== undefined && units > limits.networkShare * 65_536) {
    return `${limits.networkShare * 100} % of ${network.key} is the most that may be denied`
  }
  return undefined
}

/** The budget after one more enforced decision. */
export const spend = (budget: BudgetState, now: number): BudgetState => ({
  ...budget,
  recent: [...budget.recent.filter((at) => at > now - MINUTE), now].slice(-budget.limits.perMinute),
})

/** The budget after a limit was hit. */
export const trip = (budget: BudgetState, now: number): BudgetState => ({ ...budget, trippedAt: now })
