import type { Ref } from './count-buckets.js'
import type { GroupState } from './group-state.js'
import type { Grouper } from './grouper.js'
import type { Watermarks } from './shard-clocks.js'
import { createShardQueues, createTicket } from './shard-queues.js'

/** Windows that are looked at once, when the time that their first event opened is over. */
export type Waiting = {
  /** opens the group's window at its first event; true when it did so now, after the one before was settled */
  enter: (state: GroupState, time: number, ref: Ref) => boolean
  /** the open window begins at an event that came a little late, if it is older */
  beginAt: (state: GroupState, time: number, ref: Ref) => void
  /** settles what is over */
  tick: (marks: Watermarks) => void
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
  const queues = createShardQueues(({ open }) => (open?.at ?? 0) + span + lateness)
  const settle = (state: GroupState): void => {
    const { open } = state
    queues.drop(open?.ticket)
    if (open === undefined) return
    state.open = undefined
    options.settle(state, open)
    grouper.mark(state)
  }
  return {
    enter: (state, time, ref) => {
      if (state.open !== undefined && state.latest >= state.open.at + span + patience) settle(state)
      if (state.open !== undefined) return false
      state.open = { at: time, ref, count: 0, order: grouper.nextOrder(state), ticket: createTicket(state) }
      queues.put(state.open.ticket)
      return true
    },
    beginAt: (state, time, ref) => {
      if (state.open === undefined || time >= state.open.at) return
      state.open = { ...state.open, at: time, ref }
      queues.hasten(state.open.ticket)
    },
    tick: (marks) => queues.sweep(marks, settle),
    drop: ({ open }) => queues.drop(open?.ticket),
    isEmpty: queues.isEmpty,
    restored: () => {
      queues.clear()
      const windows = Array.from(grouper.states(), ({ open }) => open).filter((open) => open !== undefined)
      for (const { ticket } of windows.toSorted((a, b) => a.order - b.order)) queues.put(ticket)
    },
  }
}
