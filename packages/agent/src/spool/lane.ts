import {
  closeSync,
  fdatasyncSync,
  ftruncateSync,
  mkdirSync,
  openSync,
  readdirSync,
  readFileSync,
  readSync,
  statSync,
  unlinkSync,
} from 'node:fs'
import { join } from 'node:path'
import type { SpoolItem } from '@parapet/client'
import type { Clock } from '@parapet/core'
import { readIfThere, replaceFile, syncFolder, writeAll } from '../files/durable.js'
import { decodePayload, encodeRecord, readRecord } from './records.js'

/** What a lane tells about itself. Counts are records. */
export type LaneStats = { readonly records: number; readonly bytes: number; readonly oldestAt: number | null }

/** A record that was taken out, with its number in this process. */
export type LaneItem = SpoolItem & { readonly number: number }

/** Records on disk, first in, first out, in segments that are dropped as a whole. Nothing here throws but on a disk that cannot be written. */
export type Lane = {
  /** into the buffer; {@link Lane.write} brings it to the file */
  push: (item: SpoolItem) => void
  /** hands the buffer to the kernel. Throws when the disk does not take it; the buffer is kept then */
  write: () => void
  /** everything written survives from here on, and what is settled is not read again */
  sync: () => void
  peek: () => { readonly item: LaneItem; readonly cost: number } | undefined
  /** takes out what {@link Lane.peek} showed */
  shift: () => void
  /** this record and all before it are done with */
  settle: (number: number) => void
  /** forgets the oldest segment that is not written to any more; how many records that loses, -1 when there is none */
  dropOldest: () => number
  /** the number that the next record gets, and how many are settled or lost: a record is gone when its number is below the second */
  readonly pushed: number
  readonly settled: number
  /** bytes that wait for {@link Lane.write} */
  readonly unwritten: number
  stats: () => LaneStats
  close: () => void
}

type Segment = { readonly number: number; bytes: number; records: number; readonly at: number }

const WINDOW = 1_048_576
const nameOf = (number: number): string => `${String(number).padStart(10, '0')}.seg`
const NAME = /^(\d{10})\.seg$/

