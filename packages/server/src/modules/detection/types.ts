import type { Alert, Clock, DecisionSet, SecurityEvent } from '@parapet/core'
import type { BudgetLimits, Policy, ProtectedTargets, RespondInput, Verdict } from '@parapet/respond'
import type { Database, DatabaseLog } from '../../db/types.js'
import type { Vault } from '../../vault/index.js'
import type { Incidents } from '../incidents/index.js'
import type { LockdownStarter } from '../lockdown/index.js'
import type { Notifications } from '../notifications/index.js'
import type { Lease } from './leases.js'
import type { Traffic } from './traffic.js'

/** What detection needs of the engine; `createEngine` of `@parapet/detect` makes one. */
export type DetectionEngine = {
  /** alerts that one event fired or changed; the same events give the same alerts */
  readonly process: (event: SecurityEvent, ref: string | number) => readonly { readonly kind: 'fired' | 'updated'; readonly alert: Alert }[]
  /** what changed since the last call; `null` forgets the key */
  readonly takeDirty: () => readonly StateEntry[]
  readonly restore: (entries: Iterable<StateEntry>) => void
}

/** One thing that an engine remembers, and the part it belongs to. */
export type StateEntry = { readonly shard: number; readonly key: string; readonly state: unknown }

/** What one batch did. Milliseconds of wall time, from reading it to the commit. */
export type BatchReport = {
  readonly events: number
  readonly alerts: number
  readonly decisions: number
  readonly failures: number
  readonly ms: number
}

/** What an answer leads to beside decisions, all of it in the transaction that writes the alert. */
export type IntentPorts = {
  readonly notifications: Pick<Notifications, 'enqueueIn'>
  readonly incidents: Pick<Incidents, 'openIn' | 'appendIn'>
  readonly lockdowns: LockdownStarter
}

/** What answering alerts is built from. */
export type AnswerDeps = {
  /** opens what the worker reads and seals what it writes; in its memory names are in clear */
  readonly vault: Vault
  /** those that run now, in the order in which they are asked */
  readonly policies: () => readonly Policy[]
  /** how operators have set them */
  readonly modes?: RespondInput['modes']
  /** what was seen of late: what an answer would cost */
  readonly traffic: Traffic
  readonly intents: IntentPorts
  readonly protectedTargets: ProtectedTargets
  /** the rules' own `x-respond` blocks by rule id */
  readonly rulesRespond?: RespondInput['rulesRespond']
  readonly budget?: Partial<BudgetLimits>
  readonly respond: (input: RespondInput) => Verdict
  readonly clock: Clock
  readonly log: DatabaseLog
  /** ids of decisions; UUID version 7 by default */
  readonly newId?: () => string
}

/** What the worker is built from. */
export type DetectionDeps = AnswerDeps & {
  readonly database: Pick<Database, 'pool' | 'listen'>
  /** a new engine without state for the parts that are owned; called at every change of hands and after every failed transaction */
  readonly createEngine: (options: { owns: ReadonlySet<number> }) => DetectionEngine
  /** rises when the rules or their exceptions have changed: engines are made anew and go on from their state */
  readonly revision?: () => number
  /** calls `fn` when {@link DetectionDeps.revision} rises; answers what ends it */
  readonly onChange?: (fn: () => void) => () => void
  /** what is known of an event beside it, such as the place of an address; for the rules alone, never stored */
  readonly enrich?: (event: SecurityEvent) => SecurityEvent
  readonly metrics?: { readonly onBatch: (report: BatchReport) => void }
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
  /** whether this process detects a part of it now */
  readonly isActive: () => boolean
  /** when the budget of decisions was last hit, ms UTC, as far as this process has seen; `null` for never */
  readonly budgetTrippedAt: () => number | null
  /** events that had to be passed over since the start */
  readonly failures: () => number
}

/** Parts that stand at one place and go on together. The state is thrown away after any failed transaction. */
export type Run = { readonly engine: DetectionEngine; readonly leases: readonly Lease[]; position: number }

/** What a worker knows of the decisions in force; `sweptAt`, ms UTC, is when those that have ended were last put out. */
export type Held = { readonly decisions: DecisionSet; sweptAt: number }
