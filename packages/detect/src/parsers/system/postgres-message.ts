import type { SecurityEvent } from '@parapet/core'
import { addressAt } from '../address-text.js'
import { asEvent, LINE_BYTES } from '../line-parser.js'
import { endsWith, lastWithin, within, wordEnd } from './host-message.js'

/** One record of PostgreSQL's log, whatever the format. Absent parts are `undefined`. */
export type PostgresRecord = {
  time: number
  /** `LOG`, `ERROR`, `FATAL`, ... */
  severity: string
  message: string
  detail: string | undefined
  statement: string | undefined
  user: string | undefined
  database: string | undefined
  address: string | undefined
  port: number | undefined
  pid: number | undefined
  application: string | undefined
  /** five characters of SQLSTATE */
  code: string | undefined
}

/** A record of which only the time and the severity are known. */
export const emptyRecord = (time: number, severity: string, message: string): PostgresRecord => ({
  time,
  severity,
  message,
  detail: undefined,
  statement: undefined,
  user: undefined,
  database: undefined,
  address: undefined,
  port: undefined,
  pid: undefined,
  application: undefined,
  code: undefined,
})

type Meaning = { category: string; action: string; outcome: 'success' | 'failure' | 'unknown'; reason?: string; sql?: string }

const LEVELS: ReadonlyMap<string, string> = new Map([
  ['PANIC', 'critical'],
  ['FATAL', 'critical'],
  ['ERROR', 'error'],
  ['WARNING', 'warning'],
  ['NOTICE', 'notice'],
  ['LOG', 'informational'],
  ['INFO', 'informational'],
])

/** The event of one record. Refused sign-ins are `login` failures whatever the method. */
export const postgresEvent = (record: PostgresRecord): SecurityEvent => {
  const meaning = meaningOf(record)
  return asEvent({
    '@timestamp': record.time,
    'event.category': meaning.category,
    'event.action': meaning.action,
    'event.outcome': meaning.outcome,
    'event.reason': meaning.reason,
    'event.dataset': 'postgresql',
    message: record.message.slice(0, LINE_BYTES),
    'process.pid': record.pid,
    'log.level': LEVELS.get(record.severity) ?? 'debug',
    'source.ip': record.address,
    'source.port': record.port,
    'user.name': record.user,
    'db.name': record.database,
    'db.query.text': (meaning.sql ?? record.statement)?.slice(0, LINE_BYTES),
    'error.code': record.code === '00000' ? undefined : record.code,
    'postgresql.application': record.application,
    'postgresql.detail': record.detail?.slice(0, LINE_BYTES),
  })
}

const meaningOf = (record: PostgresRecord): Meaning => {
  const { message, severity } = record
  if (severity === 'FATAL') return refused(record) ?? { category: 'database', action: 'database-error', outcome: 'failure' }
  if (severity === 'ERROR' || severity === 'PANIC') return { category: 'database', action: 'database-error', outcome: 'failure' }
  if (severity !== 'LOG') return { category: 'database', action: 'message', outcome: 'unknown' }
  const sql = statementIn(message)
  if (sql !== undefined) return { category: 'database', action: 'statement', outcome: 'unknown', sql }
  if (message.startsWith('connection authorized: ') || message.startsWith('replication connection authorized: ')) {
    readAuthorized(record)
    return { category: 'authentication', action: 'login', outcome: 'success' }
  }
  if (message.startsWith('connection authenticated: ')) return { category: 'authentication', action: 'login-step', outcome: 'success' }
  if (message.startsWith('connection received: ')) {
    readReceived(record)
    return { category: 'database', action: 'connection', outcome: 'unknown', reason: 'opened' }
  }
  if (message.startsWith('disconnection: ')) return { category: 'database', action: 'connection', outcome: 'unknown', reason: 'closed' }
  if (message.startsWith('parameter "') && within(message, '" changed to "', 0, message.length) > 0)
    return { category: 'database', action: 'configuration-changed', outcome: 'success' }
  if (message.startsWith('received SIGHUP, reloading')) return { category: 'database', action: 'configuration-loaded', outcome: 'success' }
  return { category: 'database', action: 'message', outcome: 'unknown' }
}

const METHODS = [
  'password',
  'Peer',
  'Ident',
  'LDAP',
  'PAM',
  'RADIUS',
  'GSSAPI',
  'SSPI',
  'BSD',
  '"trust"',
  'certificate',
  'OAuth bearer',
  'authentication',
]

