import type { SecurityEvent } from '@parapet/core'
import { contentEnd, type LineParser, type ParseContext } from '../line-parser.js'
import { clearHttpDraft, createHttpDraft, httpEvent, type HttpDraft } from './http-event.js'
import type { Slot } from './log-format-slots.js'
import { type Escape, readTemplate, refuse, type Template } from './log-format-template.js'
import { quoteFrom } from './request-line.js'

/** A slot and the literal between it and its neighbour: behind it for those read from the left, before it for those from the right. */
type Part = { readonly slot: Slot; readonly literal: string }

/**
 * What stands between two characters that no client can write. At most one slot of it holds a client's free text: those before it are
 * read from the left, those behind it from the right, and the text is what is left.
 */
type Segment = {
  readonly left: readonly Part[]
  readonly free: Slot | undefined
  readonly right: readonly Part[]
  /** `undefined` at the end of the format */
  readonly closing: { readonly literal: string; readonly mark: string; readonly offset: number } | undefined
}

/** Where a literal holds a character that the server escapes in what clients send, or -1. */
const markIn = (literal: string, escape: Escape): number => {
  if (escape === 'none') return -1
  for (let i = 0; i < literal.length; i++) {
    const c = literal.charCodeAt(i)
    if (c === 34 || c < 32) return i
  }
  return -1
}

const isFree = ({ shape }: Slot, behind: string): boolean => shape === 'text' || (shape === 'guest' && !behind.includes(' '))

/** Sorts the slots of one segment. `literals[i]` stands behind slot i; the last one closes the segment and does not count. */
const planSegment = (slots: readonly Slot[], literals: readonly string[], closing: Segment['closing'], none: boolean): Segment => {
  const last = slots.length - 1
  const free = slots.flatMap((slot, i) => (slot.shape === 'text' || (i < last && isFree(slot, literals[i] ?? '')) ? [i] : []))
  if (free.length > 1) {
    const [a, b] = free.map((i) => slots[i]?.name)
    throw refuse(
      `${a} and ${b} are both written by clients and nothing that clients cannot write stands between them; ` +
        (none ? 'leave out escape=none' : `put them in quotes: "${a}" "${b}"`),
    )
  }
  for (let i = 0; i < last; i++) {
    if (literals[i] === '' && typeof slots[i]?.shape !== 'number')
      throw refuse(
        `${slots[i]?.name} and ${slots[i + 1]?.name} touch each other, so nobody can tell where one ends; put a space between them`,
      )
  }
  // without free text, a client's word may be longer than it should: better one that is read whole than a line that is not
  const guest = slots.findIndex(({ shape, gives }) => shape === 'guest' && gives === 'request')
  const middle = free[0] ?? (guest >= 0 ? guest : slots.findIndex(({ shape }) => shape === 'guest'))
  const part = (slot: Slot, i: number, before: boolean): Part => ({ slot, literal: literals[before ? i - 1 : i] ?? '' })
  if (middle < 0) return { left: slots.map((slot, i) => part(slot, i, false)), free: undefined, right: [], closing }
  return {
    left: slots.slice(0, middle).map((slot, i) => part(slot, i, false)),
    free: slots[middle],
    right: slots
      .slice(middle + 1)
      .map((slot, i) => part(slot, middle + 1 + i, true))
      .toReversed(),
    closing,
  }
}

const planSegments = ({ slots, literals, escape }: Template): Segment[] => {
  const segments: Segment[] = []
  let from = 0
  for (let i = 0; i < slots.length; i++) {
    const literal = literals[i + 1] ?? ''
    const offset = markIn(literal, escape)
    if (offset < 0 && i < slots.length - 1) continue
    const closing = offset < 0 ? undefined : { literal, mark: literal.charAt(offset), offset }
    segments.push(planSegment(slots.slice(from, i + 1), literals.slice(from + 1, i + 1), closing, escape === 'none'))
    from = i + 1
  }
  return segments
}

const hasSpace = (line: string, from: number, to: number): boolean => {
  const space = line.indexOf(' ', from)
  return space >= 0 && space < to
}

/** The end of words joined by `, ` and ` : ` that start at `from`. */
const listEnd = (line: string, from: number, end: number): number => {
  let at = from
  for (;;) {
    while (at < end && line.charCodeAt(at) !== 32) at++
    if (at >= end) return end
    if (line.charCodeAt(at - 1) === 44) at++
    else if (line.startsWith(' : ', at)) at += 3
    else return at
  }
}

/** Where words joined by `, ` and ` : ` that end at `end` start. */
const listStart = (line: string, from: number, end: number): number => {
  let at = end
  for (;;) {
    while (at > from && line.charCodeAt(at - 1) !== 32) at--
    if (at - 2 > from && line.charCodeAt(at - 2) === 44) at--
    else if (at - 3 > from && line.startsWith(' : ', at - 3)) at -= 3
    else return at
  }
}

/** Where a part that is read from the left ends, or -1. `last`: nothing follows it in its segment. */
const endOfPart = (line: string, from: number, end: number, { slot, literal }: Part, last: boolean): number => {
  if (typeof slot.shape === 'number') return from + slot.shape <= end ? from + slot.shape : -1
  if (last) return slot.shape !== 'list' && hasSpace(line, from, end) ? -1 : end
  const at = slot.shape === 'list' && literal.startsWith(' ') ? listEnd(line, from, end) : line.indexOf(literal, from)
  return at < 0 || at > end || (slot.shape !== 'list' && hasSpace(line, from, at)) ? -1 : at
}

