import type { ParseContext } from '../line-parser.js'
import { isoStamp, NO_TIME, SYSLOG_STAMP, syslogStamp, type ReadStamp } from '../stamps.js'
import { createSyslogFrame, readSyslogFrame, readTag, type SyslogFrame } from '../syslog-frame.js'

/** The head of a syslog line of either standard. */
export type LogFrame = SyslogFrame & {
  /** the severity's name, when the line has a priority */
  level: string | undefined
  messageId: string | undefined
  /** structured data as written, escapes and all */
  data: string | undefined
}

/** An empty frame for {@link readLogFrame}. */
export const createLogFrame = (): LogFrame => ({ ...createSyslogFrame(), level: undefined, messageId: undefined, data: undefined })

/** Names of the severities 0 to 7. Source: RFC 5424, table 2. */
const LEVELS = ['emergency', 'alert', 'critical', 'error', 'warning', 'notice', 'informational', 'debug'] as const

const stamp: ReadStamp = { time: 0, end: 0 }

/**
 * Reads the head of a line in a file, or of a message as sent: RFC 5424, RFC 3164 with all its habits (an ISO stamp, no host, no stamp), or a file's
 * `STAMP HOST NAME[PID]: `. False for anything else; a line with a priority is always a message.
 */
export const readLogFrame = (line: string, end: number, context: ParseContext, frame: LogFrame): boolean => {
  frame.level = undefined
  frame.messageId = undefined
  frame.data = undefined
  if (line.charCodeAt(0) !== 60) return readSyslogFrame(line, end, context, frame)
  const body = afterPriority(line, end, frame)
  if (body < 0) return false
  if (line.charCodeAt(body) === 49 && line.charCodeAt(body + 1) === 32 && read5424(line, body + 2, end, context, frame)) return true
  frame.messageId = undefined
  frame.data = undefined
  // without a host the name of the program would be taken for one: `<13>Nov 22 11:12:13 root: text`
  if (readSyslogFrame(line, end, context, frame) && !frame.host.endsWith(':')) return true
  frame.host = ''
  const time = syslogStamp(line, body, context.now, context.utcOffsetMinutes ?? 0)
  frame.time = time === NO_TIME ? context.now : time
  const from = Math.min(end, time === NO_TIME ? body : body + SYSLOG_STAMP + 1)
  if (!readTag(line, from, end, frame)) bare(from, frame)
  return true
}

const bare = (from: number, frame: LogFrame): void => {
  frame.nameFrom = from
  frame.nameTo = from
  frame.pid = -1
  frame.messageFrom = from
}

/** Where the text after `<PRI>` starts, or -1. Source: RFC 5424, 6.2.1: at most 191. */
const afterPriority = (line: string, end: number, frame: LogFrame): number => {
  let priority = 0
  let at = 1
  for (; at < 4; at++) {
    const digit = line.charCodeAt(at) - 48
    if (!(digit >= 0 && digit <= 9)) break
    priority = priority * 10 + digit
  }
  if (at === 1 || priority > 191 || at >= end || line.charCodeAt(at) !== 62) return -1
  frame.level = LEVELS[priority & 7]
  return at + 1
}

/** `STAMP HOST APP-NAME PROCID MSGID STRUCTURED-DATA[ MSG]`, where `-` is none */
const read5424 = (line: string, from: number, end: number, context: ParseContext, frame: LogFrame): boolean => {
  let at = from
  if (isNil(line, at)) {
    frame.time = context.now
    at++
  } else {
    if (!isoStamp(line, at, 0, stamp)) return false
    frame.time = stamp.time
    at = stamp.end
  }
  if (line.charCodeAt(at) !== 32) return false
  const host = ++at
  at = fieldEnd(line, at, end, 255)
  if (at < 0) return false
  if (!(frame.host.length === at - host && line.startsWith(frame.host, host))) frame.host = line.slice(host, at)
  if (frame.host === '-') frame.host = ''
  frame.nameFrom = ++at
  at = fieldEnd(line, at, end, 48)
  if (at < 0) return false
  frame.nameTo = isNil(line, frame.nameFrom) && at === frame.nameFrom + 1 ? frame.nameFrom : at
  const process = ++at
  at = fieldEnd(line, at, end, 128)
  if (at < 0) return false
  frame.pid = numberIn(line, process, at)
  const id = ++at
  at = fieldEnd(line, at, end, 32)
  if (at < 0) return false
  frame.messageId = isNil(line, id) && at === id + 1 ? undefined : line.slice(id, at)
  const data = ++at
  at = dataEnd(line, at, end)
  if (at < 0) return false
  frame.data = line.charCodeAt(data) === 45 ? undefined : line.slice(data, at)
  if (at < end && line.charCodeAt(at) !== 32) return false
  at = Math.min(end, at + 1)
  // a byte order mark says that the text is UTF-8, which it is by now
  let message = line.charCodeAt(at) === 0xfeff ? Math.min(end, at + 1) : at
  // rsyslog keeps the blank that stood before the message in RFC 3164 when it writes RFC 5424
  while (message < end && line.charCodeAt(message) === 32) message++
  frame.messageFrom = message
  return true
}

const isNil = (line: string, at: number): boolean => line.charCodeAt(at) === 45 && !(line.charCodeAt(at + 1) > 32)

/** The blank behind a field of at least one and at most `most` characters, or -1. */
const fieldEnd = (line: string, from: number, end: number, most: number): number => {
  let at = from
  while (at < end && at - from <= most && line.charCodeAt(at) > 32) at++
  return at === from || at >= end || line.charCodeAt(at) !== 32 ? -1 : at
}

const numberIn = (line: string, from: number, to: number): number => {
  if (to - from > 10) return -1
  let value = 0
  for (let at = from; at < to; at++) {
    const digit = line.charCodeAt(at) - 48
    if (!(digit >= 0 && digit <= 9)) return -1
    value = value * 10 + digit
  }
  return value
}

/** Behind `-` or `[ID NAME="VALUE" ...][...]`; in a value `\"`, `\\` and `\]` are escaped. -1 when it does not close. Source: RFC 5424, 6.3. */
const dataEnd = (line: string, from: number, end: number): number => {
  if (line.charCodeAt(from) === 45) return from + 1
  let at = from
  let inValue = false
  if (line.charCodeAt(at) !== 91) return -1
  for (; at < end; at++) {
    const c = line.charCodeAt(at)
    if (inValue) {
      if (c === 92) at++
      else if (c === 34) inValue = false
    } else if (c === 34) inValue = true
    else if (c === 93 && line.charCodeAt(at + 1) !== 91) return at + 1
  }
  return -1
}
