import type { KeyPart } from './key.js'

/**
 * What a policy does while the shared store cannot answer: refuse (`closed`), judge by this process's own warm counters (`local`, the
 * default), or let pass unjudged (`open`).
 */
export type OnOutage = 'closed' | 'local' | 'open'

type Declared = {
  readonly onOutage?: OnOutage
  /** guards a sign-in: never `open` in an outage, and no header tells what is left */
  readonly login?: boolean
}

/**
 * The generic cell rate algorithm, the default. Without `burst`: `limit` at once, refilled evenly over `windowMs`. With `burst`: `burst`
 * at once, then evenly, so that no window of `windowMs`, wherever it starts, holds more than `limit`.
 */
export type GcraPolicy = Declared & {
  readonly kind?: 'gcra'
  readonly limit: number
  readonly windowMs: number
  readonly burst?: number
}

/**
 * `sliding_window` weighs the count of the last aligned window by how much of it still lies within `windowMs`. `fixed_window` starts
 * with the first request and forgets all at its end: around that moment twice `limit` can pass, so it is for quotas, not for attackers.
 */
export type WindowPolicy = Declared & {
  readonly kind: 'sliding_window' | 'fixed_window'
  readonly limit: number
  readonly windowMs: number
}

/** At most `limit` at the same time. What is never released, because its holder died, ends by itself after `leaseMs`. */
export type ConcurrencyPolicy = Declared & { readonly kind: 'concurrency'; readonly limit: number; readonly leaseMs: number }

/** How much is allowed, counted in which way. */
export type LimitPolicy = GcraPolicy | WindowPolicy | ConcurrencyPolicy

type Judged = {
  readonly policy: string
  readonly limit: number
  /** the window; of a concurrency policy the lease */
  readonly windowMs: number
  readonly resetMs: number
  /** the policy counts what runs at the same time */
  readonly concurrent?: true
  /** the policy guards a sign-in */
  readonly login?: true
}

/** What one policy says about one request. Times in ms; `retryAfter` in whole seconds, rounded up so that waiting it is enough. */
export type LimitVerdict =
  | (Judged & { readonly kind: 'allowed'; readonly remaining: number })
  | (Judged & { readonly kind: 'limited'; readonly remaining: 0; readonly retryAfterMs: number; readonly retryAfter: number })

/** One policy to judge and count by. `cost` is how much of the allowance it takes, 1 by default; 0 only looks. */
export type Take = { readonly policy: string; readonly key: readonly KeyPart[]; readonly cost?: number }

/** What was counted, to be given back; opaque. */
export type LimitReceipt = {
  readonly takes: readonly { readonly policy: string; readonly key: string; readonly cost: number; readonly validMs: number }[]
  readonly takenAt: number
  readonly lease: string | undefined
  readonly by: 'store' | 'local'
}

/**
 * What all policies together say. A request that one of them refuses is counted by none. `limited` and `degraded` are different things:
 * the first is about the client (429), the second about our store (503 unless `pass`).
 */
export type LimitOutcome =
  | {
      readonly kind: 'allowed'
      /** `local`: by this process alone, because there is no store or it is away */
      readonly by: 'store' | 'local'
      readonly verdicts: readonly LimitVerdict[]
      readonly receipt: LimitReceipt
      /** policies that declare `open` and could not be judged */
      readonly unjudged: readonly string[]
    }
  | { readonly kind: 'limited'; readonly by: 'store' | 'local' | 'deny_cache'; readonly verdicts: readonly LimitVerdict[] }
  | {
      readonly kind: 'degraded'
      /** true: every policy declares `open`; false: `policies` declare `closed` and refuse */
      readonly pass: boolean
      readonly policies: readonly string[]
      readonly reason: string
    }

/** Whether something was given back; `degraded`: the store could not be asked. */
export type GiveBack = { readonly kind: 'done' } | { readonly kind: 'degraded'; readonly reason: string }

/** Told once when the store of limits goes away and once when it is back, for an event and a metric. Times in ms UTC. */
export type LimitOutageReport =
  | {
      readonly kind: 'limit_store_away'
      readonly at: number
      readonly reason: string
      readonly policies: Readonly<Record<OnOutage, readonly string[]>>
    }
  | {
      readonly kind: 'limit_store_back'
      readonly at: number
      readonly lastedMs: number
      readonly answered: Readonly<Record<OnOutage, number>>
    }

/** Counters of a {@link SharedLimiter} since it was built. */
export type SharedLimiterStats = {
  readonly store: 'up' | 'away'
  /** round trips that were answered, and those that failed or came too late */
  readonly asked: number
  readonly failed: number
  /** refused without a round trip, because the store's own answer still held */
  readonly denyCached: number
  /** requests that were answered without the store, by what decided them */
  readonly outage: Readonly<Record<OnOutage, number>>
}

/** The limiter over a store that several processes share. None of its methods rejects because of the store. */
export type SharedLimiter = {
  /** judges and counts all of them in one round trip, or none */
  readonly take: (takes: readonly Take[]) => Promise<LimitOutcome>
  /** gives back what an allowed request took, leases included: it shall not count after all */
  readonly refund: (receipt: LimitReceipt) => Promise<GiveBack>
  /** ends the leases of concurrency policies; everything else stays counted. For every request that holds one, when it ends */
  readonly release: (receipt: LimitReceipt) => Promise<GiveBack>
  /** gives a key its whole allowance back: an operator's unlock */
  readonly forget: (policy: string, key: readonly KeyPart[]) => Promise<GiveBack>
  readonly stats: () => SharedLimiterStats
}

/** A policy as stores count it: whole numbers only, so that every store comes to the same verdict. */
export type LimitRule =
  /** `limit` at once, `rate` of them refilled evenly over `windowMs` */
  | { readonly kind: 'gcra'; readonly limit: number; readonly windowMs: number; readonly rate: number }
  | { readonly kind: 'sliding_window' | 'fixed_window' | 'concurrency'; readonly limit: number; readonly windowMs: number }

/** One thing to count in a {@link LimitStore}. `key` is at most 128 characters, and is counted by one rule only. */
export type StoreTake = { readonly key: string; readonly rule: LimitRule; readonly cost: number }

/** What a rule says. `remaining` is 0 where it limits; times in ms from the store's now, `retryAfterMs` 0 where it does not limit. */
export type LimitAnswer = {
  readonly limited: boolean
  readonly remaining: number
  readonly resetMs: number
  readonly retryAfterMs: number
}

/**
 * The shared side of the limiter: a `Store` that can count carries one as `limits`. Time is the store's own, never the caller's. Every
 * method may reject or never settle (the store is down, or hangs): the limiter waits for none of them longer than it was told.
 */
export type LimitStore = {
  /** other processes see what is counted here, so that keys must not hold names */
  readonly shared: boolean
  /**
   * Judges and counts in one atomic round trip: everything, or nothing when one rule limits (the others then answer as for cost 0).
   * `lease` names the slot that concurrency rules give. `at` is the store's time, ms UTC. No two takes have the same key.
   */
  readonly take: (takes: readonly StoreTake[], lease: string) => Promise<{ readonly at: number; readonly answers: readonly LimitAnswer[] }>
  /** gives costs back and ends leases */
  readonly give: (takes: readonly StoreTake[], lease: string) => Promise<void>
  readonly forget: (takes: readonly Pick<StoreTake, 'key' | 'rule'>[]) => Promise<void>
}

/** What a `Store` that can count has besides the port of core. */
export type LimitCapable = { readonly limits: LimitStore }
