import { loadGroup, saveGroup, weigh, type GroupState, type SavedGroup } from './group-state.js'
import { createShardedMap } from './sharded-map.js'

/** The groups of one rule: bounded, forgotten when long quiet, evicted oldest touch first when too many. */
export type GroupTable = {
  get: (key: string) => GroupState | undefined
  /** puts a group at the young end, weighs it and marks it changed */
  touch: (state: GroupState, order: number) => void
  /** marks a group changed, and weighs it, without making it younger */
  mark: (state: GroupState) => void
  /** drops groups whose newest event is before `limit`, then evicts down to the bounds; returns how many were evicted before their time */
  trim: (limit: number) => number
  readonly size: () => number
  readonly bytes: () => number
  readonly states: () => Iterable<GroupState>
  /** keys changed since the last call, with their state or `null` */
  takeDirty: () => { key: string; state: SavedGroup | null }[]
  /** starts noting changes */
  track: () => void
  restore: (saved: SavedGroup) => void
}

/** Bounds: groups, and bytes as {@link weigh} estimates them. `removed` is told of each group that is dropped. */
export const createGroupTable = (
  bounds: { groups: number; bytes: number },
  removed: (state: GroupState) => void = () => {},
): GroupTable => {
  const groups = createShardedMap<GroupState>()
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
    bytes -= state.weight
    state.weight = -1
    if (tracking) gone.add(state.key)
    removed(state)
  }
  const mark = (state: GroupState): void => {
    const weight = weigh(state)
    bytes += weight - state.weight
    state.weight = weight
    if (tracking && !state.dirty) {
      state.dirty = true
      changed.push(state)
    }
  }

  return {
    get: (key) => groups.get(key),
    touch: (state, order) => {
      if (state.touched === 0 && !groups.has(state.key)) groups.set(state.key, state)
      else unlink(state)
      append(state)
      state.touched = order
      mark(state)
    },
    mark,
    trim: (limit) => {
      for (let state = oldest; state !== undefined && state.latest < limit; state = oldest) remove(state)
      let evicted = 0
      // the youngest stays, however large: it is the one at work
      for (
        let state = oldest;
        state !== undefined && state !== youngest && (groups.size() > bounds.groups || bytes > bounds.bytes);
        state = oldest
      ) {
        remove(state)
        evicted++
      }
      return evicted
    },
    size: groups.size,
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
    restore: (saved) => {
      const state = loadGroup(saved)
      const before = groups.get(state.key)
      if (before !== undefined) remove(before)
      groups.set(state.key, state)
      append(state)
      state.weight = weigh(state)
      bytes += state.weight
      gone.delete(state.key)
    },
  }
}
