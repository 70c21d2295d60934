import type { Alert, Clock, DecisionSet, SecurityEvent } from '@parapet/core'
import type { BudgetLimits, Policy, ProtectedTargets, RespondInput, Verdict } from '@parapet/respond'
import type { Database, DatabaseLog } from '../../db/types.js'
import type { Vault } from '../../vault/index.js'

/** What detection needs of the engine; `createEngine` of `@parapet/detect` makes one. */
export type DetectionEngine = {
  /** alerts that one event fired or changed; the same events give the same alerts */
  readonly process: (event: SecurityEvent, ref: string | number) => readonly { readonly kind: 'fired' | 'updated'; readonly alert: Alert }[]
  /** what changed since the last call; `null` forgets the key */
  readonly takeDirty: () => readonly { readonly key: string; readonly state: unknown }[]
  readonly restore: (entries: Iterable<{ readonly key: string; readonly state: unknown }>) => void
}

/** What one batch did. Milliseconds of wall time, from reading it to the commit. */
export type BatchReport = {
  readonly events: number
  readonly alerts: number
  readonly decisions: number
  readonly failures: number
  readonly ms: number
}

/** What the worker is built from. */
export type DetectionDeps = {
  readonly database: Pick<Database, 'pool' | 'listen'>
  /** opens what the worker reads and seals what it writes; in its memory names are in clear */
  readonly vault: Vault
  /** a new engine without state; called at every start and after every failed transaction */
  readonly createEngine: () => DetectionEngine
  readonly policies: readonly Policy[]
  readonly protectedTargets: ProtectedTargets
  /** the rules' own `x-respond` blocks by rule id */
  readonly rulesRespond?: RespondInput['rulesRespond']
  readonly budget?: Partial<BudgetLimits>
  readonly respond: (input: RespondInput) => Verdict
  readonly clock: Clock
  readonly log: DatabaseLog
  readonly metrics?: { readonly onBatch: (report: BatchReport) => void }
  /** ids of decisions; UUID version 7 by default */
  readonly newId?: () => string
  /** the most events in one transaction, 500 by default */
  readonly batchSize?: number
  /** how often to look without being woken, ms; 500 by default */
  readonly pollMs?: number
}

/** The worker that turns events into alerts and decisions. */
export type DetectionWorker = {
  /** Begins; resolves once it listens. What is wrong with the database it waits out. */
  readonly start: () => Promise<void>
  /** Ends after the batch at hand. */
  readonly stop: () => Promise<void>
  /** how many events are not processed yet, and how long the oldest of them has waited, ms */
  readonly lag: () => { readonly events: number; readonly ms: number }
  /** whether this process is the one that detects now */
  readonly isActive: () => boolean
  /** when the budget of decisions was last hit, ms UTC, also before a restart; `null` for never and where another process detects */
  readonly budgetTrippedAt: () => number | null
  /** events that had to be passed over since the start */
  readonly failures: () => number
}

/** The state that one run carries from batch to batch; thrown away after any failed transaction. */
export type RunState = {
  readonly engine: DetectionEngine
  readonly held: DecisionSet
  budget: RespondInput['budget']
  position: number
  /** when decisions that have ended were last put out of `held`, ms UTC */
  sweptAt: number
}
