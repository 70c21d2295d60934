import type { Alert } from '@parapet/core'
import { addTarget, dropTail, hasGrown, openBurst, type Crossing } from './burst.js'
import type { Ref } from './count-buckets.js'
import type { EventView } from './event-view.js'
import type { Group } from './group-key.js'
import type { Burst, GroupState, SavedGroup } from './group-state.js'
import { createGroupState, startAfresh } from './group-state.js'
import { createGroupTable, type GroupTable } from './group-table.js'
import { addRecent, dropBefore } from './recent.js'
import type { EngineLimits } from './limits.js'
import { STRIDE, type ShardClock } from './shard-clock.js'
import { THE_END, type Watermarks } from './shard-clocks.js'
import { createShardQueues } from './shard-queues.js'
import { makeRoom, type ShardRoom } from './shard-room.js'
import { emptyParts, type Place } from './shards.js'

/** What the engine says: a new alert, or an alert that grew or came to its end, and the part that it belongs to. */
export type EngineAlert = { readonly kind: 'fired' | 'updated'; readonly alert: Alert; readonly shard: number }

/** What the groups of all rules of an engine share. */
export type GrouperDeps = {
  readonly limits: EngineLimits
  emit: (kind: EngineAlert['kind'], alert: Alert, shard: number) => void
  /** the parts that this engine keeps; `undefined` for the others */
  readonly rooms: readonly (ShardRoom | undefined)[]
  clockOf: (shard: number) => ShardClock
  /** groups were dropped before their time, of this rule first */
  evicted: (shard: number, ruleId: string, count: number) => void
  late: () => void
}

/** What differs from rule to rule. */
export type GrouperOptions = {
  readonly ruleId: string
  /** the rule's place in the program */
  readonly rank: number
  readonly span: number
  /** how long a quiet group is kept, ms; `span` when left out */
  readonly keep?: number
  /**
   * its groups live for months: events that are late or days away from the others are taken as they are, neither dropped nor counted among themselves,
   * since a baseline does not depend on their order
   */
  readonly timeless?: boolean
  /** where its groups live */
  readonly place: Place
  /** what it finds is told; otherwise only the rules that build on it learn of it */
  readonly alerts: boolean
  /** makes the alert of a burst */
  alert: (state: GroupState, burst: Burst) => Alert
  /** a group was dropped */
  forgotten?: (state: GroupState) => void
}

/** The groups of one rule, with their bursts: fires once when the line is crossed, tells growth and end, re-arms after a quiet timespan. */
export type Grouper = {
  /** the group, ready for an event at `time`; `undefined` when the event is too late for it, or its part is not kept here */
  enter: (group: Group, view: EventView, time: number) => GroupState | undefined
  /** the same for a group whose part is known */
  enterAt: (shard: number, key: string, values: readonly string[], time: number) => GroupState | undefined
  /** the group of the event in view, if there is one */
  peek: (group: Group, view: EventView) => GroupState | undefined
  /** counts the event; `address` is noted when alerts list addresses, '' when the event has none */
  add: (state: GroupState, time: number, ref: Ref, address: string | undefined) => void
  /** the line is crossed at this event */
  cross: (state: GroupState, crossing: () => Crossing, peak: number, tracked: boolean) => boolean
  /** done with the group for this event */
  leave: (state: GroupState) => void
  /** the next number of the part's order */
  nextOrder: (state: GroupState) => number
  /** tells the end of bursts that are over */
  tick: (marks: Watermarks) => void
  /** true when no burst goes on */
  isQuiet: () => boolean
  /** tells the end of all bursts */
  flush: () => void
  readonly size: () => number
  states: () => Iterable<GroupState>
  /** an address was taken out of its burst: told with what comes next, or at once when its end was told already */
  retracted: (state: GroupState) => void
  /** notes that a group changed outside of {@link Grouper.leave} */
  mark: (state: GroupState) => void
  takeDirty: () => { shard: number; key: string; state: SavedGroup | null }[]
  track: () => void
  restore: (saved: SavedGroup, shard: number) => void
  restored: () => void
}

/** Ends the keys of groups on the second line of time; no field's text holds it. */
const ASIDE = `${String.fromCharCode(31)}~`

