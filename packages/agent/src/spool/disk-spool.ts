import { existsSync, statfsSync } from 'node:fs'
import { join } from 'node:path'
import type { Spool, SpoolItem } from '@parapet/client'
import type { Clock } from '@parapet/core'
import { type LaneItem, openLane } from './lane.js'

/** Bounds of a {@link DiskSpool}. Bytes and ms. */
export type DiskSpoolBounds = { readonly maxBytes: number; readonly maxAgeMs: number }

/** A place in the spool: all that was pushed before it. */
export type SpoolMark = { readonly urgent: number; readonly ordinary: number }

/** A {@link Spool} on disk. Events of sign-ins, processes and changes wait apart from requests, go first and are dropped last. */
export type DiskSpool = Required<Omit<Spool, 'size' | 'bytes'>> & {
  readonly size: number
  readonly bytes: number
  /** Brings all that was pushed to the disk itself. Throws when the disk does not take it; nothing is lost from memory then. */
  sync: () => void
  /** drops what is older than the bound */
  expire: () => void
  mark: () => SpoolMark
  /** true when all before the mark is with the control plane, or lost and counted */
  isPast: (mark: SpoolMark) => boolean
  stats: () => {
    readonly events: number
    readonly bytes: number
    readonly oldestAt: number | null
    readonly dropped: number
    readonly damagedBytes: number
    /** why the disk took nothing at the last try */
    readonly stuck: string | null
  }
  close: () => void
}

const WRITE_FROM = 262_144
/** room that is left to the others on the disk, bytes */
const LEAVE = 16_777_216

/** Opens the spool in `folder`, with what an earlier run left there. */
export const openDiskSpool = (folder: string, bounds: DiskSpoolBounds, clock: Clock): DiskSpool => {
  let dropped = 0
  let damagedBytes = 0
  let stuck: string | null = null
  const segmentBytes = Math.max(16_384, Math.min(4_194_304, Math.floor(bounds.maxBytes / 16)))
  const open = (name: 'urgent' | 'ordinary') =>
    openLane({
      folder: join(folder, name),
      urgent: name === 'urgent',
      segmentBytes,
      clock,
      onDamage: (bytes) => {
        damagedBytes += bytes
      },
    })
  const urgent = open('urgent')
  const ordinary = open('ordinary')
  const lanes = [urgent, ordinary] as const
  const bytes = (): number => urgent.stats().bytes + ordinary.stats().bytes
  let held = bytes()

  const attempt = (act: () => void): void => {
    try {
      if (existsSync(folder)) {
        const { bavail, bsize } = statfsSync(folder)
        if (bavail * bsize < LEAVE) throw Object.assign(new Error('the disk is full'), { code: 'ENOSPC' })
      }
      act()
      stuck = null
    } catch (error) {
      stuck = error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
      throw error
    }
  }
  const writeSoftly = (): void => {
    try {
      attempt(() => {
        for (const lane of lanes) lane.write()
      })
    } catch {
      // said by `stuck`; what was pushed stays in memory, and whoever pushes has to wait
    }
  }
  const makeRoom = (): void => {
    held = bytes()
    while (held > bounds.maxBytes) {
      const lost = ordinary.dropOldest()
      const more = lost < 0 ? urgent.dropOldest() : lost
      if (more < 0) return
      dropped += more
      held = bytes()
    }
  }

  return {
    push: (item) => {
      const lane = item.urgent ? urgent : ordinary
      lane.push(item)
      held += item.json.length + item.id.length + 9
      if (lane.unwritten >= WRITE_FROM) writeSoftly()
      if (held > bounds.maxBytes) {
        writeSoftly()
        makeRoom()
      }
      return 0
    },
    take: (maxCount, maxBytes) => {
      if (urgent.unwritten + ordinary.unwritten > 0) writeSoftly()
      const taken: SpoolItem[] = []
      let total = 0
      for (const lane of lanes) {
        for (let next = lane.peek(); next !== undefined && taken.length < maxCount; next = lane.peek()) {
          if (taken.length > 0 && total + next.cost > maxBytes) return taken
          lane.shift()
          taken.push(next.item)
          total += next.cost
        }
      }
      return taken
    },
    settle: (items) => {
      for (const lane of lanes) {
        const last = items.findLast((item) => item.urgent === (lane === urgent)) as LaneItem | undefined
        if (last !== undefined) lane.settle(last.number)
      }
    },
    sync: () =>
      attempt(() => {
        for (const lane of lanes) lane.sync()
      }),
    expire: () => {
      for (const lane of lanes)
        for (let { oldestAt } = lane.stats(); oldestAt !== null && clock() - oldestAt > bounds.maxAgeMs; { oldestAt } = lane.stats()) {
          const lost = lane.dropOldest()
          if (lost < 0) break
          dropped += lost
        }
    },
    mark: () => ({ urgent: urgent.pushed, ordinary: ordinary.pushed }),
    isPast: (mark) => urgent.settled >= mark.urgent && ordinary.settled >= mark.ordinary,
    stats: () => {
      const [first, second] = [urgent.stats(), ordinary.stats()]
      const ages = [first.oldestAt, second.oldestAt].filter((at) => at !== null)
      return {
        events: first.records + second.records,
        bytes: first.bytes + second.bytes,
        oldestAt: ages.length === 0 ? null : Math.min(...ages),
        dropped,
        damagedBytes,
        stuck,
      }
    },
    get size() {
      return urgent.stats().records + ordinary.stats().records
    },
    get bytes() {
      return bytes()
    },
    close: () => {
      for (const lane of lanes) lane.close()
    },
  }
}
