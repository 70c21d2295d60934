import type { SecurityEvent } from '@parapet/core'
import { addressAt } from '../address-text.js'
import type { LineParser, ParseContext } from '../line-parser.js'
import type { ReadStamp } from '../stamps.js'
import { emptyRecord, postgresEvent } from './postgres-message.js'
import { postgresStamp } from './postgres-stamp.js'

const stamp: ReadStamp = { time: 0, end: 0 }

const parse = (line: string, context: ParseContext): SecurityEvent | undefined => {
  if (!line.startsWith('{"timestamp":"')) return undefined
  let parsed: Readonly<Record<string, unknown>>
  try {
    parsed = JSON.parse(line) as typeof parsed
  } catch {
    return undefined
  }
  const text = (key: string): string | undefined => {
    const value = parsed[key]
    return typeof value === 'string' && value !== '' ? value : undefined
  }
  const number = (key: string): number | undefined => {
    const value = parsed[key]
    return typeof value === 'number' && Number.isSafeInteger(value) ? value : undefined
  }
  const severity = text('error_severity')
  if (severity === undefined || !postgresStamp(text('timestamp') ?? '', 0, context.utcOffsetMinutes ?? 0, stamp)) return undefined
  const record = emptyRecord(stamp.time, severity, text('message') ?? '')
  const host = text('remote_host')
  record.user = text('user')
  record.database = text('dbname')
  record.pid = number('pid')
  record.address = host === undefined ? undefined : addressAt(host, 0, host.length)
  record.port = number('remote_port')
  record.code = text('state_code')
  record.detail = text('detail')
  record.statement = text('statement')
  record.application = text('application_name')
  return postgresEvent(record)
}

/** PostgreSQL's jsonlog (since 15): one record a line. Source: PostgreSQL, 20.8.5. */
export const postgresqlJson: LineParser = {
  name: 'postgresql.json',
  parse,
  sniff: (line) => parse(line, { now: 0 }) !== undefined,
  isForeign: () => false,
}
