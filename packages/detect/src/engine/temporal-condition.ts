import type { CorrelationRule, TemporalTerm } from '../sigma/rule.js'
import { createFrame, type Correlator, type CorrelatorDeps, type Kind, type TellSettled } from './correlator.js'
import { outcomeOf } from './counting.js'
import type { Grouper } from './grouper.js'
import { firstAfter } from './recent.js'
import { eventSample } from './sentence.js'
import { createThreshold } from './threshold.js'
import { findWindow, latestStarts, noteMatch, type Match, type Steps } from './temporal-windows.js'
import { createWaiting } from './waiting.js'

/**
 * Puts a temporal correlation with a condition to work, or one over rules that are told late. A condition without `not` is told at the event
 * that makes it true. One with `not` is looked at when a timespan is over: its rules must match within a timespan that begins at a match, and
 * those that must not, neither in it nor in the timespan before.
 */
export const createTemporalCondition = (rule: CorrelationRule, deps: CorrelatorDeps): Correlator =>
  createFrame(rule, deps, (grouper, settled) => (rule.deferred ? waitingKind(rule, deps, grouper, settled) : eagerKind(rule, grouper)))

/** Alternatives of a rule: those of its condition, or all of its rules. */
const termsOf = (rule: CorrelationRule): readonly TemporalTerm[] =>
  rule.terms ?? (rule.bounds.length > 0 ? [] : [{ wants: rule.rules.map((_, place) => place), lacks: [] }])

const eagerKind = (rule: CorrelationRule, grouper: Grouper): Kind => {
  const { timespan: span, bounds } = rule
  const terms = termsOf(rule)
  const ordered = rule.kind === 'temporal_ordered'
  const { least } = createThreshold(bounds)
  return {
    judge: (state, place, view, time, ref, _value, tracked) => {
      const steps = (state.extra ??= {
        latest: rule.rules.map(() => null),
        chains: terms.map((term) => term.wants.map(() => null)),
      }) as Steps
      state.extraBytes = 64 + rule.rules.length * 16 + terms.reduce((sum, term) => sum + term.wants.length * 48, 0)
      const starts = latestStarts(steps, terms, place, time, span, ordered, bounds.length > 0 ? least : undefined)
      if (starts === undefined) return 'none'
      const total = state.times.length - firstAfter(state, starts - 1)
      const crossing = () => ({ first: starts, ref, total, peak: 0, sample: eventSample(view.event()) })
      return outcomeOf(grouper.cross(state, crossing, 0, tracked))
    },
  }
}

const waitingKind = (rule: CorrelationRule, { limits }: CorrelatorDeps, grouper: Grouper, settled: TellSettled): Kind => {
  const { timespan: span } = rule
  const terms = termsOf(rule)
  const { holds } = createThreshold(rule.bounds)
  const ordered = rule.kind === 'temporal_ordered'
  const waiting = createWaiting(
    {
      span,
      lateness: limits.lateness,
      patience: rule.late > 0 ? limits.lateness : 0,
      settle: (state, open) => {
        const matches = (state.extra ?? []) as Match[]
        const found = findWindow(matches, open.at, span, terms, rule.bounds.length > 0 ? holds : undefined, ordered)
        if (found !== undefined) {
          const crossing = () => ({ first: open.at, ref: open.ref, total: found, peak: 0, sample: '' })
          const isNew = grouper.cross(state, crossing, 0, state.addresses.length > 0)
          settled(state, open.at + span, open.ref, isNew)
        }
        // the next window begins at the next match, or behind the one that held; a number of rules is asked of each match once
        const past = found === undefined && rule.bounds.length === 0 ? open.at + 1 : open.at + span
        const next = matches.find(([time]) => time >= past)
        const kept = matches.filter(([time]) => time > Math.min(next?.[0] ?? Number.POSITIVE_INFINITY, state.latest) - span)
        state.extra = kept
        state.extraBytes = kept.length * 64
        if (next !== undefined) waiting.enter(state, next[0], next[2])
      },
    },
    grouper,
  )
  return {
    waiting,
    judge: (state, place, _view, time, ref) => {
      const matches = (state.extra ??= []) as Match[]
      noteMatch(matches, [time, place, ref])
      state.extraBytes = matches.length * 64
      waiting.enter(state, time, ref)
      // an event that is a little late begins the window that it would have begun
      waiting.beginAt(state, time, ref)
      return 'none'
    },
  }
}
