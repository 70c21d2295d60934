import type { CorrelationRule } from '../sigma/rule.js'
import { createFrame, type Correlator, type CorrelatorDeps, type Kind, type TellSettled } from './correlator.js'
import { outcomeOf } from './counting.js'
import type { Grouper } from './grouper.js'
import { firstAfter } from './recent.js'
import { eventSample } from './sentence.js'
import {
  addNumber,
  addToSum,
  createSlidingSum,
  createStatistic,
  mean,
  percentileOf,
  slidingSumBytes,
  statisticBytes,
  sumOf,
  type SlidingSum,
  type Statistic,
} from './statistic.js'
import { createThreshold } from './threshold.js'
import { createWaiting } from './waiting.js'

/**
 * Puts a `value_sum`, `value_avg` or `value_percentile` to work. A sum over `gt` and `gte` is told at the event that crosses the line, over
 * the timespan before it; all others are reckoned once, when the window that its group's first event opened is over.
 */
export const createValueStatistics = (rule: CorrelationRule, deps: CorrelatorDeps): Correlator =>
  createFrame(rule, deps, (grouper, settled) => (rule.deferred ? waitingKind(rule, deps, grouper, settled) : sumKind(rule, grouper)))

const sumKind = ({ timespan: span, bounds }: CorrelationRule, grouper: Grouper): Kind => {
  const { holds } = createThreshold(bounds)
  return {
    judge: (state, _place, view, time, ref, value, tracked) => {
      const window = (state.extra ??= createSlidingSum()) as SlidingSum
      addToSum(window, time, Number(value), state.latest, span)
      state.extraBytes = slidingSumBytes(window)
      const { sum, first } = sumOf(window)
      if (!holds(sum)) return 'none'
      const from = firstAfter(state, state.latest - span)
      const crossing = () => ({
        first: first ?? time,
        ref: state.refs[from] ?? ref,
        total: state.times.length - from,
        peak: sum,
        sample: eventSample(view.event()),
      })
      return outcomeOf(grouper.cross(state, crossing, sum, tracked))
    },
  }
}

const waitingKind = (rule: CorrelationRule, { limits }: CorrelatorDeps, grouper: Grouper, settled: TellSettled): Kind => {
  const { holds } = createThreshold(rule.bounds)
  const reckon = (statistic: Statistic): number =>
    rule.kind === 'value_sum' ? statistic.sum : rule.kind === 'value_avg' ? mean(statistic) : percentileOf(statistic, rule.percentile ?? 50)
  const waiting = createWaiting(
    {
      span: rule.timespan,
      lateness: limits.lateness,
      settle: (state, open) => {
        const statistic = state.extra as Statistic | undefined
        state.extra = undefined
        state.extraBytes = 0
        const found = statistic === undefined ? 0 : reckon(statistic)
        if (statistic === undefined || !holds(found)) return
        const crossing = () => ({ first: open.at, ref: open.ref, total: open.count, peak: found, sample: '' })
        const isNew = grouper.cross(state, crossing, found, state.addresses.length > 0)
        settled(state, open.at + rule.timespan, open.ref, isNew)
      },
    },
    grouper,
  )
  return {
    waiting,
    judge: (state, _place, _view, time, ref, value) => {
      if (waiting.enter(state, time, ref)) state.extra = createStatistic(rule.kind === 'value_percentile')
      if (state.open !== undefined) state.open.count++
      const statistic = state.extra as Statistic
      addNumber(statistic, Number(value))
      state.extraBytes = statisticBytes(statistic)
      return 'none'
    },
  }
}
