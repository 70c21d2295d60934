import { ASSESSMENT_FIELD } from '@parapet/core'
import type { CorrelationRule } from '../sigma/rule.js'
import { alertRule, createRuleGroups, scopeOf, type Correlator, type CorrelatorDeps } from './correlator.js'
import type { Ref } from './count-buckets.js'
import type { EventView } from './event-view.js'
import type { Burst, GroupState } from './group-state.js'
import { eventSample } from './sentence.js'

/** One event as an alert of a baseline names it; `address` is '' when it is not to be listed. */
export type Witness = { readonly time: number; readonly ref: Ref; readonly address: string }

/** What differs between kinds of rules that compare with what was usual. `T` is what is read of an event. */
export type BaselineKind<T> = {
  /** how long a group that is not seen is remembered, ms */
  readonly keep: number
  /** `undefined` for an event that says nothing to this rule */
  readonly read: (view: EventView, time: number, ref: Ref, address: string) => T | undefined
  /**
   * judges and learns (`state.extra`, unless the event is `unreal`: part of an assessment, from which nothing is learned). Gives the events to tell
   * of, oldest first, the judged one last; `undefined` when all is as usual, and `same` when nothing was learned either
   */
  readonly judge: (
    state: GroupState,
    read: T,
    time: number,
    ref: Ref,
    address: string,
    unreal: boolean,
  ) => readonly Witness[] | 'same' | undefined
  readonly why: (state: GroupState, burst: Burst) => string
}

/**
 * Puts a rule to work that compares events with what is usual for their group. One alert per group, which grows with every further event that is not usual
 * and re-arms after the rule's timespan. Usual events leave no trace but in the baseline, so that a user costs some hundred bytes.
 */
export const createBaselineCorrelator = <T>(rule: CorrelationRule, deps: CorrelatorDeps, kind: BaselineKind<T>): Correlator => {
  const names = rule.groupBy.map((field) => field.name)
  const keyers = rule.rules.map((_, place) => deps.keyerFor(rule.groupBy.map((field) => field.fields[place] ?? field.name)))
  const assessed = deps.table.slot(ASSESSMENT_FIELD)
  const grouper = createRuleGroups(
    {
      rule,
      span: rule.timespan,
      keep: kind.keep,
      timeless: true,
      alert: (state, burst) => ({
        id: burst.id,
        rule: alertRule(rule),
        group: Object.fromEntries(names.map((name, i) => [name, state.values[i] ?? ''])),
        scope: scopeOf(names, state.values),
        first: burst.first,
        last: burst.last,
        count: burst.total,
        targets: [...(burst.targets?.keys() ?? [])],
        events: [...state.refs],
        why: kind.why(state, burst),
      }),
    },
    deps,
  )
  return {
    rule,
    grouper,
    add: (place, view, time, ref) => {
      const group = keyers[place]?.(view)
      if (group === undefined) return 'none'
      const address = deps.addressIn(view)
      const read = kind.read(view, time, ref, address)
      if (read === undefined) return 'none'
      const state = grouper.enter(group, view, time)
      if (state === undefined) return 'none'
      const told = kind.judge(state, read, time, ref, address, view.raw(assessed) !== undefined)
      if (told === 'same') return 'none'
      let isNew = false
      if (told !== undefined) {
        // an alert that is open names the earlier ones already
        const fresh = state.burst === undefined ? told : told.slice(-1)
        for (const witness of fresh) grouper.add(state, witness.time, witness.ref, witness.address)
        const first = told[0] ?? { time, ref }
        const sample = eventSample(view.event())
        isNew = grouper.cross(state, () => ({ first: first.time, ref: first.ref, total: told.length, peak: 0, sample }), 0, true)
      }
      grouper.leave(state)
      return told === undefined ? 'none' : isNew ? 'fired' : 'holds'
    },
    clear: () => {},
    tick: grouper.tick,
    isQuiet: grouper.isQuiet,
    flush: grouper.flush,
    restored: grouper.restored,
  }
}
