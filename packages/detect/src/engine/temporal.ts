import type { CorrelationRule } from '../sigma/rule.js'
import { advanceChain } from './chain.js'
import { createFrame, type Correlator, type CorrelatorDeps } from './correlator.js'
import { outcomeOf } from './counting.js'
import { firstAfter } from './recent.js'
import { eventSample } from './sentence.js'

/** Puts a `temporal` or a `temporal_ordered` correlation to work. */
export const createTemporal = (rule: CorrelationRule, deps: CorrelatorDeps): Correlator =>
  createFrame(rule, deps, (grouper) => ({
    // a later step alone opens no group: most sign-ins follow nothing
    ...(rule.kind === 'temporal_ordered' ? { follows: (place: number): boolean => place > 0 } : {}),
    judge: (state, place, view, time, ref, _value, tracked) => {
      const first = advanceChain(state, place, rule.rules.length, time, rule.timespan, rule.kind === 'temporal_ordered')
      if (first === undefined) return 'none'
      const total = state.times.length - firstAfter(state, first - 1)
      return outcomeOf(grouper.cross(state, () => ({ first, ref, total, peak: 0, sample: eventSample(view.event()) }), 0, tracked))
    },
  }))