/** Where a part that is read from the right starts, or -1. */
const startOfPart = (line: string, from: number, end: number, { slot, literal }: Part): number => {
  if (typeof slot.shape === 'number') return end - slot.shape
  if (slot.shape === 'list' && literal.endsWith(' ')) return listStart(line, from, end)
  const at = line.lastIndexOf(literal, end - literal.length)
  const start = at + literal.length
  return at < from || (slot.shape !== 'list' && hasSpace(line, start, end)) ? -1 : start
}

/**
 * Compiles a format of nginx or Apache into a parser of its lines: `log_format main '...';`, `LogFormat "..." combined`, or the template alone.
 * Every event is an `http-request` with the fields of `nginx.access`; variables that no field is for are kept as `labels.NAME`,
 * `$http_x_forwarded_for` too: what a client may send is never taken for its address. A line is read from both ends towards the one text
 * that a client may fill, so nothing in it can pass for a field; a format in which that cannot be is refused.
 * Throws `PPT_LOG_FORMAT_INVALID` with the reason. Sources: nginx `ngx_http_log_module`, Apache `mod_log_config`.
 */
export const compileLogFormat = (text: string): LineParser => {
  const template = readTemplate(text)
  const segments = planSegments(template)
  if (!template.slots.some(({ gives }) => gives === 'time'))
    throw refuse(`the format tells no time; add ${template.server === 'nginx' ? '$time_iso8601' : '%t'}`)
  const labels = [...new Set(template.slots.flatMap(({ label }) => label ?? []))]
  const values: (string | undefined)[] = labels.map(() => undefined)
  const [head = ''] = template.literals
  const tail = template.literals.at(-1) ?? ''
  const dataset = `${template.server}.access`
  const draft = createHttpDraft()

  const keep = ({ store, label }: Slot, line: string, from: number, to: number, cut: boolean): boolean => {
    if (label !== undefined)
      values[labels.indexOf(label)] = to <= from || (to - from === 1 && line.charCodeAt(from) === 45) ? undefined : line.slice(from, to)
    return store === undefined || store(draft, line, from, to, cut)
  }

  /** Reads one segment that starts at `from`; the offset behind it, -1 when the line is of another format, -2 when it ends within. */
  const readSegment = ({ left, free, right, closing }: Segment, line: string, from: number, end: number): number => {
    let to =
      closing === undefined ? end - tail.length : closing.mark === '"' ? quoteFrom(line, from, end) : line.indexOf(closing.mark, from)
    const cut = to < 0 || to >= end + (closing === undefined ? 1 : 0)
    if (cut && free === undefined) return -1
    if (cut) to = end
    else if (closing === undefined ? !line.startsWith(tail, to) : !line.startsWith(closing.literal, (to -= closing.offset))) return -1
    const behind = to + (closing?.literal.length ?? tail.length)
    let at = from
    for (let i = 0; i < left.length; i++) {
      const part = left[i] as Part
      const last = free === undefined && i === left.length - 1
      const stop = endOfPart(line, at, to, part, last)
      if (stop < 0 || !keep(part.slot, line, at, stop, false)) return -1
      at = stop
      if (last) continue
      if (!line.startsWith(part.literal, at)) return -1
      at += part.literal.length
    }
    if (at > to) return -1
    if (free === undefined) return at === to ? behind : -1
    // of a line that is cut there is nothing to read from the right
    const count = cut ? 0 : right.length
    for (let i = 0; i < count; i++) {
      const part = right[i] as Part
      const start = startOfPart(line, at, to, part)
      const before = start - part.literal.length
      if (start < 0 || before < at || !line.startsWith(part.literal, before) || !keep(part.slot, line, start, to, false)) return -1
      to = before
    }
    return keep(free, line, at, to, cut) ? (cut ? -2 : behind) : -1
  }

  const parse = (line: string, context: ParseContext): SecurityEvent | undefined => {
    const end = contentEnd(line)
    if (!line.startsWith(head)) return undefined
    clearHttpDraft(draft)
    draft.time = Number.NaN
    values.fill(undefined)
    let at = head.length
    for (let i = 0; i < segments.length && at !== -2; i++) {
      at = readSegment(segments[i] as Segment, line, at, end)
      if (at === -1) return undefined
    }
    if (at === -2) {
      // padding must not hide a request: what stands before the cut counts, at the latest time that the line can be from
      draft.reason = 'truncated_line'
      if (Number.isNaN(draft.time)) draft.time = context.now
    }
    joinTarget(draft)
    const event = httpEvent(draft, dataset)
    for (let i = 0; i < labels.length; i++) event[labels[i] as string] = values[i]
    return event
  }

  return {
    name: dataset,
    parse,
    sniff: (line) => parse(line, SNIFF) !== undefined && draft.reason !== 'truncated_line',
    isForeign: () => false,
  }
}

/** any time does: sniffing only asks whether there is an event */
const SNIFF: ParseContext = { now: 0 }

/** Path and query that stand apart in a format are one target again, as rules read it. */
const joinTarget = (draft: HttpDraft): void => {
  if (draft.query !== undefined && draft.target !== undefined && !draft.target.includes('?')) draft.target += `?${draft.query}`
}
