import type { Decision, DecisionAction, DecisionMode, DecisionScope, EnforcerKind, Level, LockdownMode, ThrottleLimit } from '@parapet/core'

/** A decision before the log has given it its revision. */
export type NewDecision = Omit<Decision, 'revision'>

/** A decision that is in force or was; its revision does not matter here. */
export type HeldDecision = Decision | NewDecision

/** What a policy may do by itself. A lockdown is none of them: it has its own line, and its own limits. */
export const POLICY_ACTIONS = ['deny', 'throttle', 'challenge', 'require_mfa', 'require_reset', 'suspend', 'end_sessions'] as const
/** One of {@link POLICY_ACTIONS}. */
export type PolicyActionName = (typeof POLICY_ACTIONS)[number]

/** Whom a policy may act on: the addresses that an alert stands for, the users, the sessions. */
export const POLICY_TARGETS = ['ip', 'user', 'session'] as const
/** One of {@link POLICY_TARGETS}. */
export type PolicyTarget = (typeof POLICY_TARGETS)[number]

/** What an alert stands for, as `match.about` tells them apart. */
export const ALERT_SCOPES = ['ip', 'user', 'endpoint', 'event'] as const
/** One of {@link ALERT_SCOPES}. */
export type AlertScope = (typeof ALERT_SCOPES)[number]

/** One step of the ladder: what the first, second, ... repetition costs. Duration in ms; all that can carry it out without `enforcers`. */
export type PolicyStep = { readonly scope: DecisionScope; readonly duration: number; readonly enforcers?: readonly EnforcerKind[] }

/** One thing that a policy does: an action on a kind of target, in steps. At least one step; the last is repeated. */
export type PolicyAction = {
  readonly action: PolicyActionName
  readonly target: PolicyTarget
  /** of a `throttle` */
  readonly limit?: ThrottleLimit
  readonly steps: readonly PolicyStep[]
}

/** The parts of a response that a rule's own `x-respond` block may replace: scope and duration of the first step of its own action. */
export const RULE_FIELDS = ['mode', 'scope', 'duration'] as const
/** One of {@link RULE_FIELDS}. */
export type RuleField = (typeof RULE_FIELDS)[number]

/** Who is told. */
export type Audience = 'security' | 'administrators'

/** A lockdown that a person may start with one click, or one that starts by itself. `duration` in ms, at most 15 minutes. */
export type PolicyLockdown = 'offer' | { readonly mode: LockdownMode; readonly duration: number }

/** What alerts are answered and how: one file of `policies/`. Lists in `match` hold alternatives; everything given must hold. */
export type Policy = {
  readonly id: string
  readonly title: string
  readonly description: string
  /** lower ones are asked first; the first that matches answers */
  readonly order: number
  readonly file: string
  readonly match: {
    /** rule ids */
    readonly rules?: readonly string[]
    /** tags; `attack.t1110` also means its sub-techniques such as `attack.t1110.003` */
    readonly tags?: readonly string[]
    /** `event.dataset` of what is behind the alert: every one that is known must be listed, and one must be known */
    readonly datasets?: readonly string[]
    /** what the alert stands for */
    readonly about?: readonly AlertScope[]
    /** this level or worse */
    readonly level: Level
  }
  readonly respond: {
    readonly mode: DecisionMode
    /** quiet time after the end of a decision that makes the next one a first offence again, ms */
    readonly memory: number
    /** may be empty when somebody is notified or an incident opens */
    readonly actions: readonly PolicyAction[]
    readonly notify?: Audience
    /** opens an incident of this severity, or joins the one that is open */
    readonly incident?: Level
    readonly lockdown?: PolicyLockdown
    readonly ruleMaySet: readonly RuleField[]
  }
}

/** The text of a policy file and the name that problems cite. */
export type PolicySource = { readonly file: string; readonly text: string }

/** Why a policy cannot run. Lines count from one. */
export type PolicyProblem = { readonly file: string; readonly line: number; readonly policyId?: string; readonly reason: string }

/** A rule's `x-respond` block, as far as it was written. Duration as text (`15m`) or in ms. */
export type RuleResponse = {
  readonly action?: DecisionAction
  readonly scope?: DecisionScope
  readonly duration?: string | number
  readonly target?: PolicyTarget
  readonly mode?: DecisionMode
}
