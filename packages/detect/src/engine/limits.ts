import { HOUR, MINUTE } from '@parapet/core'

/** Bounds of an engine. Times in ms. */
export type EngineLimits = {
  /** groups kept in each of the 64 parts of the engine, over all rules; the ones that were quiet longest go first, with an alert */
  readonly groups: number
  /** estimated bytes of state in each part */
  readonly bytes: number
  /** how much older than the newest event of its group an event may be; older ones are counted as late and not merged */
  readonly lateness: number
  /** how far the clocks of sources may be apart: events further from the others count among themselves, and a step of time that is smaller may be none */
  readonly skew: number
  /** a single rule alerts again for the same subject after it was quiet this long */
  readonly quiet: number
  /** distinct values counted exactly per group; beyond that HyperLogLog estimates */
  readonly distinct: number
  /** work units per event: about one per comparison and per 64 characters searched */
  readonly budget: number
}

/** The bounds when none are given. */
export const ENGINE_LIMITS: EngineLimits = {
  groups: 16_384,
  bytes: 917_504,
  lateness: 10_000,
  // logs without a zone are off by as much as 14 hours either way
  skew: 26 * HOUR,
  quiet: 15 * MINUTE,
  distinct: 1_024,
  budget: 20_000,
}
