import type { Decision, DecisionAction, DecisionMode, DecisionScope, Level } from '@parapet/core'

/** A decision before the log has given it its revision. */
export type NewDecision = Omit<Decision, 'revision'>

/** A decision that is in force or was; its revision does not matter here. */
export type HeldDecision = Decision | NewDecision

/** One step of the ladder: what the first, second, ... repetition costs. Duration in ms. */
export type PolicyStep = { readonly scope: DecisionScope; readonly duration: number }

/** The parts of a response that a rule's own `x-respond` block may replace. */
export const RULE_FIELDS = ['mode', 'scope', 'duration'] as const
/** One of {@link RULE_FIELDS}. */
export type RuleField = (typeof RULE_FIELDS)[number]

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
    /** this level or worse */
    readonly level: Level
  }
  readonly respond: {
    readonly action: DecisionAction
    readonly target: 'ip'
    readonly mode: DecisionMode
    /** quiet time after the end of a decision that makes the next one a first offence again, ms */
    readonly memory: number
    /** at least one; the last is repeated */
    readonly steps: readonly PolicyStep[]
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
  readonly target?: 'ip' | 'user'
  readonly mode?: DecisionMode
}
