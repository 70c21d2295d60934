import { type Clock, systemClock } from '@parapet/core'
import { integerOption, knownOptions, optionError } from '../options/check.js'
import { createCells, type Cells } from './cells.js'
import { joinKey, type KeyPart } from './key.js'

/**
 * How much is allowed. Without `burst`: `limit` at once, refilled evenly over `windowMs`. With `burst`: `burst` at
 * once, then evenly, so that no window of `windowMs`, wherever it starts, holds more than `limit`.
 */
export type LimitPolicy = { readonly limit: number; readonly windowMs: number; readonly burst?: number }

/** What the limiter says about one request. Times in ms; `retryAfter` in whole seconds, rounded up so that waiting it is enough. */
export type LimitVerdict =
  | {
      readonly kind: 'allowed'
      readonly policy: string
      readonly limit: number
      readonly windowMs: number
      readonly remaining: number
      readonly resetMs: number
    }
  | {
      readonly kind: 'limited'
      readonly policy: string
      readonly limit: number
      readonly windowMs: number
      readonly remaining: 0
      readonly resetMs: number
      readonly retryAfterMs: number
      readonly retryAfter: number
    }

/** The one limiter of the guard. */
export type Limiter = {
  /** Judges and counts in one step. `cost` is how much of the allowance this takes, 1 by default; 0 only looks. */
  check: (policy: string, keyParts: readonly KeyPart[], cost?: number) => LimitVerdict
  /** gives a key its whole allowance back: an operator's unlock */
  forget: (policy: string, keyParts: readonly KeyPart[]) => void
  /** `overflow` counts requests of keys that found no room and shared one allowance */
  stats: () => { readonly keys: number; readonly evicted: number; readonly overflow: number }
}

/** What {@link createLimiter} takes. `maxKeys` bounds memory, for all policies together. */
export type LimiterOptions<Name extends string = string> = {
  readonly policies: Readonly<Record<Name, LimitPolicy>>
  readonly clock?: Clock
  readonly maxKeys?: number
}

type Compiled = {
  readonly name: string
  readonly limit: number
  readonly windowMs: number
  /** requests in `windowMs` when they come evenly */
  readonly rate: number
  /** how far the arrival time may run ahead of now, in ms / rate */
  readonly depth: number
  readonly burst: number
  readonly cells: Cells
  overflow: number
}

const compile = (name: string, policy: LimitPolicy, maxKeys: number): Compiled => {
  const at = `policies.${name}`
  if (typeof policy !== 'object' || policy === null) throw optionError(at, policy, 'give { limit, windowMs }')
  if (!/^[A-Za-z][\w.-]{0,63}$/.test(name)) throw optionError('policies', name, 'name a policy with letters, digits, - _ and .')
  knownOptions(at, policy, ['limit', 'windowMs', 'burst'])
  if (policy.limit === undefined) throw optionError(`${at}.limit`, policy.limit, 'give how many requests are allowed')
  if (policy.windowMs === undefined) throw optionError(`${at}.windowMs`, policy.windowMs, 'give the window in ms')
  const limit = integerOption(`${at}.limit`, policy.limit, 1, 1, 100_000)
  const windowMs = integerOption(`${at}.windowMs`, policy.windowMs, 1_000, 1, 31 * 86_400_000)
  const burst = integerOption(`${at}.burst`, policy.burst, limit, 1, limit)
  const rate = policy.burst === undefined ? limit : limit - burst + 1
  const depth = burst * windowMs
  return { name, limit, windowMs, rate, depth, burst, cells: createCells(maxKeys, depth), overflow: -Infinity }
}

/**
 * Builds the limiter: the generic cell rate algorithm in memory, for one process. Judging and counting are one synchronous step, so
 * parallel requests cannot read the same count twice. Throws `PPT_CONFIG_INVALID`.
 */
export const createLimiter = <Name extends string>(options: LimiterOptions<Name>): Limiter => {
  knownOptions('limiter', options, ['policies', 'clock', 'maxKeys'])
  const names = Object.keys(options.policies) as Name[]
  if (names.length === 0) throw optionError('limiter.policies', options.policies, 'give at least one policy')
  const maxKeys = integerOption('limiter.maxKeys', options.maxKeys, 100_000, names.length, 10_000_000)
  const clock = options.clock ?? systemClock
  const policies = new Map(names.map((name) => [name as string, compile(name, options.policies[name], Math.floor(maxKeys / names.length))]))
  const started = clock()
  let overflowed = 0

  const policyOf = (name: string): Compiled => {
    const policy = policies.get(name)
    if (policy === undefined) throw optionError('limiter policy', name, `there is ${names.join(', ')}`)
    return policy
  }

  const check: Limiter['check'] = (name, keyParts, cost = 1) => {
    const policy = policyOf(name)
    const { cells, depth, limit, windowMs, rate } = policy
    if (!Number.isInteger(cost) || cost < 0) throw optionError('limiter cost', cost, 'give a whole number from 0')
    const key = joinKey(keyParts)
    // times are whole numbers of (ms / rate), so that sums are exact and Retry-After is never a tick short
    const now = (clock() - started) * rate
    let held = cells.read(key)
    // a clock that was set back must not hold a key for longer than its window
    if (held > now + depth) {
      held = now + depth
      cells.write(key, held, now)
    }
    const before = held > now ? held : now
    let arrival = before + cost * windowMs
    if (arrival - now <= depth && cost > 0 && !cells.write(key, arrival, now)) {
      overflowed++
      arrival = Math.max(now, policy.overflow) + cost * windowMs
      if (arrival - now <= depth) policy.overflow = arrival
    }
    const over = arrival - now - depth
    if (over <= 0) {
      return {
        kind: 'allowed',
        policy: name,
        limit,
        windowMs,
        remaining: Math.floor((depth - arrival + now) / windowMs),
        resetMs: Math.ceil((arrival - now) / rate),
      }
    }
    const retryAfterMs = Math.ceil(over / rate)
    return {
      kind: 'limited',
      policy: name,
      limit,
      windowMs,
      remaining: 0,
      resetMs: Math.ceil((before - now) / rate),
      retryAfterMs,
      retryAfter: Math.ceil(retryAfterMs / 1_000),
    }
  }

  return {
    check,
    forget: (name, keyParts) => policyOf(name).cells.remove(joinKey(keyParts)),
    stats: () => {
      let keys = 0
      let evicted = 0
      for (const { cells } of policies.values()) {
        keys += cells.size
        evicted += cells.evicted
      }
      return { keys, evicted, overflow: overflowed }
    },
  }
}
