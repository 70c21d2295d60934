import type { SecurityEvent } from '@parapet/core'
import { addressAt } from '../address-text.js'
import { asEvent, contentEnd, type LineParser, type ParseContext } from '../line-parser.js'
import { commonLogStamp, NO_TIME } from '../stamps.js'
import { endsWith, lastWithin, within, wordEnd } from './host-message.js'

type Meaning = {
  category: string
  action: string
  outcome: 'success' | 'failure' | 'unknown'
  reason?: string
  address?: string
  port?: number
  user?: string
}

const MESSAGE: Meaning = { category: 'database', action: 'message', outcome: 'unknown' }
const LEVELS: ReadonlyMap<number, string> = new Map([
  [46, 'debug'],
  [45, 'informational'],
  [42, 'notice'],
  [35, 'warning'],
])

/** `12345:M 22 Nov 2026 11:12:13.123 * `: the process, its role, the time and the level */
type Head = { pid: number; role: number; time: number; level: number; from: number }
const head: Head = { pid: 0, role: 0, time: 0, level: 0, from: 0 }

const readHead = (line: string, end: number, utcOffsetMinutes: number): boolean => {
  let at = 0
  let pid = 0
  for (; at < 10; at++) {
    const digit = line.charCodeAt(at) - 48
    if (!(digit >= 0 && digit <= 9)) break
    pid = pid * 10 + digit
  }
  if (at === 0 || line.charCodeAt(at) !== 58 || line.charCodeAt(at + 2) !== 32) return false
  head.pid = pid
  head.role = line.charCodeAt(at + 1)
  // M primary, S replica, C child, X sentinel
  if (head.role !== 77 && head.role !== 83 && head.role !== 67 && head.role !== 88) return false
  const time = redisStamp(line, at + 3, utcOffsetMinutes)
  if (time === NO_TIME) return false
  head.time = time
  head.level = line.charCodeAt(at + 28)
  head.from = at + 30
  return LEVELS.has(head.level) && line.charCodeAt(at + 27) === 32 && (line.charCodeAt(at + 29) === 32 || at + 29 === end)
}

/** `22 Nov 2026 11:12`, and its time */
let knownMinute = ''
let minuteTime = 0

/** `22 Nov 2026 11:12:13.123` as ms UTC, or `NO_TIME` */
const redisStamp = (line: string, at: number, utcOffsetMinutes: number): number => {
  if (line.charCodeAt(at + 17) !== 58 || line.charCodeAt(at + 20) !== 46) return NO_TIME
  // lines come in order: all but the seconds was read for the line before
  if (knownMinute === '' || !line.startsWith(knownMinute, at)) {
    if (line.charCodeAt(at + 2) !== 32 || line.charCodeAt(at + 6) !== 32 || line.charCodeAt(at + 11) !== 32) return NO_TIME
    const date = `${line.slice(at, at + 2)}/${line.slice(at + 3, at + 6)}/${line.slice(at + 7, at + 11)}`
    const time = commonLogStamp(`${date}:${line.slice(at + 12, at + 17)}:00 +0000`, 0)
    if (time === NO_TIME) return NO_TIME
    knownMinute = line.slice(at, at + 17)
    minuteTime = time
  }
  const seconds = numberAt(line, at + 18, 2)
  const ms = numberAt(line, at + 21, 3)
  return seconds < 0 || seconds > 60 || ms < 0 ? NO_TIME : minuteTime + Math.min(59, seconds) * 1_000 + ms - utcOffsetMinutes * 60_000
}

/** The number that is exactly these digits, or -1. */
const numberAt = (line: string, from: number, digits: number): number => {
  let value = 0
  for (let at = from; at < from + digits; at++) {
    const digit = line.charCodeAt(at) - 48
    if (!(digit >= 0 && digit <= 9)) return -1
    value = value * 10 + digit
  }
  return value
}

