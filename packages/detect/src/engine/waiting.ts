import type { Ref } from './count-buckets.js'
import type { GroupState } from './group-state.js'
import type { ClockOf, Grouper } from './grouper.js'
import { createShardQueues } from './shard-queues.js'

/** Windows that are looked at once, when the time that their first event opened is over. */
export type Waiting = {
  /** opens the group's window at its first event; true when it did so now, after the one before was settled */
  enter: (state: GroupState, time: number, ref: Ref) => boolean
  /** settles what is over */
  tick: (clockOf: ClockOf) => void
  drop: (state: GroupState) => void
  isEmpty: () => boolean
  restored: () => void
}

/** The window that is over. */
export type OpenWindow = NonNullable<GroupState['open']>

/**
 * Keeps the windows of one rule. A window is over when its group, or the watermark of its part, has come past its end (by `patience`, where matches are told late); `settle` is told
 * with the group no longer open.
 */
export const createWaiting = (
  options: {
    readonly span: number
    readonly lateness: number
    readonly patience?: number
    readonly settle: (state: GroupState, open: OpenWindow) => void
  },
  grouper: Grouper,
): Waiting => {
  const { span, lateness, patience = 0 } = options
  /** the one that opened first in front */
  const queues = createShardQueues()
  const settle = (state: GroupState): void => {
    const { open } = state
    queues.drop(state)
    if (open === undefined) return
    state.open = undefined
    options.settle(state, open)
    grouper.mark(state)
  }
  return {
    enter: (state, time, ref) => {
      if (state.open !== undefined && state.latest >= state.open.at + span + patience) settle(state)
      if (state.open !== undefined) return false
      state.open = { at: time, ref, count: 0, order: grouper.nextOrder(state) }
      queues.put(state)
      return true
    },
    tick: (clockOf) => queues.sweep((state) => (state.open?.at ?? 0) + span + lateness < clockOf(state.shard), settle),
    drop: queues.drop,
    isEmpty: queues.isEmpty,
    restored: () => {
      queues.clear()
      const open = [...grouper.states()].filter((state) => state.open !== undefined)
      for (const state of open.toSorted((a, b) => (a.open?.order ?? 0) - (b.open?.order ?? 0))) queues.put(state)
    },
  }
}
