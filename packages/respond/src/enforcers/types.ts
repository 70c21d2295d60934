import type { AddressRange, Decision, EnforcerKind } from '@parapet/core'

/** A decision that an enforcer does not carry out, and why, as a sentence part for people. */
export type Refusal = { readonly id: string; readonly reason: string }

/** One reason why addresses may not be denied on a host, and the ranges that it holds for. */
export type AllowGroup = { readonly reason: string; readonly ranges: readonly AddressRange[] }

/** Who is never denied on a host, checked again where a decision is carried out. */
export type AllowList = {
  /** the fewest ranges that say it */
  readonly ranges: readonly AddressRange[]
  /** why the whole of a range may not be denied, such as `192.0.2.1 is the gateway`; `undefined` when some of it may */
  readonly reasonFor: (range: AddressRange) => string | undefined
}

/** A decision of addresses that an enforcer takes, with its target read once. `until` in ms UTC. */
export type WantedRange = { readonly id: string; readonly range: AddressRange; readonly startsAt: number; readonly until: number }

/** What is asked of an enforcer of addresses at one moment. */
export type WantedRanges = { readonly ranges: readonly WantedRange[]; readonly refused: readonly Refusal[] }

/** What a plan leads to: what to do, in order and as one, and what is held once it was done. */
export type EnforcerPlan<Held, Operation> = { readonly operations: readonly Operation[]; readonly after: Held }

/**
 * The deciding half of an enforcer, pure: what is wanted of decisions at `now` (ms UTC), and what leads from what is held to it. Its acting
 * half does the operations, reads back what is really held, and reports.
 */
export type EnforcerModel<Settings, Wanted, Held, Operation> = {
  readonly kind: EnforcerKind
  readonly wanted: (decisions: Iterable<Decision>, now: number, settings: Settings) => Wanted
  readonly plan: (held: Held, wanted: Wanted, now: number) => EnforcerPlan<Held, Operation>
}
