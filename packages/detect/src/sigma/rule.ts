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
export type RuleKind =
  | 'single'
  | 'event_count'
  | 'value_count'
  | 'value_sum'
  | 'value_avg'
  | 'value_percentile'
  | 'temporal'
  | 'temporal_ordered'
  | 'novelty'
  | 'travel'

/** How far a rule is, as its author says. `deprecated` and `unsupported` rules do not run. */
export type RuleStatus = 'stable' | 'test' | 'experimental' | 'deprecated' | 'unsupported'

/** Another rule that this one has to do with: `derived`, `obsolete`, `merged`, `renamed`, `similar`. */
export type RelatedRule = { readonly id: string; readonly type: string }

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
  readonly author?: string
  /** SPDX id */
  readonly license?: string
  readonly status?: RuleStatus
  readonly related?: readonly RelatedRule[]
  /** fields of events that help whoever looks at an alert, under the events' own names */
  readonly fields?: readonly string[]
  /** kinds of machines that the rule is meant for */
  readonly scope?: readonly string[]
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

/** One alternative of a temporal condition. */
export type TemporalTerm = { readonly wants: readonly number[]; readonly lacks: readonly number[] }

/** What a novelty is: a value that was not seen for `memory` (ms) once learning is over, or the return of a group after `absence` (ms). */
export type Novelty = {
  /** over when either is reached: so long since the first event (ms), or so many events */
  readonly learning: { readonly ms: number; readonly events: number }
  readonly memory: number
  readonly absence?: number
}

/** What an impossible journey is: over `distance` km at more than `speed` km/h. */
export type Travel = { readonly speed: number; readonly distance: number }

/** A rule over the matches of other rules. References are indexes into the rule set. */
export type CorrelationRule = RuleHead & {
  readonly kind: Exclude<RuleKind, 'single'>
  readonly alerts: boolean
  readonly rules: readonly number[]
  /** fields of the group; for each its name in every referred rule, by place in `rules` */
  readonly groupBy: readonly { readonly name: string; readonly fields: readonly string[] }[]
  readonly timespan: number
  readonly bounds: readonly Bound[]
  /** value_count: the fields whose distinct (combined) values are counted; the other value kinds: the one whose numbers are reckoned with */
  readonly valueFields: readonly string[]
  /** value_percentile: which one, 0 to 100 */
  readonly percentile?: number
  /** a temporal condition other than all rules: alternatives, each the places in `rules` that must match and those that must not */
  readonly terms?: readonly TemporalTerm[]
  /** it is known only when its time is over, and then without an event: further correlations get its group alone */
  readonly deferred: boolean
  /** a rule that it refers to is deferred, by so many levels: it hears of matches later than of others */
  readonly late: number
  /** matches of this rule in the same group take an address, and its value, back out: somebody who mistyped and then succeeded */
  readonly except?: { readonly rule: number; readonly tolerance: number }
  /** novelty: `valueFields` are compared with what was usual for the group */
  readonly novelty?: Novelty
  readonly travel?: Travel
}

/** A compiled rule. */
export type Rule = SingleRule | CorrelationRule
