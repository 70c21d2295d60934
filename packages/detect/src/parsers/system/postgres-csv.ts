import type { SecurityEvent } from '@parapet/core'
import { addressAt } from '../address-text.js'
import { contentEnd, LINE_BYTES, type LineParser, type ParseContext } from '../line-parser.js'
import type { ReadStamp } from '../stamps.js'
import { emptyRecord, postgresEvent } from './postgres-message.js'
import { postgresStamp } from './postgres-stamp.js'

/** Columns of csvlog that are read. Source: PostgreSQL, 20.8.4; later versions only add columns at the end. */
const COLUMN = {
  user: 1,
  database: 2,
  pid: 3,
  from: 4,
  severity: 11,
  code: 12,
  message: 13,
  detail: 14,
  query: 19,
  application: 22,
} as const
const COLUMNS = 23
/** the largest record that is joined, in characters: a statement with all its lines */
const RECORD = 65_536

const wanted = new Uint8Array(COLUMNS)
for (const index of Object.values(COLUMN)) wanted[index] = 1

const stamp: ReadStamp = { time: 0, end: 0 }
const row: string[] = []

/** Splits the first columns of a record into `row`; false when a quote stays open. A column keeps at most `LINE_BYTES`. Source: RFC 4180. */
const readRow = (text: string, end: number): boolean => {
  row.length = 0
  let at = 0
  while (row.length < COLUMNS && at <= end) {
    if (text.charCodeAt(at) !== 34) {
      const comma = text.indexOf(',', at)
      const to = comma < 0 || comma > end ? end : comma
      row.push(wanted[row.length] === 1 ? text.slice(at, Math.min(to, at + LINE_BYTES)) : '')
      at = to + 1
      continue
    }
    let close = text.indexOf('"', at + 1)
    let doubled = false
    while (close >= 0 && close < end && text.charCodeAt(close + 1) === 34) {
      doubled = true
      close = text.indexOf('"', close + 2)
    }
    if (close < 0 || close >= end) return false
    const value = wanted[row.length] === 1 ? text.slice(at + 1, Math.min(close, at + 1 + LINE_BYTES)) : ''
    row.push(doubled ? value.replaceAll('""', '"') : value)
    at = close + 2
  }
  return true
}

/** True when the quotes of a line leave one open that was closed before, or the other way round. */
const flipsQuotes = (line: string, end: number): boolean => {
  let flips = false
  for (let at = line.indexOf('"'); at >= 0 && at < end; at = line.indexOf('"', at + 1)) flips = !flips
  return flips
}

const startsRecord = (line: string): boolean => postgresStamp(line, 0, 0, stamp) && line.charCodeAt(stamp.end) === 44

const eventOf = (text: string, end: number, context: ParseContext): SecurityEvent | undefined => {
  if (!postgresStamp(text, 0, context.utcOffsetMinutes ?? 0, stamp) || text.charCodeAt(stamp.end) !== 44) return undefined
  if (!readRow(text, end) || row.length <= COLUMN.message) return undefined
  const column = (index: number): string | undefined => row[index] || undefined
  const record = emptyRecord(stamp.time, column(COLUMN.severity) ?? '', column(COLUMN.message) ?? '')
  record.user = column(COLUMN.user)
  record.database = column(COLUMN.database)
  const pid = Number(column(COLUMN.pid))
  if (Number.isInteger(pid)) record.pid = pid
  record.code = column(COLUMN.code)
  record.detail = column(COLUMN.detail)
  record.statement = column(COLUMN.query)
  record.application = column(COLUMN.application)
  const from = column(COLUMN.from)
  // `127.0.0.1:50210`, `2001:db8::1:50210`, `[local]`
  const colon = from?.lastIndexOf(':') ?? -1
  if (from !== undefined && colon > 0) {
    record.address = addressAt(from, 0, colon)
    const port = Number(from.slice(colon + 1))
    if (Number.isInteger(port)) record.port = port
  }
  return postgresEvent(record)
}

/** Joins the lines of a record by its quotes; one that grows beyond `RECORD` is read as far as it came, and reading goes on at the next line that starts one. */
const openCsv = (): LineParser => {
  let waiting: string | undefined
  let latest: ParseContext = { now: 0 }
  const parse = (line: string, context: ParseContext): SecurityEvent | undefined => {
    latest = context
    // blanks at the end of a line may be text in quotes
    const end = line.endsWith('\r') ? line.length - 1 : line.length
    if (waiting === undefined) {
      const event = eventOf(line, end, context)
      // a quote stays open: the record goes on
      if (event === undefined && startsRecord(line) && flipsQuotes(line, end)) waiting = line.slice(0, end)
      return event
    }
    const flips = flipsQuotes(line, end)
    waiting = `${waiting}\n${line.slice(0, end)}`
    if (!flips && waiting.length < RECORD) return undefined
    const text = flips ? waiting : `${waiting}"`
    waiting = undefined
    return eventOf(text, text.length, context)
  }
  const flush = (): SecurityEvent | undefined => {
    const text = waiting
    waiting = undefined
    return text === undefined ? undefined : eventOf(`${text}"`, text.length + 1, latest)
  }
  return { ...postgresqlCsv, parse, flush }
}

/**
 * PostgreSQL's csvlog. An opened parser joins records of several lines by their quotes, so that a statement that holds text like a log line stays one
 * statement; alone a record whose quotes stay open on its line is no event.
 */
export const postgresqlCsv: LineParser = {
  name: 'postgresql.csv',
  parse: (line, context) => eventOf(line, contentEnd(line), context),
  sniff: startsRecord,
  isForeign: () => false,
  open: openCsv,
}
