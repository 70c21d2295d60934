import type { SecurityEvent } from '@parapet/core'
import { asEvent, contentEnd, type LineParser, type ParseContext } from '../line-parser.js'
import { sshdEvent } from '../sshd.js'
import { createLogFrame, readLogFrame } from './frames.js'
import { createHostMessage, type HostMessage } from './host-message.js'
import { isKnownProgram, readProgramMessage } from './programs.js'

const frame = createLogFrame()
const message = createHostMessage()

/** Who wrote a message, when and where. */
export type HostOrigin = {
  readonly time: number
  readonly host: string | undefined
  readonly program: string | undefined
  readonly pid: number | undefined
  readonly level: string | undefined
  readonly messageId: string | undefined
  readonly data: string | undefined
}

/** The event of a message that was read; all have the same fields in the same order. */
export const hostEvent = (m: HostMessage, text: string, origin: HostOrigin): SecurityEvent =>
  asEvent({
    '@timestamp': origin.time,
    'event.category': m.category,
    'event.action': m.action,
    'event.outcome': m.outcome,
    'event.reason': m.reason,
    'event.dataset': m.dataset,
    message: text,
    'host.name': origin.host,
    'service.name': m.service,
    'process.name': origin.program,
    'process.pid': origin.pid,
    'process.command_line': m.command,
    'process.working_directory': m.directory,
    'process.tty': m.terminal,
    'log.level': m.level ?? origin.level,
    'log.syslog.msgid': origin.messageId,
    'log.syslog.structured_data': origin.data,
    'source.ip': m.address,
    'source.port': m.port,
    'user.name': m.user,
    'user.target.name': m.target,
    'group.name': m.group,
  })

const parse = (line: string, context: ParseContext): SecurityEvent | undefined => {
  const end = contentEnd(line)
  if (!readLogFrame(line, end, context, frame)) return undefined
  const login = sshdEvent(line, end, frame)
  if (login !== undefined) return login
  const program = line.slice(frame.nameFrom, frame.nameTo)
  const from = frame.messageFrom
  readProgramMessage(program, line, from, end, message)
  return hostEvent(message, line.slice(from, end), {
    time: frame.time,
    host: frame.host === '' ? undefined : frame.host,
    program: program === '' ? undefined : program,
    pid: frame.pid < 0 ? undefined : frame.pid,
    level: frame.level,
    messageId: frame.messageId,
    data: frame.data,
  })
}

/** any time does: sniffing only asks whether there is a stamp */
const SNIFFING: ParseContext = { now: Date.UTC(2026, 0, 1) }

const isFramed = (line: string): boolean => {
  const end = contentEnd(line)
  return readLogFrame(line, end, SNIFFING, frame) && frame.nameTo > frame.nameFrom
}

/**
 * What a host's programs write into `auth.log`, `secure`, `messages` and `journalctl` output: sshd (its events are those of the parser `sshd`), sudo, su,
 * login, PAM, cron, the account tools and systemd stand side by side and each line is read by the name of its program. Lines of others are events
 * too: dataset `syslog`, action `message`. Heads are those of RFC 3164, RFC 5424 and syslog files.
 */
export const auth: LineParser = {
  name: 'auth',
  parse,
  sniff: (line) => {
    if (!isFramed(line)) return false
    const program = line.slice(frame.nameFrom, frame.nameTo)
    return program.startsWith('sshd') || isKnownProgram(program) || line.startsWith('pam_', frame.messageFrom)
  },
  isForeign: () => false,
}

/** Any syslog line or message; the same events as those of `auth`, recognised by the head alone. */
export const syslog: LineParser = { name: 'syslog', parse, sniff: isFramed, isForeign: () => false }
