import type { CorrelationRule } from '../sigma/rule.js'
import type { Correlator, CorrelatorDeps } from './correlator.js'
import { createCounting } from './counting.js'
import { createTemporal } from './temporal.js'
import { createNovelty } from './novelty.js'
import { createTemporalCondition } from './temporal-condition.js'
import { createTravel } from './travel.js'
import { createValueStatistics } from './value-statistics.js'

/** Puts one correlation to work. */
export type CreateCorrelator = (rule: CorrelationRule, deps: CorrelatorDeps) => Correlator

/** All of its rules, or what its condition says. */
const createSequence: CreateCorrelator = (rule, deps) =>
  rule.terms === undefined && rule.bounds.length === 0 && rule.late === 0 ? createTemporal(rule, deps) : createTemporalCondition(rule, deps)

/** Which function puts a kind of correlation to work. */
export const CORRELATORS: Readonly<Record<CorrelationRule['kind'], CreateCorrelator>> = {
  event_count: createCounting,
  value_count: createCounting,
  value_sum: createValueStatistics,
  value_avg: createValueStatistics,
  value_percentile: createValueStatistics,
  temporal: createSequence,
  temporal_ordered: createSequence,
  novelty: createNovelty,
  travel: createTravel,
}
