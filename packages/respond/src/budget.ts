import { type AddressRange, HOUR, isActive, MINUTE, prefixOf, formatRange } from '@parapet/core'
import type { AddressFacts, TrafficFacts } from './facts.js'
import type { HeldDecision } from './policy.js'
import { rangeOfTarget, type Target } from './targets.js'
import { weightOf } from './widen.js'

/** How much may be enforced by policies before a human has to look. */
export type BudgetLimits = {
  /** new enforced decisions in any 60 seconds */
  readonly perMinute: number
  /** enforced decisions in force at once */
  readonly active: number
  /** share (0 to 1) of one network that may be denied: addresses of an IPv4 /16, /64s of an IPv6 /48 */
  readonly networkShare: number
  /** share (0 to 1) of the requests that went well within the last hour which new decisions of that hour may take away */
  readonly trafficShare: number
  /** the same of successful sign-ins */
  readonly signInShare: number
  /** decisions of any mode held at once; beyond it nothing is recorded but the note */
  readonly held: number
}

/** What the decisions of one minute took away, by the traffic of the hour before each. */
export type MinuteSpent = { readonly minute: number; readonly requests: number; readonly signIns: number }

/** What is left of the budget: plain data, kept by the caller between verdicts. Times in ms UTC. */
export type BudgetState = {
  readonly limits: BudgetLimits
  /** when the latest enforced decisions were made, oldest first, at most `perMinute` of them */
  readonly recent: readonly number[]
  /** what decisions of the last hour took away, oldest first, at most 61 */
  readonly hour: readonly MinuteSpent[]
  /** when a limit was last hit: what the console asks a human about */
  readonly trippedAt: number | null
  /** when a human was last told of it: at most once an hour */
  readonly toldAt: number | null
}

/** The limits of a fresh install. */
export const DEFAULT_BUDGET: BudgetLimits = {
  perMinute: 60,
  active: 10_000,
  networkShare: 0.01,
  trafficShare: 0.3,
  signInShare: 0.1,
  held: 50_000,
}

/** Too little traffic says nothing about shares: at night the one attacker is most of it. */
const ENOUGH = { requests: 200, signIns: 5, users: 3 } as const

/** How often a human is told that the budget is spent, ms. */
const TELL_EVERY = HOUR

/** A budget of which nothing is spent. */
export const createBudget = (limits: Partial<BudgetLimits> = {}): BudgetState => ({
  limits: { ...DEFAULT_BUDGET, ...limits },
  recent: [],
  hour: [],
  trippedAt: null,
  toldAt: null,
})

const isNumber = (value: unknown): value is number => typeof value === 'number' && Number.isFinite(value)
const isSpent = (value: unknown): value is MinuteSpent =>
  typeof value === 'object' &&
  value !== null &&
  'minute' in value &&
  isNumber(value.minute) &&
  'requests' in value &&
  isNumber(value.requests) &&
  'signIns' in value &&
  isNumber(value.signIns)

/** A budget as it was stored, under the limits of today; whatever of it cannot be read counts as not spent. */
export const restoreBudget = (stored: unknown, limits: Partial<BudgetLimits> = {}): BudgetState => {
  const fresh = createBudget(limits)
  if (typeof stored !== 'object' || stored === null) return fresh
  const list = (name: string): readonly unknown[] => {
    const value: unknown = Object.entries(stored).find(([key]) => key === name)?.[1]
    return Array.isArray(value) ? value : []
  }
  const time = (value: unknown): number | null => (isNumber(value) ? value : null)
  return {
    ...fresh,
    recent: list('recent').filter(isNumber),
    hour: list('hour').filter(isSpent).slice(-61),
    trippedAt: 'trippedAt' in stored ? time(stored.trippedAt) : null,
    toldAt: 'toldAt' in stored ? time(stored.toldAt) : null,
  }
}

/** A network and the units in it: 65,536 in both families. */
const NETWORK = { 4: { prefix: 16, unit: 32 }, 6: { prefix: 48, unit: 64 } } as const

type Network = { readonly key: string; readonly units: number; readonly all: number }

/** Read once for each target: a storm is weighed against everything that is held, again and again. */
const networks = new WeakMap<Target, Network | null>()

const networkOf = (target: Target): Network | null => {
  const known = networks.get(target)
  if (known !== undefined) return known
  const range = rangeOfTarget(target)
  const network = range === undefined ? null : readNetwork(range)
  networks.set(target, network)
  return network
}

