import type { AgentInputHealth, SecurityEvent } from '@parapet/core'
import { type LineParser, parserFor, recognizeFormat } from '@parapet/detect'

/** A line and where it stands in its stream. */
export type PlacedLine = { readonly text: string; readonly offset: number }

/** Where a stream begins, for the ids of its events. */
export type Origin = { readonly id: string; readonly born: number }

/** What an input counts; the agent reports it. */
export type InputCounts = {
  lines: number
  events: number
  unknown: number
  cut: number
  dropped: number
  droppedWhy: string | null
  lastEventAt: number | null
  behindBytes: number | null
  error: string | null
}

/** One input's way into the pipeline. Both take what they are given at once and never throw. */
export type Channel = {
  readonly name: string
  readonly counts: InputCounts
  lines: (lines: readonly PlacedLine[], origin: Origin) => void
  /** events that need no parser, with what makes each of them unique in its stream */
  events: (events: readonly { readonly event: SecurityEvent; readonly key: string }[], origin: Origin) => void
  /** events that waited for further lines, when none came for a moment */
  flush: (origin: Origin) => void
  health: () => AgentInputHealth
}

/** Takes in one event with its id. */
export type TakeEvent = (event: SecurityEvent, origin: Origin, offset: number, text: string, nth: number) => void

/** Lines after which a format that is still not known is looked for again. */
const SAMPLE = 200

/** Opens the way of one input. `format` is a parser's name, or `auto`: told by the first lines. */
export const openChannel = (
  name: string,
  options: { readonly format: string; readonly utcOffsetMinutes: number; readonly clock: () => number; readonly take: TakeEvent },
): Channel => {
  const { take, clock } = options
  const counts: InputCounts = {
    lines: 0,
    events: 0,
    unknown: 0,
    cut: 0,
    dropped: 0,
    droppedWhy: null,
    lastEventAt: null,
    behindBytes: null,
    error: null,
  }
  const opened = (parser: LineParser): LineParser => parser.open?.() ?? parser
  let parser = options.format === 'auto' ? undefined : opened(parserFor(options.format))
  /** lines of which nobody knew the format yet */
  let sample: string[] = []

  const accept = (event: SecurityEvent, origin: Origin, offset: number, text: string, nth: number): void => {
    counts.events++
    counts.lastEventAt = clock()
    take(event, origin, offset, text, nth)
  }
  const recognize = (lines: readonly PlacedLine[]): LineParser | undefined => {
    sample = [...sample, ...lines.slice(0, SAMPLE).map(({ text }) => text)].slice(-SAMPLE)
    const found = recognizeFormat(sample)
    if (found !== undefined) sample = []
    return found === undefined ? undefined : opened(found)
  }

  return {
    name,
    counts,
    lines: (lines, origin) => {
      counts.lines += lines.length
      parser ??= recognize(lines)
      const context = { now: clock(), utcOffsetMinutes: options.utcOffsetMinutes }
      for (const { text, offset } of lines) {
        const event = parser?.parse(text, context)
        if (event !== undefined) accept(event, origin, offset, text, 0)
        else if (text !== '' && parser?.isForeign(text) !== true && parser?.flush === undefined) counts.unknown++
      }
    },
    events: (events, origin) => {
      for (const { event, key } of events) accept(event, origin, 0, key, 0)
    },
    flush: (origin) => {
      // bounded: a parser that gives without end would stop the agent
      for (let nth = 1; nth <= 1_000; nth++) {
        const event = parser?.flush?.()
        if (event === undefined) return
        accept(event, origin, 0, JSON.stringify(event), nth)
      }
    },
    health: () => ({ name, format: parser?.name ?? null, ...counts }),
  }
}
