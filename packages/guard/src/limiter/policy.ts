import { choiceOption, booleanOption, integerOption, knownOptions, optionError } from '../options/check.js'
import type { LimitAnswer, LimitPolicy, LimitRule, LimitVerdict, OnOutage } from './types.js'

/** A policy as it was declared, checked and made ready to count. */
export type CompiledPolicy = {
  readonly name: string
  /** what answers say is allowed; of `gcra` with a burst more than what passes at once */
  readonly limit: number
  readonly windowMs: number
  readonly rule: LimitRule
  readonly onOutage: OnOutage
  readonly login: boolean
}

const LONGEST_WINDOW = 31 * 86_400_000
const KINDS = ['gcra', 'sliding_window', 'fixed_window', 'concurrency'] as const

const compilePolicy = (name: string, given: unknown): CompiledPolicy => {
  const at = `policies.${name}`
  if (typeof given !== 'object' || given === null) throw optionError(at, given, 'give { limit, windowMs }')
  if (!/^[A-Za-z][\w.-]{0,63}$/.test(name)) throw optionError('policies', name, 'name a policy with letters, digits, - _ and .')
  const policy = given as Readonly<Record<string, unknown>>
  const kind = choiceOption(`${at}.kind`, policy['kind'], 'gcra', KINDS)
  const span = kind === 'concurrency' ? 'leaseMs' : 'windowMs'
  knownOptions(at, policy, ['kind', 'limit', span, ...(kind === 'gcra' ? ['burst'] : []), 'onOutage', 'login'])
  if (policy['limit'] === undefined) throw optionError(`${at}.limit`, undefined, 'give how many requests are allowed')
  if (policy[span] === undefined) {
    throw optionError(
      `${at}.${span}`,
      undefined,
      kind === 'concurrency' ? 'give what one may take at most, in ms' : 'give the window in ms',
    )
  }
  const limit = integerOption(`${at}.limit`, policy['limit'], 1, 1, 100_000)
  const windowMs = integerOption(`${at}.${span}`, policy[span], 1_000, 1, LONGEST_WINDOW)
  const login = booleanOption(`${at}.login`, policy['login'], false)
  const onOutage = choiceOption(`${at}.onOutage`, policy['onOutage'], 'local', ['closed', 'local', 'open'])
  // whoever can break the store must not get unlimited guesses for it
  if (login && onOutage === 'open')
    throw optionError(`${at}.onOutage`, onOutage, "a policy that guards a sign-in takes 'local' or 'closed'")
  const burst = integerOption(`${at}.burst`, policy['burst'], limit, 1, limit)
  const rate = policy['burst'] === undefined ? limit : limit - burst + 1
  const rule: LimitRule = kind === 'gcra' ? { kind, limit: burst, windowMs, rate } : { kind, limit, windowMs }
  return { name, limit, windowMs, rule, onOutage, login }
}

/** Checks and compiles the policies of a limiter. Throws `PPT_CONFIG_INVALID`, naming option, value and fix. */
export const compilePolicies = (policies: Readonly<Record<string, LimitPolicy>>): ReadonlyMap<string, CompiledPolicy> => {
  if (typeof policies !== 'object' || policies === null || Object.keys(policies).length === 0)
    throw optionError('limiter.policies', policies, 'give at least one policy')
  return new Map(Object.entries(policies).map(([name, policy]) => [name, compilePolicy(name, policy)]))
}

/** The policy of a name. A name that is not there is a mistake of the caller: throws `PPT_CONFIG_INVALID`. */
export const policyNamed = <T>(policies: ReadonlyMap<string, T>, name: string): T => {
  const policy = policies.get(name)
  if (policy === undefined) throw optionError('limiter policy', name, `there is ${[...policies.keys()].join(', ')}`)
  return policy
}

/** Checks a cost: a whole number, and of a concurrency policy one slot or none. Throws `PPT_CONFIG_INVALID`. */
export const checkCost = (cost: number, rule: LimitRule): void => {
  if (!Number.isInteger(cost) || cost < 0) throw optionError('limiter cost', cost, 'give a whole number from 0')
  if (cost > 1 && rule.kind === 'concurrency') throw optionError('limiter cost', cost, 'a concurrency policy takes 1, or 0 to look')
}

/** An answer of a store in the words of a policy. */
export const toVerdict = (policy: CompiledPolicy, answer: LimitAnswer): LimitVerdict => {
  const { name, limit, windowMs, rule, login } = policy
  const { resetMs, retryAfterMs, remaining } = answer
  const verdict: LimitVerdict = answer.limited
    ? { kind: 'limited', policy: name, limit, windowMs, remaining: 0, resetMs, retryAfterMs, retryAfter: Math.ceil(retryAfterMs / 1_000) }
    : { kind: 'allowed', policy: name, limit, windowMs, remaining, resetMs }
  if (!login && rule.kind !== 'concurrency') return verdict
  return { ...verdict, ...(login ? { login } : {}), ...(rule.kind === 'concurrency' ? { concurrent: true } : {}) }
}