/** `units`: a range that a policy widened over IPv6 counts as the networks that attacked from it, not as `all` that might. */
const readNetwork = (range: AddressRange): Network => {
  const { prefix, unit } = NETWORK[range.address.family]
  const all = 2 ** Math.max(0, unit - Math.max(range.prefix, prefix))
  return { key: formatRange(prefixOf(range.address, prefix)), units: range.address.family === 6 ? weightOf(range) : all, all }
}

/** What one more decision would take away. */
export type Loss = Pick<AddressFacts, 'requests' | 'signIns' | 'users'>

/** What is weighed: the target, what is known of its traffic, and of all of it. */
export type Spending = {
  readonly target: Target
  readonly loss?: Loss | undefined
  readonly total?: Pick<TrafficFacts, 'requests' | 'signIns'> | undefined
}

const percent = (share: number): string => `${Math.round(share * 1_000) / 10} %`

const shareReason = ({ limits, hour }: BudgetState, { loss, total }: Spending, now: number): string | undefined => {
  if (loss === undefined || total === undefined) return undefined
  const since = Math.floor((now - HOUR) / MINUTE)
  const spent = hour.filter(({ minute }) => minute > since)
  const requests = spent.reduce((sum, one) => sum + one.requests, loss.requests)
  if (loss.requests > 0 && total.requests >= ENOUGH.requests && requests > limits.trafficShare * total.requests)
    return `${percent(limits.trafficShare)} of the requests that went well within the last hour is the most that may be taken away`
  if (loss.signIns === 0 || loss.users < ENOUGH.users || total.signIns < ENOUGH.signIns) return undefined
  const signIns = spent.reduce((sum, one) => sum + one.signIns, loss.signIns)
  if (signIns <= limits.signInShare * total.signIns) return undefined
  return `${percent(limits.signInShare)} of the sign-ins of the last hour is the most that may be taken away`
}

/**
 * Which limit one more enforced decision would break, in words; `undefined` when there is room. `held` is only asked when the rate allows
 * the decision, so that a storm does not read everything for every alert.
 */
export const budgetReason = (
  budget: BudgetState,
  held: () => readonly HeldDecision[],
  spending: Spending,
  now: number,
): string | undefined => {
  const { limits } = budget
  const lastMinute = budget.recent.filter((at) => at > now - MINUTE).length
  if (lastMinute >= limits.perMinute) return `${limits.perMinute} decisions a minute are spent`
  const share = shareReason(budget, spending, now)
  if (share !== undefined) return share
  const network = networkOf(spending.target)
  let active = 0
  let units = network?.units ?? 0
  for (const decision of held()) {
    if (decision.mode !== 'enforce' || !isActive(decision, now)) continue
    active++
    const theirs = network === null ? null : networkOf(decision.target)
    if (theirs?.key === network?.key && theirs !== null) units += decision.author.kind === 'policy' ? theirs.units : theirs.all
  }
  if (active >= limits.active) return `${limits.active} decisions in force are the most`
  if (network !== null && units > limits.networkShare * 65_536) {
    return `${percent(limits.networkShare)} of ${network.key} is the most that may be denied`
  }
  return undefined
}

const spentIn = (hour: readonly MinuteSpent[], loss: Loss | undefined, now: number): readonly MinuteSpent[] => {
  const minute = Math.floor(now / MINUTE)
  const kept = hour.filter((one) => one.minute > minute - 60)
  if (loss === undefined || (loss.requests === 0 && loss.signIns === 0)) return kept
  const signIns = loss.users < ENOUGH.users ? 0 : loss.signIns
  const same = kept.find((one) => one.minute === minute)
  const sum = { minute, requests: (same?.requests ?? 0) + loss.requests, signIns: (same?.signIns ?? 0) + signIns }
  return [...kept.filter((one) => one.minute !== minute), sum].slice(-61)
}

/** The budget after one more enforced decision. */
export const spend = (budget: BudgetState, now: number, loss?: Loss): BudgetState => ({
  ...budget,
  recent: budget.limits.perMinute === 0 ? [] : [...budget.recent.filter((at) => at > now - MINUTE), now].slice(-budget.limits.perMinute),
  hour: spentIn(budget.hour, loss, now),
})

/** The budget after a limit was hit. */
export const trip = (budget: BudgetState, now: number): BudgetState => ({ ...budget, trippedAt: now })

/** True when a human has to be told now that the budget is spent. */
export const mustTell = ({ trippedAt, toldAt }: BudgetState, now: number): boolean =>
  trippedAt === now && (toldAt === null || now - toldAt >= TELL_EVERY)