/**
 * A refused sign-in. Until then the names of user and database are the client's text: they stand between fixed words and quotes, and the user's is what is
 * left between both ends.
 */
const refused = (record: PostgresRecord): Meaning | undefined => {
  const { message } = record
  const end = message.length
  const failure = (reason: string): Meaning => ({ category: 'authentication', action: 'login', outcome: 'failure', reason })
  for (const method of METHODS) {
    const words = `${method} authentication failed for user "`
    if (!message.startsWith(words) || !endsWith(message, '"', words.length, end)) continue
    record.user = message.slice(words.length, end - 1)
    const unknown = record.detail?.startsWith(`Role "${record.user}" does not exist.`) === true
    return failure(unknown ? 'unknown_user' : method === 'password' ? 'bad_password' : 'refused')
  }
  if (message.startsWith('role "')) {
    if (endsWith(message, '" does not exist', 6, end)) record.user = message.slice(6, end - 16)
    else if (endsWith(message, '" is not permitted to log in', 6, end)) record.user = message.slice(6, end - 28)
    else return undefined
    return failure(message.charCodeAt(end - 1) === 116 ? 'unknown_user' : 'not_allowed')
  }
  const rejects = message.startsWith('pg_hba.conf rejects ')
  if (!rejects && !message.startsWith('no pg_hba.conf entry for ')) return undefined
  const host = within(message, 'host "', 0, Math.min(end, 64))
  const hostEnd = host < 0 ? -1 : within(message, '"', host + 6, end)
  // `host "[local]"` is the socket of the machine itself
  if (hostEnd > 0) record.address = addressAt(message, host + 6, hostEnd) ?? record.address
  const user = hostEnd < 0 ? -1 : within(message, ', user "', hostEnd, end)
  const database = user < 0 ? -1 : lastWithin(message, '", database "', user, end)
  if (
    user === hostEnd + 1 &&
    database > 0 &&
    lastWithin(message, '", database "', user, end) === within(message, '", database "', user, end)
  )
    record.user = message.slice(user + 8, database)
  return failure(rejects ? 'rejected' : 'no_hba_entry')
}

const STATEMENTS = ['statement: ', 'execute ', 'parse ', 'bind ', 'duration: ', 'AUDIT: '] as const

/** The SQL in `statement: SQL`, `execute NAME: SQL`, `duration: 1.2 ms  statement: SQL`; of pgaudit's line all. */
const statementIn = (message: string): string | undefined => {
  const start = STATEMENTS.find((words) => message.startsWith(words))
  if (start === undefined || start === 'parse ' || start === 'bind ') return undefined
  if (start === 'statement: ') return message.slice(11)
  if (start === 'AUDIT: ') return message.slice(7)
  let at = 0
  if (start === 'duration: ') {
    const unit = within(message, ' ms  ', 0, Math.min(message.length, 40))
    if (unit < 0) return undefined
    at = unit + 5
    if (message.startsWith('statement: ', at)) return message.slice(at + 11)
    if (!message.startsWith('execute ', at)) return undefined
  }
  const colon = within(message, ': ', at, Math.min(message.length, at + 160))
  return colon < 0 ? undefined : message.slice(colon + 2)
}

/** `connection received: host=127.0.0.1 port=50210` */
const readReceived = (record: PostgresRecord): void => {
  const { message } = record
  const hostEnd = wordEnd(message, 26, message.length)
  if (!message.startsWith('host=', 21)) return
  record.address = addressAt(message, 26, hostEnd)
  const port = message.startsWith(' port=', hostEnd) ? Number(message.slice(hostEnd + 6)) : Number.NaN
  if (Number.isInteger(port)) record.port = port
}

/** `connection authorized: user=U database=D application_name=A`: user and database exist; the application is the client's text and comes last */
const readAuthorized = (record: PostgresRecord): void => {
  const { message } = record
  const user = within(message, 'user=', 0, message.length)
  if (user < 0) return
  const application = within(message, ' application_name=', user, message.length)
  const to = application < 0 ? message.length : application
  const database = within(message, ' database=', user, to)
  record.user ??= message.slice(user + 5, database < 0 ? wordEnd(message, user + 5, to) : database)
  if (database >= 0) record.database ??= message.slice(database + 10, wordEnd(message, database + 10, to))
}
