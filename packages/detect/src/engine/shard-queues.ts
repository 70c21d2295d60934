import { emptyParts } from './shards.js'
import type { GroupState } from './group-state.js'

/** Groups of one rule that wait for their time, by part, the one that was put last at the end. */
export type ShardQueues = {
  /** puts a group at the end of its part's queue */
  put: (state: GroupState) => void
  drop: (state: GroupState) => void
  /** hands out groups, part by part, from the front of each queue as long as they are over; `act` drops or keeps them */
  sweep: (isOver: (state: GroupState) => boolean, act: (state: GroupState) => void) => void
  isEmpty: () => boolean
  clear: () => void
}

/** Builds empty queues. Most rules have none at work at a time, so only parts with one are looked at. */
export const createShardQueues = (): ShardQueues => {
  const queues = emptyParts<Map<string, GroupState>>()
  /** the first of each queue where it is known: nearly every sweep ends there */
  const fronts = emptyParts<GroupState>()
  let busy: number[] = []
  const unfront = (state: GroupState): void => {
    if (fronts[state.shard]?.key === state.key) fronts[state.shard] = undefined
  }
  return {
    put: (state) => {
      const queue = (queues[state.shard] ??= new Map())
      if (queue.size === 0) busy = [...busy, state.shard].toSorted((a, b) => a - b)
      else if (queue.delete(state.key)) unfront(state)
      queue.set(state.key, state)
    },
    drop: (state) => {
      const queue = queues[state.shard]
      unfront(state)
      if (queue?.delete(state.key) === true && queue.size === 0) busy = busy.filter((shard) => shard !== state.shard)
    },
    sweep: (isOver, act) => {
      for (const shard of busy) {
        const front = (fronts[shard] ??= queues[shard]?.values().next().value)
        if (front === undefined || !isOver(front)) continue
        for (const state of queues[shard]?.values() ?? []) {
          if (!isOver(state)) break
          act(state)
        }
      }
    },
    isEmpty: () => busy.length === 0,
    clear: () => {
      queues.fill(undefined)
      fronts.fill(undefined)
      busy = []
    },
  }
}
