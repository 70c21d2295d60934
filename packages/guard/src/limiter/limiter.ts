import { type Clock, systemClock } from '@parapet/core'
import { integerOption, knownOptions, optionError } from '../options/check.js'
import { type Book, createBook, takeAll } from './book.js'
import { joinKey, type KeyPart } from './key.js'
import { checkCost, type CompiledPolicy, compilePolicies, policyNamed, toVerdict } from './policy.js'
import { validFor } from './rules.js'
import type { LimitOutcome, LimitPolicy, LimitReceipt, LimitVerdict, Take } from './types.js'

export type { LimitPolicy, LimitVerdict } from './types.js'

/** What a process alone can say: there is no store that could be away. */
export type LocalOutcome = Exclude<LimitOutcome, { kind: 'degraded' }>

/** The limiter of one process. Every method is one synchronous step. */
export type Limiter = {
  /** Judges and counts by one policy. `cost` is how much of the allowance this takes, 1 by default; 0 only looks. Not for `concurrency`. */
  check: (policy: string, keyParts: readonly KeyPart[], cost?: number) => LimitVerdict
  /** judges and counts by several policies: by all, or by none when one of them limits */
  take: (takes: readonly Take[]) => LocalOutcome
  /** gives back what an allowed request took, leases included: it shall not count after all */
  refund: (receipt: LimitReceipt) => void
  /** ends the leases of concurrency policies; everything else stays counted */
  release: (receipt: LimitReceipt) => void
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

type Kept = CompiledPolicy & { readonly book: Book }

/** Refuses a list of takes that names one key twice: what is left would be judged as if each were alone. */
export const distinctTakes = (takes: readonly { readonly key: string }[]): void => {
  if (takes.length === 0) throw optionError('limiter takes', takes, 'give at least one { policy, key }')
  for (let i = 1; i < takes.length; i++)
    for (let j = 0; j < i; j++)
      if (takes[i]?.key === takes[j]?.key)
        throw optionError('limiter takes', 'one policy and key twice', 'give it once, with the sum as cost')
}

/**
 * Builds the limiter of one process, in memory. Judging and counting are one synchronous step, so parallel requests cannot read the
 * same count twice. Throws `PPT_CONFIG_INVALID`.
 */
export const createLimiter = <Name extends string>(options: LimiterOptions<Name>): Limiter => {
  knownOptions('limiter', options, ['policies', 'clock', 'maxKeys'])
  const compiled = compilePolicies(options.policies)
  const maxKeys = integerOption('limiter.maxKeys', options.maxKeys, 100_000, compiled.size, 10_000_000)
  const clock = options.clock ?? systemClock
  const each = Math.floor(maxKeys / compiled.size)
  const policies = new Map(
    [...compiled].map(([name, policy]): [string, Kept] => [name, { ...policy, book: createBook(policy.rule, each) }]),
  )
  let leases = 0

  const give = (receipt: LimitReceipt, leasesOnly: boolean): void => {
    const now = clock()
    for (const { policy, key, cost, validMs } of receipt.takes) {
      const { book } = policyNamed(policies, policy)
      const isLease = book.rule.kind === 'concurrency'
      if (isLease || (!leasesOnly && now - receipt.takenAt < validMs)) book.give(key, now, cost, receipt.lease ?? '')
    }
  }

  return {
    check: (name, keyParts, cost = 1) => {
      const policy = policyNamed(policies, name)
      checkCost(cost, policy.rule)
      if (policy.rule.kind === 'concurrency')
        throw optionError('limiter check', name, 'a concurrency policy is asked by take(), whose receipt releases it')
      return toVerdict(policy, policy.book.take(joinKey(keyParts), clock(), cost, ''))
    },
    take: (takes) => {
      const now = clock()
      const wanted = takes.map(({ policy: name, key, cost = 1 }) => {
        const policy = policyNamed(policies, name)
        checkCost(cost, policy.rule)
        return { policy, book: policy.book, key: joinKey(key), cost }
      })
      distinctTakes(wanted.map(({ policy, key }) => ({ key: `${policy.name}:${key}` })))
      const lease = String(++leases)
      const answers = takeAll(wanted, now, lease)
      const verdicts = answers.map((answer, i) => toVerdict((wanted[i] as { policy: Kept }).policy, answer))
      if (answers.some(({ limited }) => limited)) return { kind: 'limited', by: 'local', verdicts }
      const taken = wanted.map(({ policy, key, cost }, i) => {
        const answer = answers[i]
        return { policy: policy.name, key, cost, validMs: answer === undefined ? 0 : validFor(policy.rule, answer) }
      })
      return { kind: 'allowed', by: 'local', verdicts, unjudged: [], receipt: { takes: taken, takenAt: now, lease, by: 'local' } }
    },
    refund: (receipt) => give(receipt, false),
    release: (receipt) => give(receipt, true),
    forget: (name, keyParts) => policyNamed(policies, name).book.forget(joinKey(keyParts)),
    stats: () => {
      const total = { keys: 0, evicted: 0, overflow: 0 }
      for (const { book } of policies.values()) {
        const { keys, evicted, overflow } = book.stats()
        total.keys += keys
        total.evicted += evicted
        total.overflow += overflow
      }
      return total
    },
  }
}
