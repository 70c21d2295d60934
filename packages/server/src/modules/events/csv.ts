import type { StoredEvent } from '@parapet/core'

/** Columns of an export that every row has; other fields stand in the last column as JSON. */
const FIELDS: readonly string[] = [
  'event.dataset', 'event.category', 'event.action', 'event.outcome', 'event.reason', 'source.ip', 'user.id', 'user.name', 'user.target.name',
  'host.name', 'service.name', 'process.name', 'http.request.method', 'url.path', 'http.response.status_code', 'user_agent.original', 'message',
] as const // prettier-ignore

const KNOWN: ReadonlySet<string> = new Set(['@timestamp', 'event.id', ...FIELDS])

/** What a program of tables would take for a formula. Source: OWASP, CSV injection. */
const FORMULA = /^[\s]*[=+\-@\t\r|%]/

/** One cell: quoted, and with an apostrophe before what would be a formula. Numbers of ours stay numbers. Source: RFC 4180. */
export const csvCell = (value: unknown): string => {
  if (value === undefined || value === null) return ''
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  const text = typeof value === 'string' ? value : JSON.stringify(value)
  return `"${(FORMULA.test(text) ? `'${text}` : text).replaceAll('"', '""')}"`
}

/** The first line of an export. */
export const CSV_HEAD: string = ['time', 'received', 'source', 'event.id', ...FIELDS, 'other'].map(csvCell).join(',') + '\r\n'

/** The line of one event. */
export const csvLine = ({ id, receivedAt, source, event }: StoredEvent): string => {
  const other = Object.fromEntries(Object.entries(event).filter(([name]) => !KNOWN.has(name)))
  const cells = [
    new Date(event['@timestamp']).toISOString(),
    new Date(receivedAt).toISOString(),
    source.name,
    id,
    ...FIELDS.map((field) => event[field]),
    Object.keys(other).length === 0 ? '' : JSON.stringify(other),
  ]
  return cells.map(csvCell).join(',') + '\r\n'
}