/** Builds the groups of one rule. */
export const createGrouper = (options: GrouperOptions, deps: GrouperDeps): Grouper => {
  const { limits, rooms } = deps
  const { span, keep = span, place, timeless = false } = options
  /** groups in a burst, the one whose line was crossed longest ago first */
  const hot = createShardQueues(({ burst }) => (burst?.hot ?? Number.NEGATIVE_INFINITY) + span + limits.lateness)
  const tables = emptyParts<GroupTable>()
  const live: { readonly shard: number; readonly table: GroupTable }[] = []
  let tracking = false

  const openTable = (shard: number, room: ShardRoom): GroupTable => {
    const table = createGroupTable(room, (state) => {
      hot.drop(state.burst?.ticket)
      options.forgotten?.(state)
    })
    if (tracking) table.track()
    tables[shard] = table
    live.push({ shard, table })
    const isEarly = (state: GroupState): boolean => state.seen + keep + limits.lateness >= ageOf(shard)
    room.tables.push({ rank: options.rank, ruleId: options.ruleId, table, isEarly })
    return table
  }
  /** what is kept for months goes by the watermark: it moves on over nights without an event */
  const ageOf = (shard: number): number => (timeless ? deps.clockOf(shard).at() : deps.clockOf(shard).elapsed())
  /** so much longer than its time is a quiet group kept, since clocks may be wrong */
  const grace = timeless ? limits.skew : limits.lateness + STRIDE
  const tableOf = (state: GroupState): GroupTable => tables[state.shard] ?? openTable(state.shard, rooms[state.shard] as ShardRoom)
  const keyAt = (shard: number, key: string, time: number): string => (timeless || deps.clockOf(shard).line(time) === 0 ? key : key + ASIDE)

  const tell = (kind: EngineAlert['kind'], state: GroupState, burst: Burst): void => {
    burst.toldTotal = burst.total
    burst.toldSize = Math.max(burst.total, burst.peak)
    if (options.alerts) deps.emit(kind, options.alert(state, burst), state.shard)
  }
  const tellEnd = (state: GroupState): void => {
    const { burst } = state
    hot.drop(state.burst?.ticket)
    if (burst === undefined || burst.closed) return
    burst.closed = true
    dropTail(state, burst)
    if (burst.total !== burst.toldTotal) tell('updated', state, burst)
    tableOf(state).mark(state)
  }
  const enterAt: Grouper['enterAt'] = (shard, given, values, time) => {
    if (rooms[shard] === undefined) return undefined
    const key = keyAt(shard, given, time)
    const state = tables[shard]?.get(key) ?? createGroupState(key, values, shard)
    if (!timeless && time < state.latest - limits.lateness) {
      if (!deps.clockOf(shard).isAstray(state.latest, time)) {
        deps.late()
        return undefined
      }
      // all that it counted is in a time that has not come
      tellEnd(state)
      options.forgotten?.(state)
      startAfresh(state)
    }
    if (timeless || time > state.latest) state.latest = time
    if (state.burst !== undefined && Math.abs(state.latest - state.burst.hot) > span) {
      tellEnd(state)
      state.burst = undefined
    }
    if (state.burst === undefined) dropBefore(state, state.latest - span)
    return state
  }
  const nextOrder = ({ shard }: GroupState): number => ++(rooms[shard] as ShardRoom).order

  return {
    enter: (group, view, time) => enterAt(place(group, view), group.key, group.values, time),
    enterAt,
    nextOrder,
    peek: (group, view) => {
      const shard = place(group, view)
      return tables[shard]?.get(keyAt(shard, group.key, view.event()['@timestamp']))
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
        const opened = openBurst(options.alerts ? options.ruleId : undefined, state, crossing(), tracked)
        state.burst = opened
        opened.order = nextOrder(state)
        hot.put(opened.ticket)
        tell('fired', state, opened)
        return true
      }
      burst.hot = state.latest
      burst.order = nextOrder(state)
      burst.closed = false
      if (peak > burst.peak) burst.peak = peak
      hot.put(burst.ticket)
      if (hasGrown(burst)) tell('updated', state, burst)
      return false
    },
    leave: (state) => {
      const { shard } = state
      const table = tableOf(state)
      state.seen = ageOf(shard)
      table.touch(state)
      table.forget(state.seen - keep - grace, state)
      const { count, ruleId } = makeRoom(rooms[shard] as ShardRoom, limits, state)
      if (count > 0) deps.evicted(shard, ruleId, count)
    },
    tick: (marks) => hot.sweep(marks, tellEnd),
    isQuiet: hot.isEmpty,
    flush: () => hot.sweep(THE_END, tellEnd),
    size: () => live.reduce((sum, { table }) => sum + table.size(), 0),
    states: function* () {
      for (const { table } of live) yield* table.states()
    },
    retracted: (state) => {
      const { burst } = state
      if (burst === undefined) return
      if (burst.closed) tell('updated', state, burst)
      else burst.toldTotal--
    },
    mark: (state) => tableOf(state).mark(state),
    takeDirty: () => live.flatMap(({ shard, table }) => table.takeDirty().map(({ key, state }) => ({ shard, key, state }))),
    track: () => {
      tracking = true
      for (const { table } of live) table.track()
    },
    restore: (saved, shard) => {
      const room = rooms[shard]
      if (room === undefined) return
      room.order = Math.max(room.order, saved.n, saved.x?.order ?? 0, saved.o?.order ?? 0)
      const table = tables[shard] ?? openTable(shard, room)
      table.restore(saved, shard)
    },
    restored: () => {
      hot.clear()
      const bursts = live.flatMap(({ table }) => Array.from(table.states(), ({ burst }) => burst))
      const open = bursts.flatMap((burst) => (burst?.closed === false ? [burst] : []))
      for (const { ticket } of open.toSorted((a, b) => a.order - b.order)) hot.put(ticket)
    },
  }
}
