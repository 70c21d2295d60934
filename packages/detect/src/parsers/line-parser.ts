import type { SecurityEvent } from '@parapet/core'

/** What a line alone does not say. */
export type ParseContext = {
  /**
   * The latest time that a line can be from, ms UTC: the clock when a log is followed, the time of the file's last
   * change when one is replayed. Stamps without a year are read as the last such moment up to one day after it.
   */
  readonly now: number
  /** minutes east of UTC of stamps that name no zone; 0 when left out */
  readonly utcOffsetMinutes?: number
}

/**
 * Turns lines of one format into events.
 *
 * `parse` never throws, whatever the line. Every event of a parser has the same fields in the same order; a field that
 * the line does not have is `undefined` (JSON leaves it out), which keeps reading events fast. Values are as they stand
 * in the line, escapes, control characters and all: whoever shows them makes them safe. Nothing is longer than the
 * line, which is read up to `LINE_BYTES` characters.
 */
export type LineParser = {
  readonly name: string
  /** the event of a line, or `undefined` for a line that is not of this format */
  readonly parse: (line: string, context: ParseContext) => SecurityEvent | undefined
  /** true when the line is surely of this format */
  readonly sniff: (line: string) => boolean
  /** true for a well-formed line of the same file that another program wrote, such as cron's in auth.log: passed over, not unknown */
  readonly isForeign: (line: string) => boolean
  /**
   * a parser of the same format for one stream of lines, where an event may span lines or need what earlier lines said. It keeps what it waits
   * for (bounded), so `parse` may answer with the event of an earlier line. A reader of a file or a socket opens one for each; without `open`
   * the parser keeps nothing between lines and may be shared.
   */
  readonly open?: () => LineParser
  /** of an opened parser: the next event that still waits for lines, or `undefined` when none does; asked again and again at the end of a stream and when it falls silent */
  readonly flush?: () => SecurityEvent | undefined
}

/** The parser to read one stream of lines with: one of its own where the format joins lines. */
export const openParser = (parser: LineParser): LineParser => parser.open?.() ?? parser

/** The most of one line that is read, in bytes of the file and in characters of the text. */
export const LINE_BYTES = 8_192

/** Fields of an event under construction: absent ones are written as `undefined` so that all events share one shape. */
type Draft = { [Field in keyof SecurityEvent]: SecurityEvent[Field] | undefined } & { '@timestamp': number }

/** Says that absent fields may be present as `undefined`; the index signature of events allows for them. */
export const asEvent = (draft: Draft): SecurityEvent => draft as SecurityEvent

/** Where the line ends for a parser: without line ends and blanks, and never beyond `LINE_BYTES`. */
export const contentEnd = (line: string): number => {
  let end = line.length > LINE_BYTES ? LINE_BYTES : line.length
  while (end > 0 && line.charCodeAt(end - 1) <= 32) end--
  return end
}
