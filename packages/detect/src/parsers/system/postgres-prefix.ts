import type { ParseContext } from '../line-parser.js'
import { addressAt } from '../address-text.js'
import type { ReadStamp } from '../stamps.js'
import { emptyRecord, type PostgresRecord } from './postgres-message.js'
import { postgresStamp } from './postgres-stamp.js'

type Part =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'field'; readonly letter: string }
  | { readonly kind: 'quit' }

/** Reads `PREFIX SEVERITY:  MESSAGE`, or `undefined` for a line that does not start like that. */
export type PrefixReader = (line: string, end: number, context: ParseContext) => PostgresRecord | undefined

const SEVERITIES = [
  'LOG',
  'ERROR',
  'FATAL',
  'DETAIL',
  'STATEMENT',
  'HINT',
  'CONTEXT',
  'WARNING',
  'NOTICE',
  'QUERY',
  'PANIC',
  'INFO',
  'LOCATION',
  'DEBUG',
]

/** The most that a client's names may take in a prefix: user, database and application are cut at 63 bytes each. */
const CLIENT_TEXT = 320
const stamp: ReadStamp = { time: 0, end: 0 }

/** The parts of a `log_line_prefix`; `undefined` without a time at its start. Padding (`%-5u`) is read like none. */
const partsOf = (prefix: string): readonly Part[] | undefined => {
  const parts: Part[] = []
  let text = ''
  for (let at = 0; at < prefix.length; at++) {
    if (prefix[at] !== '%') {
      text += prefix[at]
      continue
    }
    at++
    while (at < prefix.length && /[-\d]/.test(prefix.charAt(at))) at++
    const letter = prefix.charAt(at)
    if (letter === '%') {
      text += '%'
      continue
    }
    if (text !== '') parts.push({ kind: 'text', text })
    text = ''
    parts.push(letter === 'q' ? { kind: 'quit' } : { kind: 'field', letter })
  }
  if (text !== '') parts.push({ kind: 'text', text })
  const first = parts.find((part) => part.kind === 'field')
  return first !== undefined && (first.letter === 'm' || first.letter === 't') ? parts : undefined
}

/** Where a severity and its two blanks start at or behind `from`; -1 when none does before `limit`. Its end is left in `severityEnd`. */
const severityFrom = (line: string, from: number, limit: number): number => {
  for (let colon = line.indexOf(':  ', from); colon >= 0 && colon < limit; colon = line.indexOf(':  ', colon + 1)) {
    for (const name of SEVERITIES) {
      const start = colon - (name === 'DEBUG' ? 6 : name.length)
      if (start >= from && line.startsWith(name, start)) return start
    }
  }
  return -1
}

/**
 * Compiles a `log_line_prefix` of PostgreSQL into a reader; `undefined` for one that does not begin with `%m` or `%t`. The fields that are the
 * client's text (`%u`, `%d`, `%a`) may hold anything, `FATAL:  ...` included: of several places that could end the prefix the one counts whose user
 * is the one that the message names, and the first where none does.
 */
