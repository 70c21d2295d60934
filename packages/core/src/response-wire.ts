import type { Level } from './alerts.js'
import type { Decision, DecisionAction, DecisionMode, EnforcerKind, LockdownMode, TargetKind } from './decisions.js'
import type { PersonRef } from './detection-wire.js'
import type { NotificationKind } from './people-wire.js'
import type { AlertView, DecisionRequest, StoredEvent } from './wire.js'

// ---- enforcers ----

/** One thing that an enforcer did or could not do. Time in ms UTC. */
export type EnforcerNote = { readonly at: number; readonly what: string }

/**
 * What an enforcer really holds, as it says itself: `POST /v1/enforcers/reports` with the token of its source, every 15 s and after each
 * repair. Times in ms UTC.
 */
export type EnforcerReport = {
  readonly kind: EnforcerKind
  /** tells apart several of a kind at one source, such as a process or a host: at most 100 characters */
  readonly instance: string
  readonly version: string
  /** `observe`: it says what it would do, and does nothing */
  readonly mode: DecisionMode
  readonly now: number
  /** every change of decisions up to this revision is in force here, but for what stands in `refused` */
  readonly revision: number
  /** decisions that it should act on, and those that were found in place when it last looked; null where nobody can look */
  readonly wanted: number
  readonly held: number | null
  /** when it last compared both */
  readonly checkedAt: number | null
  /** differences that it found and put right, newest first, at most 20: a foreign flush, a lost element */
  readonly repairs: readonly EnforcerNote[]
  /** decisions that it does not carry out, and why; at most 50 */
  readonly refused: readonly { readonly id: string; readonly reason: string }[]
  /** actions that it cannot do at all */
  readonly cannot: readonly DecisionAction[]
  /** from a decision to its effect here, ms; null before the first */
  readonly latencyMs: { readonly p50: number; readonly p99: number } | null
  /** what is wrong now; null when nothing is */
  readonly trouble: string | null
}

/** `GET /v1/enforcers` */
export type EnforcerView = EnforcerReport & {
  readonly source: PersonRef
  readonly receivedAt: number
  /** `behind`: it has not caught up with the newest revision for ten seconds; `drift`: it holds less than it should */
  readonly state: 'in_step' | 'behind' | 'drift' | 'trouble' | 'silent'
  /** decisions of the newest revision minus its own */
  readonly behind: number
}

/** Where one decision is in force: part of `GET /v1/decisions/{id}`. */
export type DecisionConfirmation = {
  readonly enforcer: { readonly kind: EnforcerKind; readonly instance: string; readonly source: PersonRef }
  readonly state: 'in_force' | 'waiting' | 'refused' | 'observed' | 'not_able' | 'silent'
  readonly detail: string
}

/** `GET /v1/decisions/{id}`: one decision with why, and where it is in force. */
export type DecisionDetail = {
  readonly decision: Decision
  readonly alerts: readonly AlertView[]
  readonly events: readonly StoredEvent[]
  readonly batch: readonly Decision[]
  readonly confirmations: readonly DecisionConfirmation[]
  readonly incidents: readonly { readonly id: string; readonly title: string }[]
}

/** `POST /v1/decisions/preview`: what a request of the last seven days would have met with. */
export type DecisionPreview = {
  readonly request: DecisionRequest
  /** why it is refused; null when it is not */
  readonly refused: string | null
  readonly since: number
  readonly addresses: number
  readonly events: number
  /** users that signed in from there in that time, by name where the reader may see it */
  readonly signedIn: number
  readonly examples: readonly string[]
}

// ---- policies ----

/** How one rule is answered by a policy, as it is and as it was set. */
export type PolicyRuleMode = {
  readonly rule: { readonly id: string; readonly title: string; readonly level: Level }
  readonly mode: DecisionMode
  /** set by somebody for this rule; null: the policy's own */
  readonly setBy: PersonRef | null
  readonly setAt: number | null
  readonly decisions7d: number
  readonly observed7d: number
  /** false positives marked in the last 14 days */
  readonly falsePositives: number
  readonly quietSince: number
  /** why it should not be enforced yet, in sentences; empty when it may */
  readonly holds: readonly string[]
}

/** `GET /v1/policies` */
export type PolicyView = {
  readonly id: string
  readonly title: string
  readonly description: string
  readonly order: number
  /** `builtin`, or the file it came from */
  readonly origin: string
  readonly mode: DecisionMode
  /** what it does, in words: one sentence an action */
  readonly inWords: readonly string[]
  readonly source: string
  /** what comes with Parapet under the same id when an own file takes its place */
  readonly builtinSource: string | null
  readonly rules: readonly PolicyRuleMode[]
  readonly problem: string | null
}

/** `POST /v1/policies/{id}/preview`: what the policy would have done with the alerts of the last days. */
export type PolicyPreview = {
  readonly since: number
  readonly alerts: number
  readonly decisions: number
  readonly addresses: number
  readonly users: number
  /** addresses that a user signed in from in that time: people who would have been hit */
  readonly signedIn: number
  readonly protected: number
  readonly overBudget: number
  /** newest first, at most 50 */
  readonly examples: readonly {
    readonly at: number
    readonly target: { readonly kind: TargetKind; readonly value: string }
    readonly action: DecisionAction
    readonly rule: string
    readonly outcome: 'enforced' | 'observed' | 'protected' | 'over_budget' | 'merged'
    readonly signedIn: boolean
    readonly detail: string
  }[]
  /** false when there was more history than was looked at */
  readonly whole: boolean
}

// ---- lockdown ----

/** A lockdown: begun, confirmed within its time or gone. Times in ms UTC. */
export type Lockdown = {
  readonly id: string
  readonly mode: LockdownMode
  readonly reason: string
  readonly by: PersonRef
  readonly incidentId: string | null
  readonly startedAt: number
  /** it ends by itself at this time unless it is confirmed again before */
  readonly endsAt: number
  /** how often it was confirmed, and how long each confirmation holds, ms */
  readonly confirmations: number
  readonly holdsMs: number
  readonly endedAt: number | null
  readonly endedWhy: 'ended' | 'not_confirmed' | 'confirmation_lapsed' | null
  readonly decisionId: string
}

/** `POST /v1/lockdown/preflight` and part of every refusal. */
export type LockdownPreflight = {
  readonly ok: boolean
  /** what stands against it, and what to do; a lockdown with one of these is refused */
  readonly problems: readonly string[]
  readonly warnings: readonly string[]
  /** who gets in all the same, and why */
  readonly allowed: readonly { readonly range: string; readonly why: string }[]
  /** what it would have refused within the last hour */
  readonly lastHour: { readonly requests: number; readonly refused: number; readonly users: number; readonly usersRefused: number }
}

/** `GET /v1/lockdown` */
export type LockdownView = { readonly current: Lockdown | null; readonly latest: readonly Lockdown[] }

/** What an answer to an alert asks of the rest of the house, beside decisions. */
export type ResponseIntents = {
  readonly notify?: {
    readonly audience: 'security' | 'administrators'
    readonly kind: NotificationKind
    readonly title: string
    readonly text: string
  }
  readonly incident?: {
    readonly title: string
    readonly severity: Level
    readonly subjects: readonly string[]
    readonly addresses: readonly string[]
  }
  /** `offer`: a person may start one with one click; otherwise one starts by itself and ends after `durationMs`, at most 15 minutes */
  readonly lockdown?: 'offer' | { readonly mode: LockdownMode; readonly durationMs: number }
}
