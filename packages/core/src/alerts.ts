/** Sigma's levels, lowest first. */
export const LEVELS = ['informational', 'low', 'medium', 'high', 'critical'] as const
/** How bad a match of a rule is. Source: Sigma rules specification 2.1. */
export type Level = (typeof LEVELS)[number]

/** True when `level` is `floor` or worse. */
export const atLeast = (level: Level, floor: Level): boolean => LEVELS.indexOf(level) >= LEVELS.indexOf(floor)

/**
 * A rule that matched, with the events that made it. `group` holds the group-by fields of a correlation
 * (empty for a single rule); `scope` the prefixes or names it stands for; `targets` every source address seen (bounded).
 */
export type Alert = {
  /** deterministic: the same rule, group and first event give the same id on every run and worker */
  readonly id: string
  readonly rule: {
    readonly id: string
    readonly title: string
    readonly level: Level
    readonly tags: readonly string[]
    readonly version: string
  }
  readonly group: Readonly<Record<string, string>>
  /** what the alert stands for: an address prefix, a user, an endpoint */
  readonly scope: { readonly kind: 'ip' | 'user' | 'endpoint' | 'event'; readonly value: string }
  /** `@timestamp` of the first and the last event that count, ms UTC */
  readonly first: number
  readonly last: number
  /** events (event_count) or distinct values (value_count) when it fired or was last updated */
  readonly count: number
  readonly targets: readonly string[]
  /** ids of the events behind it, newest kept, bounded to 100; line numbers where a file is replayed */
  readonly events: readonly (string | number)[]
  /** the sentence that says why, in words, without markup */
  readonly why: string
}
