import type { CorrelationRule } from '../sigma/rule.js'
import type { Crossing } from './burst.js'
import { createFrame, type Correlator, type CorrelatorDeps, type Kind, type Outcome, type TellSettled } from './correlator.js'
import { addToBuckets, countBuckets, createBuckets, type Ref } from './count-buckets.js'
import { addDistinct, countDistinct, createDistinctWindow } from './distinct-window.js'
import { RECENT, type GroupState } from './group-state.js'
import type { Grouper } from './grouper.js'
import { firstAfter } from './recent.js'
import { eventSample } from './sentence.js'
import { createThreshold } from './threshold.js'
import { createWaiting } from './waiting.js'

/** `fired` for a new crossing, `holds` for one that goes on. */
export const outcomeOf = (isNew: boolean): Outcome => (isNew ? 'fired' : 'holds')

/** Puts an `event_count` or a `value_count` to work. */
export const createCounting = (rule: CorrelationRule, deps: CorrelatorDeps): Correlator => {
  const { least } = createThreshold(rule.bounds)
  // chosen once: small functions that each see one kind of rule are compiled sooner, and once
  return createFrame(rule, deps, (grouper, settled) =>
    least === undefined
      ? waitingKind(rule, deps, grouper, settled)
      : rule.kind === 'value_count'
        ? valueKind(rule, deps, grouper, least)
        : eventKind(rule, grouper, least),
  )
}

const eventKind = ({ timespan: span }: CorrelationRule, grouper: Grouper, needed: number): Kind => {
  /** the newest count, written in place: one event is counted at a time, and this runs for every line */
  const counted = { count: 0, first: 0, ref: 0 as Ref }
  const countEvents = (state: GroupState, time: number, ref: Ref): void => {
    const from = firstAfter(state, state.latest - span)
    counted.count = state.times.length - from
    counted.first = state.times[from] ?? time
    counted.ref = state.refs[from] ?? ref
    if (needed <= RECENT || (state.buckets === undefined && counted.count < RECENT)) return
    if (state.buckets === undefined) {
      state.buckets = createBuckets()
      for (let i = from; i < state.times.length; i++) addToBuckets(state.buckets, state.times[i] as number, state.refs[i] as Ref, span)
    } else addToBuckets(state.buckets, time, ref, span)
    counted.count = countBuckets(state.buckets, state.latest, span)
    const oldest = state.buckets.list[0]
    counted.first = oldest?.first ?? time
    counted.ref = oldest?.ref ?? ref
    // fewer than are remembered one by one: exact again
    if (counted.count < RECENT && state.burst === undefined) state.buckets = undefined
  }
  return {
    judge: (state, _place, view, time, ref, _value, tracked) => {
      countEvents(state, time, ref)
      if (counted.count < needed) return 'none'
      const crossing = (): Crossing => ({
        first: counted.first,
        ref: counted.ref,
        total: counted.count,
        peak: 0,
        sample: eventSample(view.event()),
      })
      return outcomeOf(grouper.cross(state, crossing, 0, tracked))
    },
  }
}

const valueKind = ({ timespan: span }: CorrelationRule, { limits }: CorrelatorDeps, grouper: Grouper, needed: number): Kind => ({
  judge: (state, _place, view, time, ref, value, tracked) => {
    state.distinct ??= createDistinctWindow()
    addDistinct(state.distinct, value, time, span, limits.distinct)
    const distinct = countDistinct(state.distinct, state.latest, span)
    if (distinct < needed) return 'none'
    const from = firstAfter(state, state.latest - span)
    const crossing = (): Crossing => ({
      first: state.times[from] ?? time,
      ref: state.refs[from] ?? ref,
      total: state.times.length - from,
      peak: distinct,
      sample: eventSample(view.event()),
    })
    return outcomeOf(grouper.cross(state, crossing, distinct, tracked))
  },
})

/** A condition that more events can make false is looked at once, when the window that its first event opened is over. */
const waitingKind = (rule: CorrelationRule, { limits }: CorrelatorDeps, grouper: Grouper, settled: TellSettled): Kind => {
  const { holds } = createThreshold(rule.bounds)
  const counts = rule.kind === 'value_count'
  const waiting = createWaiting(
    {
      span: rule.timespan,
      lateness: limits.lateness,
      settle: (state, open) => {
        const distinct = state.distinct === undefined ? 0 : countDistinct(state.distinct, open.at, Number.MAX_SAFE_INTEGER)
        state.distinct = undefined
        if (!holds(counts ? distinct : open.count)) return
        const crossing = (): Crossing => ({ first: open.at, ref: open.ref, total: open.count, peak: distinct, sample: '' })
        const isNew = grouper.cross(state, crossing, distinct, state.addresses.length > 0)
        settled(state, open.at + rule.timespan, open.ref, isNew)
      },
    },
    grouper,
  )
  return {
    waiting,
    judge: (state, _place, _view, time, ref, value) => {
      if (waiting.enter(state, time, ref) && counts) state.distinct = createDistinctWindow()
      if (state.open !== undefined) state.open.count++
      if (state.distinct !== undefined) addDistinct(state.distinct, value, time, Number.MAX_SAFE_INTEGER, limits.distinct)
      return 'none'
    },
  }
}
