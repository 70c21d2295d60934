import type { Alert } from '@parapet/core'
import { addTarget, hasGrown, openBurst, type Crossing } from './burst.js'
import type { Ref } from './count-buckets.js'
import type { Burst, GroupState, SavedGroup } from './group-state.js'
import { createGroupState } from './group-state.js'
import { createGroupTable } from './group-table.js'
import { addRecent, dropBefore } from './recent.js'
import type { EngineLimits } from './limits.js'

/** What the engine says: a new alert, or an alert that grew or came to its end. */
export type EngineAlert = { readonly kind: 'fired' | 'updated'; readonly alert: Alert }

/** What the groups of all rules of an engine share. */
export type GrouperDeps = {
  readonly limits: EngineLimits
  emit: (kind: EngineAlert['kind'], alert: Alert) => void
  /** the next number of the engine's order */
  nextOrder: () => number
  /** groups of this rule were dropped before their time */
  evicted: (ruleId: string, count: number) => void
  late: () => void
}

/** What differs from rule to rule. */
export type GrouperOptions = {
  readonly ruleId: string
  readonly span: number
  /** makes the alert of a burst */
  alert: (state: GroupState, burst: Burst) => Alert
  /** a group was dropped */
  forgotten?: (state: GroupState) => void
}

/** The groups of one rule, with their bursts: fires once when the line is crossed, tells growth and end, re-arms after a quiet timespan. */
export type Grouper = {
  /** the group, ready for an event at `time`; `undefined` when the event is too late for it */
  enter: (key: string, values: readonly string[], time: number) => GroupState | undefined
  peek: (key: string) => GroupState | undefined
  /** counts the event; `address` is noted when alerts list addresses, '' when the event has none */
  add: (state: GroupState, time: number, ref: Ref, address: string | undefined) => void
  /** the line is crossed at this event */
  cross: (state: GroupState, crossing: () => Crossing, peak: number, tracked: boolean) => boolean
  /** done with the group for this event; `clock` is the engine's time */
  leave: (state: GroupState, clock: number) => void
  /** tells the end of bursts that are over at `clock` */
  tick: (clock: number) => void
  /** tells the end of all bursts */
  flush: () => void
  readonly size: () => number
  states: () => Iterable<GroupState>
  /** notes that a group changed outside of {@link Grouper.leave} */
  mark: (state: GroupState) => void
  takeDirty: () => { key: string; state: SavedGroup | null }[]
  track: () => void
  restore: (saved: SavedGroup) => GroupState | undefined
  restored: () => void
}

/** Builds the groups of one rule. */
export const createGrouper = (options: GrouperOptions, deps: GrouperDeps): Grouper => {
  const { limits } = deps
  const { span } = options
  /** groups in a burst, the one whose line was crossed longest ago first */
  const hot = new Map<string, GroupState>()
  const table = createGroupTable({ groups: limits.groups, bytes: limits.bytes }, (state) => {
    hot.delete(state.key)
    options.forgotten?.(state)
  })

  const tell = (kind: EngineAlert['kind'], state: GroupState, burst: Burst): void => {
    burst.toldTotal = burst.total
    burst.toldSize = Math.max(burst.total, burst.peak)
    deps.emit(kind, options.alert(state, burst))
  }
  const tellEnd = (state: GroupState): void => {
    const { burst } = state
    hot.delete(state.key)
    if (burst === undefined || burst.closed) return
    burst.closed = true
    if (burst.total !== burst.toldTotal) tell('updated', state, burst)
    table.mark(state)
  }

  return {
    peek: table.get,
    enter: (key, values, time) => {
      const state = table.get(key) ?? createGroupState(key, values)
      if (time < state.latest - limits.lateness) {
        deps.late()
        return undefined
      }
      if (time > state.latest) state.latest = time
      if (state.burst !== undefined && state.latest - state.burst.hot > span) {
        tellEnd(state)
        state.burst = undefined
      }
      if (state.burst === undefined) dropBefore(state, state.latest - span)
      return state
    },
    add: (state, time, ref, address) => {
      addRecent(state, time, ref, address)
      const { burst } = state
      if (burst === undefined) return
      burst.total++
      burst.last = state.latest
      if (address !== undefined) addTarget(burst, address)
    },
    cross: (state, crossing, peak, tracked) => {
      const { burst } = state
      if (burst === undefined) {
        const opened = openBurst(options.ruleId, state, crossing(), tracked)
        state.burst = opened
        opened.order = deps.nextOrder()
        hot.set(state.key, state)
        tell('fired', state, opened)
        return true
      }
      burst.hot = state.latest
      burst.order = deps.nextOrder()
      burst.closed = false
      if (peak > burst.peak) burst.peak = peak
      hot.delete(state.key)
      hot.set(state.key, state)
      if (hasGrown(burst)) tell('updated', state, burst)
      return false
    },
    leave: (state, clock) => {
      table.touch(state, deps.nextOrder())
      const evicted = table.trim(clock - span - limits.skew)
      if (evicted > 0) deps.evicted(options.ruleId, evicted)
    },
    tick: (clock) => {
      for (const state of hot.values()) {
        if (state.burst !== undefined && state.burst.hot + span + limits.lateness >= clock) break
        tellEnd(state)
      }
    },
    flush: () => {
      for (const state of hot.values()) tellEnd(state)
    },
    size: table.size,
    states: table.states,
    mark: table.mark,
    takeDirty: table.takeDirty,
    track: table.track,
    restore: (saved) => {
      table.restore(saved)
      return table.get(saved.k)
    },
    restored: () => {
      hot.clear()
      const open = [...table.states()].filter((state) => state.burst !== undefined && !state.burst.closed)
      for (const state of open.toSorted((a, b) => (a.burst?.order ?? 0) - (b.burst?.order ?? 0))) hot.set(state.key, state)
    },
  }
}
