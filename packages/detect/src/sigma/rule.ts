import type { DecisionAction, DecisionMode, DecisionScope, Level } from '@parapet/core'
import type { DetectionTree } from './detection-tree.js'
import type { LogSource } from './log-source.js'
import type { RuleExample } from './read-examples.js'

/** What a rule asks the response to do (its `x-respond` block); a policy has the last word. */
export type XRespond = {
  readonly action: DecisionAction
  readonly scope: DecisionScope
  /** as written: `1h`, `15m` */
  readonly duration: string
  readonly target: 'ip' | 'user'
  readonly mode: DecisionMode
}

/** How a rule finds: in one event, or by a correlation of events. */
export type RuleKind = 'single' | 'event_count' | 'value_count' | 'temporal' | 'temporal_ordered'

/** What everybody may know of a rule. */
export type RuleInfo = {
  readonly id: string
  /** the short name by which correlations refer to it */
  readonly name?: string
  readonly title: string
  readonly description: string
  readonly level: Level
  readonly tags: readonly string[]
  readonly version: string
  readonly file: string
  readonly line: number
  readonly falsePositives: readonly string[]
  readonly references: readonly string[]
  readonly respond?: XRespond
  readonly kind: RuleKind
  /** false for a rule that only feeds correlations */
  readonly alerts: boolean
}

/** What all rules share once they are read. */
export type RuleHead = Omit<RuleInfo, 'kind' | 'alerts'> & {
  /** what the events of this rule are called in a sentence: `failed sign-ins` */
  readonly words?: string
  /** read when asked for: only a test of the rules needs them */
  readonly examples: () => readonly RuleExample[]
}

/** A rule over single events. */
export type SingleRule = RuleHead & {
  readonly kind: 'single'
  readonly source: LogSource
  readonly detection: DetectionTree
  readonly alerts: boolean
}

/** One bound of a correlation's condition. */
export type Bound = { readonly op: 'gt' | 'gte' | 'lt' | 'lte' | 'eq' | 'neq'; readonly value: number }

/** A rule over the matches of other rules. References are indexes into the rule set. */
export type CorrelationRule = RuleHead & {
  readonly kind: Exclude<RuleKind, 'single'>
  readonly alerts: boolean
  readonly rules: readonly number[]
  /** fields of the group; for each its name in every referred rule, by place in `rules` */
  readonly groupBy: readonly { readonly name: string; readonly fields: readonly string[] }[]
  readonly timespan: number
  readonly bounds: readonly Bound[]
  /** value_count: the fields whose distinct (combined) values are counted */
  readonly valueFields: readonly string[]
  /** matches of this rule in the same group take an address, and its value, back out: somebody who mistyped and then succeeded */
  readonly except?: { readonly rule: number; readonly tolerance: number }
}

/** A compiled rule. */
export type Rule = SingleRule | CorrelationRule