const CONFIGURATION = [
  'CONFIG REWRITE executed',
  'Module ',
  'User requested shutdown',
  'Redis is now ready to exit',
  'The server is now ready',
]

/** `ADDRESS:PORT` that is exactly `text[from, to)` */
const peerOf = (line: string, from: number, to: number): { address?: string; port?: number } => {
  const colon = line.lastIndexOf(':', to - 1)
  if (colon <= from) return {}
  const bracket = line.charCodeAt(from) === 91
  const address = addressAt(line, bracket ? from + 1 : from, bracket ? colon - 1 : colon)
  const port = Number(line.slice(colon + 1, to))
  return { ...(address === undefined ? {} : { address }), ...(Number.isInteger(port) ? { port } : {}) }
}

const meaningOf = (line: string, from: number, end: number): Meaning => {
  switch (line.charCodeAt(from)) {
    case 80: // P
      return line.startsWith('Possible SECURITY ATTACK detected.', from) ? attack(line, from, end) : MESSAGE
    case 65: // A
      if (!line.startsWith('Accepted ', from)) return MESSAGE
      return {
        category: 'database',
        action: 'connection',
        outcome: 'unknown',
        reason: 'opened',
        ...peerOf(line, from + 9, wordEnd(line, from + 9, end)),
      }
    case 67: // C
    case 85: // U
      if (CONFIGURATION.some((words) => line.startsWith(words, from)))
        return { category: 'database', action: line.charCodeAt(from) === 85 ? 'stopped' : 'configuration-changed', outcome: 'success' }
      return MESSAGE
    case 77: // M
      if (line.startsWith("Module '", from) && within(line, "' loaded from ", from, end) > 0)
        return { category: 'database', action: 'configuration-changed', outcome: 'success', reason: 'module_loaded' }
      return line.startsWith('MASTER MODE enabled (user request', from) ? replication(line, from, end) : MESSAGE
    case 82: // R
    case 83: // S
      return within(line, ' enabled (user request', from, end) > 0 ? replication(line, from, end) : MESSAGE
    default:
      return MESSAGE
  }
}

/** `... Connection from 10.0.0.1:5555 aborted.` at the very end */
const attack = (line: string, from: number, end: number): Meaning => {
  const words = ' Connection from '
  const at = lastWithin(line, words, from, end)
  const found = at > 0 && endsWith(line, ' aborted.', at, end) ? peerOf(line, at + words.length, end - 9) : {}
  return { category: 'database', action: 'protocol-attack', outcome: 'failure', ...found }
}

/** `REPLICAOF 10.0.0.9:6379 enabled (user request from 'id=3 addr=127.0.0.1:5555 laddr=... user=default')`; a client's name holds no blanks */
const replication = (line: string, from: number, end: number): Meaning => {
  const client = within(line, "(user request from '", from, end)
  return {
    category: 'database',
    action: 'configuration-changed',
    outcome: 'success',
    reason: 'replication',
    ...(client < 0 ? {} : clientOf(line, client + 20, end)),
  }
}

/** The address and the user of a `CLIENT LIST` line. */
const clientOf = (text: string, from: number, end: number): { address?: string; port?: number; user?: string } => {
  const found = within(text, 'addr=', from, end)
  const user = lastWithin(text, ' user=', from, end)
  let userEnd = user < 0 ? end : wordEnd(text, user + 6, end)
  if (userEnd > from && (text.charCodeAt(userEnd - 1) === 41 || text.charCodeAt(userEnd - 1) === 39))
    userEnd -= text.charCodeAt(userEnd - 1) === 41 ? 2 : 1
  return {
    ...(found < 0 ? {} : peerOf(text, found + 5, wordEnd(text, found + 5, end))),
    ...(user < 0 ? {} : { user: text.slice(user + 6, userEnd) }),
  }
}

