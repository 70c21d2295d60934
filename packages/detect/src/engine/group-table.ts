import { loadGroup, saveGroup, weigh, type GroupState, type SavedGroup } from './group-state.js'
import type { ShardRoom } from './shard-room.js'

/** The groups of one rule in one part: forgotten when long quiet, dropped oldest touch first when the part has no room. */
export type GroupTable = {
  get: (key: string) => GroupState | undefined
  /** puts a group at the young end, weighs it and marks it changed */
  touch: (state: GroupState) => void
  /** marks a group changed, and weighs it, without making it younger */
  mark: (state: GroupState) => void
  /** drops groups that were last seen before `limit`, from the old end up to `keep`, which was seen now; what still waits for its time is kept as if seen now */
  forget: (limit: number, keep: GroupState) => void
  /** drops the group that was touched longest ago, and gives it; `undefined` when there is none but `keep` */
  dropOldest: (keep: GroupState) => GroupState | undefined
  readonly size: () => number
  readonly bytes: () => number
  readonly states: () => Iterable<GroupState>
  /** keys changed since the last call, with their state or `null` */
  takeDirty: () => { key: string; state: SavedGroup | null }[]
  /** starts noting changes */
  track: () => void
  restore: (saved: SavedGroup, shard: number) => void
}

/** A window that is looked at when its time is over, or an alert whose end was not told: by its own time, which may be hours ahead. */
const isWaiting = ({ open, burst }: GroupState): boolean => open !== undefined || burst?.closed === false

/** Builds a table in the room of its part. `removed` is told of each group that is dropped. */
export const createGroupTable = (
  room: Pick<ShardRoom, 'groups' | 'bytes' | 'order'>,
  removed: (state: GroupState) => void = () => {},
): GroupTable => {
  const groups = new Map<string, GroupState>()
  let oldest: GroupState | undefined
  let youngest: GroupState | undefined
  let bytes = 0
  let tracking = false
  let changed: GroupState[] = []
  let gone = new Set<string>()

  /** the group that was touched longest ago first */
  const states = function* (): Generator<GroupState, void, undefined> {
    for (let state = oldest; state !== undefined; state = state.next) yield state
  }
  const unlink = (state: GroupState): void => {
    if (state.previous === undefined) oldest = state.next
    else state.previous.next = state.next
    if (state.next === undefined) youngest = state.previous
    else state.next.previous = state.previous
    state.previous = undefined
    state.next = undefined
  }
  const append = (state: GroupState): void => {
    state.previous = youngest
    if (youngest === undefined) oldest = state
    else youngest.next = state
    youngest = state
  }
  const remove = (state: GroupState): void => {
    unlink(state)
    groups.delete(state.key)
    room.groups--
    weighed(-state.weight)
    state.weight = -1
    if (tracking) gone.add(state.key)
    removed(state)
  }
  const weighed = (more: number): void => {
    bytes += more
    room.bytes += more
  }
  const mark = (state: GroupState): void => {
    const weight = weigh(state)
    weighed(weight - state.weight)
    state.weight = weight
    if (tracking && !state.dirty) {
      state.dirty = true
      changed.push(state)
    }
  }
  const touch = (state: GroupState): void => {
    if (state.touched === 0) {
      groups.set(state.key, state)
      room.groups++
      append(state)
    } else if (state !== youngest) {
      unlink(state)
      append(state)
    }
    state.touched = ++room.order
    mark(state)
  }

  return {
    get: (key) => groups.get(key),
    touch,
    mark,
    forget: (limit, keep) => {
      for (let state = oldest; state !== undefined && state !== keep && state.seen < limit; state = oldest) {
        if (!isWaiting(state)) remove(state)
        else {
          state.seen = keep.seen
          touch(state)
        }
      }
    },
    dropOldest: (keep) => {
      const state = oldest === keep ? oldest.next : oldest
      if (state !== undefined) remove(state)
      return state
    },
    size: () => groups.size,
    bytes: () => bytes,
    states,
    track: () => {
      if (tracking) return
      tracking = true
      for (const state of states()) {
        state.dirty = true
        changed.push(state)
      }
    },
    takeDirty: () => {
      const out: { key: string; state: SavedGroup | null }[] = []
      for (const state of changed) {
        state.dirty = false
        if (state.weight >= 0) {
          gone.delete(state.key)
          out.push({ key: state.key, state: saveGroup(state) })
        }
      }
      for (const key of gone) if (!groups.has(key)) out.push({ key, state: null })
      changed = []
      gone = new Set()
      return out
    },
    restore: (saved, shard) => {
      const state = loadGroup(saved, shard)
      const before = groups.get(state.key)
      if (before !== undefined) remove(before)
      groups.set(state.key, state)
      room.groups++
      append(state)
      state.weight = weigh(state)
      weighed(state.weight)
      gone.delete(state.key)
    },
  }
}
