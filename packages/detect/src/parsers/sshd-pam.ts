import { addressAt } from './address-text.js'
import type { SshdMessage } from './sshd-message.js'

/**
 * What the PAM modules inside sshd write: `pam_unix(sshd:auth): ...`, `pam_sss(...)`, `PAM 2 more authentication failures; ...`.
 * Failures are `login-step`: the login itself is counted from sshd's own line.
 */
export const readPamMessage = (line: string, from: number, end: number, m: SshdMessage): void => {
  const at = line.startsWith('PAM ', from) ? from + 4 : afterTag(line, from, end)
  if (at < 0) return
  if (line.startsWith('session ', at)) return readSession(line, at + 8, end, m)
  const failed = line.indexOf('authentication failure', at)
  if (failed >= at && failed - at <= 16) return readFailure(line, failed, end, m)
  if (line.startsWith('check pass; user unknown', at)) {
    m.category = 'authentication'
    m.action = 'login-step'
    m.outcome = 'failure'
    m.reason = 'unknown_user'
  }
}

/** Behind `pam_unix(sshd:auth): `, or -1 */
const afterTag = (line: string, from: number, end: number): number => {
  const tag = line.indexOf('): ', from)
  return tag < 0 || tag - from > 64 || tag + 3 > end ? -1 : tag + 3
}

/** `opened for user NAME(uid=1000) by (uid=0)`, `closed for user NAME`: the user signed in, so the name exists */
const readSession = (line: string, from: number, end: number, m: SshdMessage): void => {
  const opened = line.startsWith('opened for user ', from)
  if (!opened && !line.startsWith('closed for user ', from)) return
  const user = from + 16
  let to = user
  while (to < end && line.charCodeAt(to) !== 40 && line.charCodeAt(to) !== 32) to++
  m.category = 'session'
  m.action = opened ? 'session-opened' : 'session-closed'
  m.outcome = 'success'
  m.user = line.slice(user, to)
}

/** `authentication failure; logname= uid=0 euid=0 tty=ssh ruser= rhost=A  user=NAME`: the name comes last and is the client's, so the first `rhost=` holds */
const readFailure = (line: string, from: number, end: number, m: SshdMessage): void => {
  m.category = 'authentication'
  m.action = 'login-step'
  m.outcome = 'failure'
  m.reason = 'pam'
  const host = line.indexOf(' rhost=', from)
  if (host < 0 || host >= end) return
  let to = host + 7
  while (to < end && line.charCodeAt(to) !== 32) to++
  m.address = addressAt(line, host + 7, to)
  let user = to
  while (user < end && line.charCodeAt(user) === 32) user++
  if (line.startsWith('user=', user)) m.user = line.slice(user + 5, end)
}