/** Opens a lane in its folder and takes up what is there; `onDamage` hears of records that were lost on the way (a torn tail is none). */
export const openLane = (options: {
  readonly folder: string
  readonly urgent: boolean
  readonly segmentBytes: number
  readonly clock: Clock
  readonly onDamage: (bytes: number) => void
}): Lane => {
  const { folder, urgent, clock } = options
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const path = (number: number): string => join(folder, nameOf(number))
  const cursorPath = join(folder, 'cursor')
  const [cursorSegment = 0, cursorRecords = 0] = (readIfThere(cursorPath) ?? '').split(' ').map(Number)

  const segments: Segment[] = []
  /** records of the first segment that were settled before */
  let skip = 0
  const numbers = readdirSync(folder)
    .flatMap((name) => NAME.exec(name)?.[1] ?? [])
    .map(Number)
    .toSorted((a, b) => a - b)
  for (const number of numbers) {
    if (number < cursorSegment) {
      unlinkSync(path(number))
      continue
    }
    const bytes = readFileSync(path(number))
    let at = 0
    let records = 0
    for (let found = readRecord(bytes, 0); found !== undefined; found = readRecord(bytes, at)) {
      at = found.next
      records++
    }
    if (at < bytes.length) {
      // the tail that a crash tore was never acknowledged; anything before the last segment was
      if (number !== numbers.at(-1)) options.onDamage(bytes.length - at)
      const fd = openSync(path(number), 'r+')
      ftruncateSync(fd, at)
      closeSync(fd)
    }
    if (records === 0) {
      unlinkSync(path(number))
      continue
    }
    if (number === cursorSegment) skip = Math.min(cursorRecords, records)
    segments.push({ number, bytes: at, records, at: statSync(path(number)).mtimeMs })
  }

  let nextNumber = Math.max(cursorSegment, numbers.at(-1) ?? 0) + 1
  let pending: Buffer[] = []
  let pendingBytes = 0
  let out: { readonly fd: number; readonly segment: Segment; dirty: boolean } | undefined
  let input: { readonly fd: number; readonly number: number } | undefined
  let pushed = segments.reduce((sum, segment) => sum + segment.records, 0)
  /** the number of the first record of the first segment */
  let base = 0
  let settled = skip
  let cursorDirty = false
  // where reading stands: a segment by its place in `segments`, an offset in it, the number of the next record
  let readIndex = 0
  let readOffset = 0
  let taken = 0
  let window: Buffer = Buffer.alloc(0)
  let windowAt = 0
  let shown: { readonly item: LaneItem; readonly cost: number; readonly next: number } | undefined

  const closeInput = (): void => {
    if (input !== undefined) closeSync(input.fd)
    input = undefined
    window = Buffer.alloc(0)
    windowAt = 0
  }

  const startSegment = (): void => {
    const segment = { number: nextNumber++, bytes: 0, records: 0, at: clock() }
    if (out !== undefined) {
      if (out.dirty) fdatasyncSync(out.fd)
      closeSync(out.fd)
    }
    out = undefined
    out = { fd: openSync(path(segment.number), 'wx+', 0o600), segment, dirty: false }
    segments.push(segment)
    syncFolder(folder)
  }

  const write = (): void => {
    if (pending.length === 0) return
    if (out === undefined || out.segment.bytes >= options.segmentBytes) startSegment()
    const to = out
    if (to === undefined) return
    try {
      writeAll(to.fd, Buffer.concat(pending), to.segment.bytes)
    } catch (error) {
      // half a record must not stand before the whole one that comes when there is room again
      ftruncateSync(to.fd, to.segment.bytes)
      throw error
    }
    to.dirty = true
    to.segment.bytes += pendingBytes
    to.segment.records += pending.length
    pending = []
    pendingBytes = 0
  }

  /** Removes segments that are settled as a whole, but not the one that is written to. */
  const sweep = (): void => {
    for (let first = segments[0]; first !== undefined && first !== out?.segment; first = segments[0]) {
      if (settled < base + first.records) return
      forgetFirst(first)
    }
  }
  const forgetFirst = (first: Segment): void => {
    if (input?.number === first.number) closeInput()
    segments.shift()
    base += first.records
    if (readIndex > 0) readIndex--
    else {
      readOffset = 0
      shown = undefined
      window = Buffer.alloc(0)
    }
    unlinkSync(path(first.number))
    cursorDirty = true
  }

  const readAt = (segment: Segment, at: number): ReturnType<typeof readRecord> => {
    if (input?.number !== segment.number) {
      closeInput()
      input = { fd: openSync(path(segment.number), 'r'), number: segment.number }
    }
    const inside = at < windowAt ? undefined : readRecord(window, at - windowAt)
    if (inside !== undefined) return inside
    const size = Math.min(WINDOW, segment.bytes - at)
    window = Buffer.allocUnsafe(size)
    windowAt = at
    let got = 0
    for (let n = 1; got < size && n > 0; got += n) n = readSync(input.fd, window, got, size - got, at + got)
    window = window.subarray(0, got)
    return readRecord(window, 0)
  }

  const peek = (): typeof shown => {
    if (shown !== undefined) return shown
    for (;;) {
      const segment = segments[readIndex]
      if (segment === undefined) return undefined
      if (readOffset < segment.bytes) {
        const found = readAt(segment, readOffset)
        if (found !== undefined) {
          const item = { ...decodePayload(found.payload, urgent), number: taken }
          shown = { item, cost: found.payload.length, next: readOffset + (found.payload.length + 8) }
          return shown
        }
        // damage after it was opened: the rest of the segment cannot be read
        options.onDamage(segment.bytes - readOffset)
        const lost = base + countBefore(readIndex) + segment.records - taken
        taken += lost
        settled = Math.max(settled, taken)
        readOffset = segment.bytes
        continue
      }
      if (readIndex >= segments.length - 1) return undefined
      readIndex++
      readOffset = 0
    }
  }
  const countBefore = (index: number): number => segments.slice(0, index).reduce((sum, segment) => sum + segment.records, 0)
  const shift = (): void => {
    const one = peek()
    if (one === undefined) return
    readOffset = one.next
    taken++
    shown = undefined
  }
  for (let i = 0; i < skip; i++) shift()
  sweep()

  return {
    push: (item) => {
      const record = encodeRecord(item)
      pending.push(record)
      pendingBytes += record.length
      pushed++
    },
    write,
    sync: () => {
      write()
      if (out?.dirty === true) {
        fdatasyncSync(out.fd)
        out.dirty = false
      }
      if (!cursorDirty) return
      const [first] = segments
      // written after the segments went: a cursor that is too old only sends something twice
      replaceFile(cursorPath, first === undefined ? `${nextNumber} 0` : `${first.number} ${Math.max(0, settled - base)}`)
      cursorDirty = false
    },
    peek,
    shift,
    settle: (number) => {
      settled = Math.max(settled, Math.min(taken, number + 1))
      cursorDirty = true
      sweep()
    },
    dropOldest: () => {
      const [first] = segments
      if (first === undefined || first === out?.segment) return -1
      const lost = Math.max(0, base + first.records - Math.max(taken, base))
      taken = Math.max(taken, base + first.records)
      settled = Math.max(settled, base + first.records)
      forgetFirst(first)
      return lost
    },
    get pushed() {
      return pushed
    },
    get settled() {
      return settled
    },
    get unwritten() {
      return pendingBytes
    },
    stats: () => ({
      records: pushed - taken,
      bytes: segments.reduce((sum, segment) => sum + segment.bytes, pendingBytes),
      oldestAt: pushed === settled ? null : (segments[0]?.at ?? clock()),
    }),
    close: () => {
      closeInput()
      if (out !== undefined) closeSync(out.fd)
      out = undefined
    },
  }
}
