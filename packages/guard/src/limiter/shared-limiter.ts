import { type Clock, isParapetError, type Keyring, type RandomSource, randomToken, systemClock, systemRandom } from '@parapet/core'
import { integerOption, knownOptions, optionError } from '../options/check.js'
import { createBreaker } from '../store/breaker.js'
import { createDeadline } from '../store/deadline.js'
import { type Book, createBook, takeAll } from './book.js'
import { createDenyCache } from './deny-cache.js'
import { createKeyMaker, type KeyPart } from './key.js'
import { distinctTakes } from './limiter.js'
import { checkCost, type CompiledPolicy, compilePolicies, policyNamed, toVerdict } from './policy.js'
import { validFor } from './rules.js'
import type {
  GiveBack,
  LimitAnswer,
  LimitOutageReport,
  LimitOutcome,
  LimitPolicy,
  LimitReceipt,
  LimitStore,
  LimitVerdict,
  OnOutage,
  SharedLimiter,
  StoreTake,
  Take,
} from './types.js'

/** What {@link createSharedLimiter} takes. Times in ms. */
export type SharedLimiterOptions = {
  readonly policies: Readonly<Record<string, LimitPolicy>>
  /** where processes count together: the `limits` of `redisStore`, `postgresStore` or `memoryStore` */
  readonly store: LimitStore
  /** makes the keys in the store unreadable; needed for a store that others can read. A new newest key starts all counts afresh */
  readonly keyring?: Pick<Keyring, 'sign'> | undefined
  /** what a request waits for the store at most; default 200 */
  readonly timeoutMs?: number
  /** failures one after another after which the store is taken to be away; default 3 */
  readonly failures?: number
  /** how often one request then tries the store again, without waiting for it; default 1,000 */
  readonly retryMs?: number
  /** how long an answer "limited" is believed without asking again, within its own wait; default 5,000, 0 asks always */
  readonly denyCacheMs?: number
  /** bounds the warm counters of this process, for all policies together; default 100,000 */
  readonly maxKeys?: number
  /** told when the store goes away and when it is back */
  readonly onOutage?: (report: LimitOutageReport) => void
  readonly clock?: Clock
  readonly random?: RandomSource
}

type Wanted = StoreTake & { readonly policy: Shared }
/** `shadow`: what this process knows of the counts, for the time when nobody else can be asked. */
type Shared = CompiledPolicy & { readonly shadow: Book | undefined; readonly keyOf: (parts: readonly KeyPart[]) => string }

const reasonOf = (error: unknown): string =>
  isParapetError(error) ? (error.detail ?? error.message) : error instanceof Error ? error.message : 'unknown'

/** Starts work; a store that throws instead of rejecting is no different. */
const begin = <T>(work: () => Promise<T>): Promise<T> => {
  try {
    return work()
  } catch (error) {
    return Promise.reject(error instanceof Error ? error : new Error('unknown'))
  }
}

const DONE: GiveBack = { kind: 'done' }
const NONE: readonly string[] = []

/**
 * Builds the limiter over a shared store: all policies of a request in one round trip, and a declared answer for each policy when
 * the store is away. Throws `PPT_CONFIG_INVALID`.
 */
