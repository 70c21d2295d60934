import { isoStamp, NO_TIME, SYSLOG_STAMP, syslogStamp, type ReadStamp } from './stamps.js'
import type { ParseContext } from './line-parser.js'

/** The head of a syslog line, read in place: offsets into the line instead of copies. */
export type SyslogFrame = {
  /** ms UTC */
  time: number
  host: string
  /** where the name of the program stands */
  nameFrom: number
  nameTo: number
  /** -1 when the line names none */
  pid: number
  /** where the message starts */
  messageFrom: number
}

/** An empty frame for {@link readSyslogFrame}; one a parser is enough, since reading is synchronous. */
export const createSyslogFrame = (): SyslogFrame => ({ time: 0, host: '', nameFrom: 0, nameTo: 0, pid: -1, messageFrom: 0 })

const HOST_LENGTH = 255
const NAME_LENGTH = 64
const stamp: ReadStamp = { time: 0, end: 0 }

/**
 * Reads `[<PRI>]STAMP HOST NAME[PID]: ` into `frame`; false for anything else. The stamp is RFC 3164's or ISO 8601, as
 * rsyslog and journalctl write files. Everything up to the message is written by the logger, not by a client.
 */
export const readSyslogFrame = (line: string, end: number, context: ParseContext, frame: SyslogFrame): boolean => {
  let at = 0
  if (line.charCodeAt(0) === 60) {
    at = line.indexOf('>') + 1
    if (at < 3 || at > 5) return false
  }
  const offset = context.utcOffsetMinutes ?? 0
  const first = line.charCodeAt(at)
  if (first >= 48 && first <= 57) {
    if (!isoStamp(line, at, offset, stamp)) return false
    frame.time = stamp.time
    at = stamp.end
  } else {
    frame.time = syslogStamp(line, at, context.now, offset)
    if (frame.time === NO_TIME) return false
    at += SYSLOG_STAMP
  }
  if (line.charCodeAt(at) !== 32) return false
  at++

  // nearly every line of a file has the same host: keep one string for all of them
  if (!(frame.host.length > 0 && line.startsWith(frame.host, at) && line.charCodeAt(at + frame.host.length) === 32)) {
    const space = line.indexOf(' ', at)
    if (space <= at || space - at > HOST_LENGTH || space >= end) return false
    frame.host = line.slice(at, space)
  }
  at += frame.host.length + 1

  return readTag(line, at, end, frame)
}

/** Reads `NAME[PID]: ` at `from` into `frame`; false for anything else. Source: RFC 3164, 4.1.3. */
export const readTag = (line: string, from: number, end: number, frame: SyslogFrame): boolean => {
  let at = from
  frame.nameFrom = at
  frame.pid = -1
  for (const most = Math.min(end, at + NAME_LENGTH); at < most; at++) {
    const c = line.charCodeAt(at)
    if (c === 91 || c === 58) break
    if (c <= 32) return false
  }
  frame.nameTo = at
  if (at === frame.nameFrom) return false
  if (line.charCodeAt(at) === 91) {
    let pid = 0
    const digits = ++at
    for (; at - digits < 10; at++) {
      const c = line.charCodeAt(at) - 48
      if (!(c >= 0 && c <= 9)) break
      pid = pid * 10 + c
    }
    if (at === digits || line.charCodeAt(at) !== 93) return false
    frame.pid = pid
    at++
  }
  if (line.charCodeAt(at) !== 58) return false
  at++
  if (at < end && line.charCodeAt(at) !== 32) return false
  frame.messageFrom = Math.min(at + 1, end)
  return true
}