const eventOf = (
  meaning: Meaning,
  time: number,
  message: string,
  more: { pid?: number; level?: string; command?: string },
): SecurityEvent =>
  asEvent({
    '@timestamp': time,
    'event.category': meaning.category,
    'event.action': meaning.action,
    'event.outcome': meaning.outcome,
    'event.reason': meaning.reason,
    'event.dataset': 'redis',
    message,
    'process.pid': more.pid,
    'log.level': more.level,
    'source.ip': meaning.address,
    'source.port': meaning.port,
    'user.name': meaning.user,
    'db.query.text': more.command,
  })

const parse = (line: string, context: ParseContext): SecurityEvent | undefined => {
  const end = contentEnd(line)
  if (!readHead(line, end, context.utcOffsetMinutes ?? 0)) return undefined
  const from = Math.min(end, head.from)
  const level = LEVELS.get(head.level)
  return eventOf(meaningOf(line, from, end), head.time, line.slice(from, end), { pid: head.pid, ...(level === undefined ? {} : { level }) })
}

/**
 * The log of Redis and Valkey: `PID:ROLE 22 Nov 2026 11:12:13.123 * MESSAGE`. Commands of another protocol are a `protocol-attack`, modules, replication
 * and rewritten settings a `configuration-changed`. Refused sign-ins and commands are not in the log: see `redisAclEvents`.
 */
export const redis: LineParser = { name: 'redis', parse, sniff: (line) => readHead(line, contentEnd(line), 0), isForeign: () => false }

/** tries of one entry that become events of their own */
const TRIES = 128

/**
 * Events of a reply to `ACL LOG`, as a client gives it: an entry is a list of names and values, or an object or `Map` of them. A refused sign-in is a
 * `login` failure, one for each of an entry's tries (at most 128), a refused command, key or channel a `command-refused`. `now` in ms UTC; an entry says its
 * age. Whoever reads again must send `ACL LOG RESET` in between, or tries count twice. What is no entry is passed over.
 */
export const redisAclEvents = (reply: unknown, now: number): SecurityEvent[] => {
  if (!Array.isArray(reply)) return []
  return reply.slice(0, 1_024).flatMap((entry: unknown) => {
    const fields = fieldsOf(entry)
    const reason = fields.get('reason')
    const object = fields.get('object') ?? ''
    const client = fields.get('client-info') ?? ''
    if (reason === undefined) return []
    const age = Number(fields.get('age-seconds'))
    const time = Math.round(now - (age >= 0 ? age * 1_000 : 0))
    const login = reason === 'auth'
    const { user: _, ...peer } = clientOf(client, 0, client.length)
    const user = fields.get('username')
    const meaning: Meaning = {
      ...(login ? { category: 'authentication', action: 'login' } : { category: 'database', action: 'command-refused' }),
      outcome: 'failure',
      reason: login ? 'bad_password' : `no_${reason}`,
      ...peer,
      ...(user === undefined ? {} : { user }),
    }
    const text = login ? 'AUTH failed' : `${reason} refused: ${object}`
    const tries = login ? Math.min(TRIES, Math.max(1, Math.trunc(Number(fields.get('count'))) || 1)) : 1
    const more = login ? {} : { command: object }
    return Array.from({ length: tries }, () => eventOf(meaning, time, text, more))
  })
}

const textOf = (value: unknown): string | undefined =>
  typeof value === 'string' ? value.slice(0, 1_024) : typeof value === 'number' ? String(value) : undefined

const fieldsOf = (entry: unknown): ReadonlyMap<string, string> => {
  const fields = new Map<string, string>()
  const set = (key: unknown, value: unknown): void => {
    const text = textOf(value)
    if (typeof key === 'string' && text !== undefined) fields.set(key, text)
  }
  if (Array.isArray(entry)) for (let at = 0; at + 1 < Math.min(entry.length, 64); at += 2) set(entry[at], entry[at + 1])
  else if (entry instanceof Map) for (const [key, value] of entry) set(key, value)
  else if (typeof entry === 'object' && entry !== null) for (const [key, value] of Object.entries(entry)) set(key, value)
  return fields
}
