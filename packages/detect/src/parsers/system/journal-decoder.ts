import { LINE_BYTES } from '../line-parser.js'
import { JOURNAL_FIELDS, type JournalEntry } from './journal.js'

/** What was done to one stream so far. */
export type JournalCounts = {
  entries: number
  /** fields that were longer than a line may be: the rest was left out */
  cut: number
  /** fields that make no sense: passed over up to the next line */
  malformed: number
}

/** Takes entries out of the bytes of `journalctl -o export`. */
export type JournalDecoder = {
  /** the entries that these bytes complete, in order */
  push: (bytes: Uint8Array) => JournalEntry[]
  /** the last entry when the stream ended without an empty line */
  end: () => JournalEntry[]
  readonly counts: Readonly<JournalCounts>
}

const LF = 10
/** longer than any name of a field: journald refuses them from 64 on */
const NAME = 64
/** a field larger than this is no field: journald keeps at most 768 MiB */
const LARGEST = 805_306_368

/**
 * Reads systemd's export format as a stream: `NAME=text` lines, and for values with any bytes `NAME`, a line end, the length as 64 bits little-endian,
 * the bytes and a line end; an empty line ends an entry. Memory is one entry of the fields that events need, each at most `LINE_BYTES`.
 * Chunks may end anywhere. Source: systemd, Journal Export Formats.
 */
export const createJournalDecoder = (): JournalDecoder => {
  const counts: JournalCounts = { entries: 0, cut: 0, malformed: 0 }
  const kept = Buffer.allocUnsafe(LINE_BYTES + NAME)
  let length = 0
  let over = false
  let mode: 'line' | 'size' | 'data' | 'tail' = 'line'
  let name = ''
  const size = Buffer.alloc(8)
  let left = 0
  let entry = new Map<string, string>()

  const keep = (bytes: Uint8Array, from: number, to: number): void => {
    const room = Math.min(to - from, kept.length - length)
    if (room < to - from) over = true
    kept.set(bytes.subarray(from, from + room), length)
    length += room
  }
  const reset = (): void => {
    length = 0
    over = false
  }
  const set = (field: string, from: number): void => {
    if (JOURNAL_FIELDS.has(field) && !entry.has(field)) {
      const to = Math.min(length, from + LINE_BYTES)
      if (over || to < length) counts.cut++
      entry.set(field, kept.toString('utf8', from, to))
    }
    reset()
  }
  const finish = (out: JournalEntry[]): void => {
    if (entry.size === 0) return
    counts.entries++
    out.push(entry)
    entry = new Map()
  }
  const endLine = (out: JournalEntry[]): void => {
    if (length === 0) return finish(out)
    const equals = kept.subarray(0, Math.min(length, NAME + 1)).indexOf(61)
    if (equals > 0) set(kept.toString('latin1', 0, equals), equals + 1)
    else if (equals < 0 && length <= NAME && !over) {
      name = kept.toString('latin1', 0, length)
      reset()
      left = 8
      mode = 'size'
    } else {
      counts.malformed++
      reset()
    }
  }

  const push = (bytes: Uint8Array): JournalEntry[] => {
    const out: JournalEntry[] = []
    let at = 0
    while (at < bytes.length) {
      if (mode === 'line') {
        const feed = bytes.indexOf(LF, at)
        keep(bytes, at, feed < 0 ? bytes.length : feed)
        at = feed < 0 ? bytes.length : feed + 1
        if (feed >= 0) endLine(out)
      } else if (mode === 'size') {
        size[8 - left] = bytes[at++] as number
        if (--left > 0) continue
        const total = size.readUInt32LE(4) === 0 ? size.readUInt32LE(0) : LARGEST + 1
        if (total > LARGEST) counts.malformed++
        left = total > LARGEST ? 0 : total
        mode = total > LARGEST ? 'line' : left === 0 ? 'tail' : 'data'
      } else if (mode === 'data') {
        const to = Math.min(bytes.length, at + left)
        keep(bytes, at, to)
        left -= to - at
        at = to
        if (left === 0) mode = 'tail'
      } else {
        if (bytes[at] === LF) at++
        else counts.malformed++
        set(name, 0)
        mode = 'line'
      }
    }
    return out
  }
  const end = (): JournalEntry[] => {
    const out: JournalEntry[] = []
    if (mode === 'line' && length > 0) endLine(out)
    if (mode === 'line') finish(out)
    reset()
    mode = 'line'
    entry = new Map()
    return out
  }
  return { push, end, counts }
}
