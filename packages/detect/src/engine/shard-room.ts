import type { GroupState } from './group-state.js'
import type { GroupTable } from './group-table.js'

/** What the groups of all rules in one part take together, and the order in which they were touched. */
export type ShardRoom = {
  readonly shard: number
  groups: number
  /** as `weigh` estimates them */
  bytes: number
  /** the newest number of the part's order */
  order: number
  /** every table that has held a group, with the place of its rule */
  readonly tables: {
    readonly rank: number
    readonly ruleId: string
    readonly table: GroupTable
    /** a group that still counted: its window is not over */
    readonly isEarly: (state: GroupState) => boolean
  }[]
}

/** An empty part. */
export const createShardRoom = (shard: number): ShardRoom => ({ shard, groups: 0, bytes: 0, order: 0, tables: [] })

/**
 * Drops groups down to 15/16 of the bounds: from the rule that takes most, the group that was touched longest ago first, so that a flood of one
 * kind costs the memory of that kind; rules with a handful of groups come last. `keep` is at work and stays. Returns how many went that still counted, and of which rule first.
 */
export const makeRoom = (
  room: ShardRoom,
  bounds: { readonly groups: number; readonly bytes: number },
  keep: GroupState,
): { count: number; ruleId: string } => {
  const told = { count: 0, ruleId: '' }
  if (room.groups <= bounds.groups && room.bytes <= bounds.bytes) return told
  const groups = Math.floor(bounds.groups * (15 / 16))
  const bytes = bounds.bytes * (15 / 16)
  const isOver = (): boolean => room.groups > groups || room.bytes > bytes
  const tables = room.tables.filter(({ table }) => table.bytes() > 0)
  while (isOver() && tables.length > 0) {
    let at = 0
    for (let i = 1; i < tables.length; i++) if (isHeavier(tables[i] as Entry, tables[at] as Entry)) at = i
    const { table, ruleId, isEarly } = tables[at] as Entry
    const enough = table.bytes() * (7 / 8)
    let dropped = 0
    while (isOver() && table.bytes() > enough) {
      const state = table.dropOldest(keep)
      if (state === undefined) break
      dropped++
      if (!isEarly(state)) continue
      if (told.count++ === 0) told.ruleId = ruleId
    }
    if (dropped === 0) tables.splice(at, 1)
  }
  return told
}

type Entry = ShardRoom['tables'][number]

/** A rule with fewer groups than this is not what floods: its few may be large because they watch over everybody. */
const FEW = 8

const isHeavier = (a: Entry, b: Entry): boolean => {
  const [few, fewToo] = [a.table.size() < FEW, b.table.size() < FEW]
  if (few !== fewToo) return fewToo
  return a.table.bytes() > b.table.bytes() || (a.table.bytes() === b.table.bytes() && a.rank < b.rank)
}