export const compilePrefix = (prefix: string): PrefixReader | undefined => {
  const parts = partsOf(prefix)
  if (parts === undefined) return undefined
  const hasUser = parts.some((part) => part.kind === 'field' && part.letter === 'u')
  /** where the user's name starts in the line that is read; -1 where the prefix has none */
  let userFrom = -1
  /** what the prefix of a process said that was refused */
  let knownPid: number | undefined = -1
  let knownText = ''
  let knownUser: string | undefined

  /** what the prefix says when it ends at `to`, or `undefined` when it does not fit */
  const read = (line: string, to: number, context: ParseContext): PostgresRecord | undefined => {
    const record = emptyRecord(0, '', '')
    let at = 0
    userFrom = -1
    for (let n = 0; n < parts.length; n++) {
      const part = parts[n] as Part
      if (part.kind === 'quit') {
        // background processes write nothing of what follows
        if (at === to) break
        continue
      }
      if (part.kind === 'text') {
        if (!line.startsWith(part.text, at)) return undefined
        at += part.text.length
        continue
      }
      const next = parts[n + 1]
      const after = next?.kind === 'quit' ? parts[n + 2] : next
      let end = to
      if (part.letter === 'm' || part.letter === 't') {
        if (!postgresStamp(line, at, context.utcOffsetMinutes ?? 0, stamp)) return undefined
        record.time = stamp.time
        end = stamp.end
      } else if (after?.kind === 'text') {
        const last = n + (next?.kind === 'quit' ? 2 : 1) === parts.length - 1
        end = last ? line.lastIndexOf(after.text, to - after.text.length) : line.indexOf(after.text, at)
        if (next?.kind === 'quit' && (end < 0 || end > to)) end = to
      }
      if (end < at || end > to) return undefined
      if (part.letter === 'u') userFrom = at
      if (!take(record, part.letter, line, at, end)) return undefined
      at = end
    }
    return at === to ? record : undefined
  }

  return (line, end, context) => {
    const limit = Math.min(end, 64 + CLIENT_TEXT + prefix.length)
    let first: PostgresRecord | undefined
    let last: PostgresRecord | undefined
    const told = (record: PostgresRecord, at: number): PostgresRecord => {
      const colon = line.indexOf(':', at)
      record.severity = line.slice(at, colon)
      record.message = line.slice(Math.min(end, colon + 3), end)
      return record
    }
    for (let at = severityFrom(line, 20, limit), tries = 0; at >= 0 && tries < 16; at = severityFrom(line, at + 4, limit), tries++) {
      const record = read(line, at, context)
      if (record === undefined) continue
      told(record, at)
      if (!hasUser) return record
      // DETAIL and STATEMENT come with the same prefix and do not name the user
      if (userFrom >= 0 && record.pid === knownPid && line.startsWith(knownText, userFrom)) {
        const place = userFrom + knownText.length
        const again = severityFrom(line, place, place + 12) === place ? read(line, place, context) : undefined
        if (again !== undefined) return told({ ...again, user: knownUser }, place)
      }
      const user = refusedUser(record.message)
      if (user !== undefined && userFrom >= 0 && line.startsWith(user, userFrom)) {
        record.user = user
        knownPid = record.pid
        knownText = line.slice(userFrom, at)
        knownUser = user
        return record
      }
      first ??= record
      last = record
    }
    // where more than one place fits, somebody chose a name like this: it never signs anybody in
    return first !== last && first?.message.startsWith('connection auth') === true ? last : first
  }
}

const FAILED = ' authentication failed for user "'

/** The user in the words of a refused sign-in: what is left between both ends. */
const refusedUser = (message: string): string | undefined => {
  const between = (open: number, close: number): string | undefined => (open <= close ? message.slice(open, close) : undefined)
  if (message.startsWith('role "')) return between(6, message.lastIndexOf('" '))
  if (message.startsWith('no pg_hba.conf entry for ') || message.startsWith('pg_hba.conf rejects '))
    return between(message.indexOf(', user "') + 8, message.lastIndexOf('", database "'))
  const failed = message.indexOf(FAILED)
  // one word names the method
  return failed > 0 && failed <= message.indexOf(' ') && message.endsWith('"')
    ? between(failed + FAILED.length, message.length - 1)
    : undefined
}

const take = (record: PostgresRecord, letter: string, line: string, from: number, to: number): boolean => {
  switch (letter) {
    case 'p':
      return takePid(record, line, from, to)
    case 'u':
      if (to > from && !line.startsWith('[unknown]', from)) record.user = line.slice(from, to)
      return true
    case 'd':
      if (to > from && !line.startsWith('[unknown]', from)) record.database = line.slice(from, to)
      return true
    case 'a':
      if (to > from && !line.startsWith('[unknown]', from)) record.application = line.slice(from, to)
      return true
    case 'h':
      record.address = addressAt(line, from, to)
      return true
    case 'r': {
      const open = line.indexOf('(', from)
      const hostEnd = open < 0 || open > to ? to : open
      record.address = addressAt(line, from, hostEnd)
      const port = hostEnd < to ? Number(line.slice(hostEnd + 1, to - 1)) : Number.NaN
      if (Number.isInteger(port)) record.port = port
      return true
    }
    case 'e':
      if (to - from === 5) record.code = line.slice(from, to)
      return true
    default:
      return to - from <= 64
  }
}

const takePid = (record: PostgresRecord, line: string, from: number, to: number): boolean => {
  if (to === from || to - from > 10) return false
  const pid = Number(line.slice(from, to))
  if (!Number.isInteger(pid)) return false
  record.pid = pid
  return true
}