export const createSharedLimiter = (options: SharedLimiterOptions): SharedLimiter => {
  knownOptions('sharedLimiter', options, [
    'policies', 'store', 'keyring', 'timeoutMs', 'failures', 'retryMs', 'denyCacheMs', 'maxKeys', 'onOutage', 'clock', 'random',
  ]) // prettier-ignore
  const { store, keyring, onOutage, clock = systemClock, random = systemRandom } = options
  if (typeof store !== 'object' || store === null || typeof store.take !== 'function')
    throw optionError('sharedLimiter.store', typeof store, 'give the limits of a store, such as redisStore(client).limits')
  if (store.shared && keyring === undefined)
    throw optionError(
      'sharedLimiter.keyring',
      keyring,
      'give createKeyring({ keys }): without it addresses and names would stand in the store',
    )
  const timeoutMs = integerOption('sharedLimiter.timeoutMs', options.timeoutMs, 200, 5, 10_000)
  const failures = integerOption('sharedLimiter.failures', options.failures, 3, 1, 100)
  const retryMs = integerOption('sharedLimiter.retryMs', options.retryMs, 1_000, 10, 60_000)
  const compiled = compilePolicies(options.policies)
  const maxKeys = integerOption('sharedLimiter.maxKeys', options.maxKeys, 100_000, compiled.size, 10_000_000)
  const denied = createDenyCache(integerOption('sharedLimiter.denyCacheMs', options.denyCacheMs, 5_000, 0, 600_000))
  const each = Math.floor(maxKeys / compiled.size)
  const policies = new Map(
    [...compiled].map(([name, policy]): [string, Shared] => [
      name,
      {
        ...policy,
        shadow: policy.onOutage === 'local' ? createBook(policy.rule, each) : undefined,
        keyOf: createKeyMaker(name, store.shared ? keyring : undefined),
      },
    ]),
  )
  const byOutage = (word: OnOutage): readonly string[] => [...policies.values()].filter((p) => p.onOutage === word).map(({ name }) => name)
  const declared = { closed: byOutage('closed'), local: byOutage('local'), open: byOutage('open') }
  const longestShadowed = Math.max(0, ...[...policies.values()].map(({ shadow, windowMs }) => (shadow === undefined ? 0 : windowMs)))
  const deadline = createDeadline('the store of limits', timeoutMs)
  const instance = randomToken(9, random)

  let leases = 0
  /** changes when something is given back: an answer from before says nothing about after */
  let epoch = 0
  let recoveringUntil = -Infinity
  let [asked, failed, denyCached] = [0, 0, 0]
  const outage: Record<OnOutage, number> = { closed: 0, local: 0, open: 0 }
  let before = { ...outage }

  const tell = (report: LimitOutageReport): void => {
    try {
      onOutage?.(report)
    } catch {
      // whoever listens must not decide about a request
    }
  }
  const breaker = createBreaker({
    clock,
    failures,
    retryMs,
    opened: (at, reason) => {
      before = { ...outage }
      tell({ kind: 'limit_store_away', at, reason, policies: declared })
    },
    closed: (at, lastedMs) => {
      // what was counted here alone is unknown to the store: for one window both are asked
      recoveringUntil = at + longestShadowed
      const answered = { closed: outage.closed - before.closed, local: outage.local - before.local, open: outage.open - before.open }
      tell({ kind: 'limit_store_back', at, lastedMs, answered })
    },
  })

  const limitedBy = (
    by: 'store' | 'local' | 'deny_cache',
    wanted: readonly Wanted[],
    answers: readonly (LimitAnswer | undefined)[],
  ): LimitOutcome => ({
    kind: 'limited',
    by,
    verdicts: wanted.flatMap(({ policy }, i) => {
      const answer = answers[i]
      return answer === undefined ? [] : [toVerdict(policy, answer)]
    }),
  })

  const allowedBy = (
    by: 'store' | 'local',
    wanted: readonly Wanted[],
    answers: readonly LimitAnswer[],
    now: number,
    lease: string,
    unjudged: readonly string[],
  ): LimitOutcome => {
    const takes: LimitReceipt['takes'][number][] = []
    const verdicts: LimitVerdict[] = []
    for (let i = 0; i < wanted.length; i++) {
      const [take, answer] = [wanted[i], answers[i]]
      if (take === undefined || answer === undefined) continue
      takes.push({ policy: take.policy.name, key: take.key, cost: take.cost, validMs: validFor(take.rule, answer) })
      verdicts.push(toVerdict(take.policy, answer))
    }
    return { kind: 'allowed', by, verdicts, unjudged, receipt: { takes, takenAt: now, lease, by } }
  }

  /** Follows what the store says, so that an outage finds warm counters. */
  const follow = (wanted: readonly Wanted[], answers: readonly LimitAnswer[], lease: string): void => {
    const now = clock()
    const isAllowed = answers.every(({ limited }) => !limited)
    for (let i = 0; i < wanted.length; i++) {
      const [take, answer] = [wanted[i], answers[i]]
      if (take === undefined || answer === undefined) continue
      const { policy, rule, key, cost } = take
      if (rule.kind === 'concurrency') {
        if (isAllowed) policy.shadow?.take(key, now, cost, lease)
        continue
      }
      if (answer.limited) denied.add(key, cost, answer, now)
      // of a larger cost that did not fit a window does not say what is left
      if (!answer.limited || cost <= 1 || rule.kind === 'gcra') policy.shadow?.adopt(key, now, answer)
    }
  }

  /** Counts a call that failed, for the breaker and for whoever asks. */
  const lost = (error: unknown): unknown => {
    failed++
    breaker.failed(reasonOf(error))
    return error
  }

  /** Asks the store and keeps the breaker informed. Rejects when it does not answer in time. */
  const ask = (wanted: readonly Wanted[], lease: string): Promise<readonly LimitAnswer[]> => {
    const since = epoch
    const work = begin(() => store.take(wanted, lease))
    return deadline(
      work,
      ({ answers }) => {
        // a missing answer is not a permission
        if (answers.length !== wanted.length) throw new Error('the store of limits left answers out')
        asked++
        breaker.succeeded()
        if (since === epoch) follow(wanted, answers, lease)
        return answers
      },
      (reason) => {
        work.then(() => endLeases(wanted, lease)).catch(() => undefined)
        return lost(reason)
      },
    )
  }

  /** Gives back slots of the store that nobody uses. */
  const endLeases = async (wanted: readonly Wanted[], lease: string): Promise<void> => {
    const held = wanted.filter(({ rule, cost }) => rule.kind === 'concurrency' && cost > 0)
    if (held.length > 0) await store.give(held, lease)
  }

  /** What each policy declares for the time when the store cannot answer. */
  const withoutStore = (wanted: readonly Wanted[], lease: string, reason: string): LimitOutcome => {
    const closed = wanted.filter(({ policy }) => policy.onOutage === 'closed')
    if (closed.length > 0) {
      outage.closed++
      return { kind: 'degraded', pass: false, policies: closed.map(({ policy }) => policy.name), reason }
    }
    const unjudged = wanted.filter(({ policy }) => policy.shadow === undefined).map(({ policy }) => policy.name)
    const judged = wanted.filter(({ policy }) => policy.shadow !== undefined)
    if (judged.length === 0) {
      outage.open++
      return { kind: 'degraded', pass: true, policies: unjudged, reason }
    }
    outage.local++
    const now = clock()
    const books = judged.map(({ policy, key, cost }) => ({ book: policy.shadow as Book, key, cost }))
    const answers = takeAll(books, now, lease)
    return answers.some(({ limited }) => limited)
      ? limitedBy('local', judged, answers)
      : allowedBy('local', judged, answers, now, lease, unjudged)
  }

  const known = (wanted: readonly Wanted[]): LimitOutcome | undefined => {
    const now = clock()
    if (denied.size > 0) {
      const answers = wanted.map(({ key, cost, rule }) => (rule.kind === 'concurrency' ? undefined : denied.find(key, cost, now)))
      if (answers.some((answer) => answer !== undefined)) {
        denyCached++
        return limitedBy('deny_cache', wanted, answers)
      }
    }
    if (now >= recoveringUntil) return undefined
    const answers = wanted.map(({ policy, key, cost }) => {
      const answer = policy.rule.kind === 'concurrency' ? undefined : policy.shadow?.look(key, now, cost, '')
      return answer?.limited === true ? answer : undefined
    })
    return answers.some((answer) => answer !== undefined) ? limitedBy('local', wanted, answers) : undefined
  }

  const wantedOf = (takes: readonly Take[]): readonly Wanted[] => {
    const wanted = takes.map(({ policy: name, key, cost = 1 }): Wanted => {
      const policy = policyNamed(policies, name)
      if (cost !== 1) checkCost(cost, policy.rule)
      return { policy, rule: policy.rule, key: policy.keyOf(key), cost }
    })
    distinctTakes(wanted)
    return wanted
  }

  /** Does something at the store that is no take; while it is taken to be away it is not asked. */
  const tryStore = async (work: () => Promise<void>): Promise<GiveBack> => {
    if (breaker.admit() === 'skip') return { kind: 'degraded', reason: 'the store of limits is away' }
    try {
      await deadline(begin(work), () => breaker.succeeded(), lost)
      return DONE
    } catch (error) {
      return { kind: 'degraded', reason: reasonOf(error) }
    }
  }

  const give = async (receipt: LimitReceipt, leasesOnly: boolean): Promise<GiveBack> => {
    const now = clock()
    const lease = receipt.lease ?? ''
    const back = receipt.takes.flatMap(({ policy: name, key, cost, validMs }): readonly Wanted[] => {
      const policy = policyNamed(policies, name)
      const due = policy.rule.kind === 'concurrency' || (!leasesOnly && now - receipt.takenAt < validMs)
      return due && cost > 0 ? [{ policy, rule: policy.rule, key, cost }] : []
    })
    if (back.length === 0) return DONE
    epoch++
    for (const { policy, key, cost } of back) {
      denied.remove(key)
      policy.shadow?.give(key, now, cost, lease)
    }
    return receipt.by === 'local' ? DONE : tryStore(() => store.give(back, lease))
  }

  return {
    take: async (takes) => {
      const wanted = wantedOf(takes)
      const sure = known(wanted)
      if (sure !== undefined) return sure
      const lease = `${instance}${(++leases).toString(36)}`
      const admission = breaker.admit()
      if (admission !== 'go') {
        // the probe is this request's own, but the request does not wait for it
        if (admission === 'probe')
          ask(wanted, lease)
            .then(() => endLeases(wanted, lease))
            .catch(() => undefined)
        return withoutStore(wanted, lease, 'the store of limits is away')
      }
      const now = clock()
      let answers: readonly LimitAnswer[]
      try {
        answers = await ask(wanted, lease)
      } catch (error) {
        return withoutStore(wanted, lease, reasonOf(error))
      }
      return answers.some(({ limited }) => limited)
        ? limitedBy('store', wanted, answers)
        : allowedBy('store', wanted, answers, now, lease, NONE)
    },
    refund: (receipt) => give(receipt, false),
    release: (receipt) => give(receipt, true),
    forget: async (name, parts) => {
      const policy = policyNamed(policies, name)
      const key = policy.keyOf(parts)
      epoch++
      denied.remove(key)
      policy.shadow?.forget(key)
      return tryStore(() => store.forget([{ key, rule: policy.rule }]))
    },
    stats: () => ({ store: breaker.isOpen() ? 'away' : 'up', asked, failed, denyCached, outage: { ...outage } }),
  }
}
