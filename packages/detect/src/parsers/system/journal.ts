import type { SecurityEvent } from '@parapet/core'
import { contentEnd, type LineParser } from '../line-parser.js'
import { sshdEvent } from '../sshd.js'
import { createSyslogFrame } from '../syslog-frame.js'
import { hostEvent } from './auth.js'
import { createHostMessage } from './host-message.js'
import { isKnownProgram, readProgramMessage } from './programs.js'

/** The fields of one entry of systemd's journal, as far as events need them; of a field that came twice the first. */
export type JournalEntry = ReadonlyMap<string, string>

/** Fields that are kept. Source: systemd.journal-fields(7). */
export const JOURNAL_FIELDS: ReadonlySet<string> = new Set([
  '__CURSOR',
  '__REALTIME_TIMESTAMP',
  '_SOURCE_REALTIME_TIMESTAMP',
  '_HOSTNAME',
  '_UID',
  '_PID',
  '_EXE',
  '_COMM',
  '_SYSTEMD_UNIT',
  'MESSAGE',
  'PRIORITY',
  'SYSLOG_IDENTIFIER',
  'SYSLOG_PID',
  'UNIT',
  'CONTAINER_NAME',
])

const LEVELS = ['emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'informational', 'debug'] as const
const frame = createSyslogFrame()
const message = createHostMessage()

const numberOf = (text: string | undefined): number | undefined => {
  const value = text === undefined || text.length > 16 ? Number.NaN : Number(text)
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

/**
 * True when the name that an entry gives itself may be believed. Anybody may write to the journal under any name; who it was (`_UID`, `_EXE`) comes from
 * the kernel. Programs of the system run as root or are installed where only root writes.
 */
const isGenuine = (entry: JournalEntry, program: string): boolean => {
  const uid = entry.get('_UID')
  if (uid === undefined || uid === '0') return true
  const executable = entry.get('_EXE') ?? ''
  const slash = executable.lastIndexOf('/')
  return (
    ['/usr/bin', '/usr/sbin', '/bin', '/sbin', '/usr/lib/systemd'].includes(executable.slice(0, slash)) &&
    executable.slice(slash + 1) === program
  )
}

/** The event of an entry, or `undefined` for one without a time or a message. An entry under another's name is a `message` with the reason `untrusted_sender`. */
export const journalEvent = (entry: JournalEntry): SecurityEvent | undefined => {
  const micros = numberOf(entry.get('_SOURCE_REALTIME_TIMESTAMP')) ?? numberOf(entry.get('__REALTIME_TIMESTAMP'))
  const text = entry.get('MESSAGE')
  if (micros === undefined || text === undefined) return undefined
  const program = (entry.get('SYSLOG_IDENTIFIER') ?? entry.get('_COMM') ?? '').slice(0, 64)
  const host = entry.get('_HOSTNAME')
  const pid = numberOf(entry.get('_PID')) ?? numberOf(entry.get('SYSLOG_PID'))
  const claimed = program.startsWith('sshd') || isKnownProgram(program) || text.startsWith('pam_')
  const genuine = !claimed || isGenuine(entry, program)
  const line = `${program} ${text}`
  const end = contentEnd(line)
  const from = Math.min(end, program.length + 1)
  const time = Math.floor(micros / 1_000)
  if (genuine) {
    frame.time = time
    frame.host = host ?? ''
    frame.nameFrom = 0
    frame.nameTo = program.length
    frame.pid = pid ?? -1
    frame.messageFrom = from
    const login = sshdEvent(line, end, frame)
    if (login !== undefined) return login
  }
  readProgramMessage(genuine ? program : '', line, from, genuine ? end : from, message)
  if (!genuine) message.reason = 'untrusted_sender'
  if (message.dataset === 'systemd') message.service = entry.get('UNIT') ?? message.service
  else if (message.dataset === 'syslog') message.service = entry.get('CONTAINER_NAME') ?? entry.get('_SYSTEMD_UNIT')
  return hostEvent(message, line.slice(from, end), {
    time,
    host,
    program: program === '' ? undefined : program,
    pid,
    level: LEVELS[numberOf(entry.get('PRIORITY')) ?? -1],
    messageId: undefined,
    data: undefined,
  })
}

/** A value of `journalctl -o json`: text, a list of bytes when it is no UTF-8, or a list of values when the field came more than once. */
const textOf = (value: unknown): string | undefined => {
  if (typeof value === 'string') return value
  if (!Array.isArray(value) || value.length === 0) return undefined
  if (typeof value[0] !== 'number') return textOf(value[0])
  return Buffer.from(value.slice(0, 8_192).map(Number)).toString('utf8')
}

/** The entry of one line of `journalctl -o json`, or `undefined`. */
const entryOf = (line: string): JournalEntry | undefined => {
  if (!line.startsWith('{') || !line.includes('"__REALTIME_TIMESTAMP"')) return undefined
  let parsed: Readonly<Record<string, unknown>>
  try {
    parsed = JSON.parse(line) as typeof parsed
  } catch {
    return undefined
  }
  const entry = new Map<string, string>()
  for (const key of JOURNAL_FIELDS) {
    const text = textOf(parsed[key])
    if (text !== undefined) entry.set(key, text)
  }
  return entry
}

const parse = (line: string): SecurityEvent | undefined => {
  const entry = entryOf(line)
  return entry === undefined ? undefined : journalEvent(entry)
}

/** `journalctl -o json`: one entry a line, read by the name of its program like the lines of `auth`. */
export const journalJson: LineParser = { name: 'journal.json', parse, sniff: (line) => parse(line) !== undefined, isForeign: () => false }
