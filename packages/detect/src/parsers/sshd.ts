import type { SecurityEvent } from '@parapet/core'
import { asEvent, contentEnd, type LineParser, type ParseContext } from './line-parser.js'
import { createSshdMessage } from './sshd-message.js'
import { readSshdMessage } from './sshd-messages.js'
import { createSyslogFrame, readSyslogFrame, type SyslogFrame } from './syslog-frame.js'

const NAMES = ['sshd', 'sshd-session', 'sshd-auth'] as const

/** The name of the program when it is one of OpenSSH's server (split into three since 9.8). */
const sshdName = (line: string, { nameFrom, nameTo }: SyslogFrame): string | undefined =>
  NAMES.find((name) => nameTo - nameFrom === name.length && line.startsWith(name, nameFrom))

const frame = createSyslogFrame()
const message = createSshdMessage()

const parse = (line: string, context: ParseContext): SecurityEvent | undefined => {
  const end = contentEnd(line)
  return readSyslogFrame(line, end, context, frame) ? sshdEvent(line, end, frame) : undefined
}

/** The event of a line whose head was read, or `undefined` when another program wrote it. */
export const sshdEvent = (line: string, end: number, frame: SyslogFrame): SecurityEvent | undefined => {
  const name = sshdName(line, frame)
  if (name === undefined) return undefined
  readSshdMessage(line, frame.messageFrom, end, message)
  return asEvent({
    '@timestamp': frame.time,
    'event.category': message.category,
    'event.action': message.action,
    'event.outcome': message.outcome,
    'event.reason': message.reason,
    'event.dataset': 'sshd',
    message: line.slice(frame.messageFrom, end),
    'host.name': frame.host === '' ? undefined : frame.host,
    'process.name': name,
    'process.pid': frame.pid < 0 ? undefined : frame.pid,
    'source.ip': message.address,
    'source.port': message.port < 0 ? undefined : message.port,
    'user.name': message.user,
    'sshd.method': message.method,
  })
}

const isSyslog = (line: string): boolean => readSyslogFrame(line, contentEnd(line), { now: SNIFF_NOW }, frame)

/** any time does: sniffing only asks whether there is a stamp */
const SNIFF_NOW = Date.UTC(2026, 0, 1)

/**
 * OpenSSH's server in syslog files (`auth.log`, `secure`, `journalctl` output).
 *
 * **One failed login is one `login`/`failure` event.** sshd writes up to four lines for one try; the one that counts is
 * `Failed password` (or `error: PAM: ... for` for keyboard-interactive, where sshd keeps its own `Failed` line back for the
 * first tries). `Invalid user`, `pam_unix(...): authentication failure`, `Failed none`, `Failed publickey` (one a key that a client
 * offers), `Failed keyboard-interactive/pam` and `maximum authentication attempts` are `login-step`.
 *
 * Lines of other programs in the same file (CRON, sudo, systemd) are foreign: `undefined`, and `isForeign` says so.
 * A message of sshd that has no form here becomes an event with action `message`, so that keyword rules see it.
 */
export const sshd: LineParser = {
  name: 'sshd',
  parse,
  sniff: (line) => isSyslog(line) && sshdName(line, frame) !== undefined,
  isForeign: (line) => isSyslog(line) && sshdName(line, frame) === undefined,
}
