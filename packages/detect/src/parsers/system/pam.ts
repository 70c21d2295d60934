import { addressAt } from '../address-text.js'
import { say, within, wordEnd, type HostMessage, type ReadMessage } from './host-message.js'

/** Services whose programs tell of their failures themselves: PAM's line is a step of the same try. */
const TOLD_ELSEWHERE: ReadonlySet<string> = new Set(['sshd', 'sudo', 'sudo-i', 'su', 'su-l', 'login', 'remote'])

/** True for the head of a PAM module's message, `pam_unix(`. */
const serviceStart = (line: string, from: number, end: number): number => {
  const open = within(line, '(', from, Math.min(end, from + 40))
  return open < 0 ? -1 : open + 1
}

/**
 * Reads what PAM modules write, whatever the program: `pam_unix(SERVICE:TYPE): MESSAGE`. Failures of services that have no words of their own
 * (vsftpd, dovecot, gdm, polkit, ...) are `login` failures, others are `login-step`. `service.name` is the service.
 */
export const readPam: ReadMessage = (line, from, end, m) => {
  const service = serviceStart(line, from, end)
  const close = service < 0 ? -1 : within(line, '): ', service, Math.min(end, service + 96))
  if (close < 0) return
  const colon = within(line, ':', service, close)
  m.dataset = 'pam'
  m.category = 'host'
  m.service = line.slice(service, colon < 0 ? close : colon)
  const at = close + 3
  if (line.startsWith('session ', at)) readSession(line, at + 8, end, m)
  else if (line.startsWith('authentication failure; ', at)) readFailure(line, at + 24, end, m)
  else if (line.startsWith('check pass; user unknown', at)) say(m, 'authentication', 'login-step', 'failure', 'unknown_user')
  else if (line.startsWith('password changed for ', at)) {
    say(m, 'iam', 'password-changed', 'success')
    m.dataset = 'accounts'
    m.target = line.slice(at + 21, end)
  } else if (line.startsWith('account ', at)) readAccount(line, at + 8, end, m)
  else if (m.service.length === 0) m.service = undefined
}

/** `opened for user NAME(uid=0) by LOGNAME(uid=1000)`, `closed for user NAME`: the user signed in, so the name exists */
const readSession = (line: string, from: number, end: number, m: HostMessage): void => {
  const opened = line.startsWith('opened for user ', from)
  if (!opened && !line.startsWith('closed for user ', from)) return
  say(m, 'session', opened ? 'session-opened' : 'session-closed', 'success')
  m.user = nameAt(line, from + 16, end)
  const by = opened ? within(line, ' by ', from + 16, end) : -1
  const actor = by < 0 ? '' : nameAt(line, by + 4, end)
  // the session is the target's, opened by somebody else: su and sudo
  if (actor.length === 0 || actor === m.user) return
  m.target = m.user
  m.user = actor
}

const nameAt = (line: string, from: number, end: number): string => {
  let to = from
  while (to < end && line.charCodeAt(to) !== 40 && line.charCodeAt(to) !== 32) to++
  return line.slice(from, to)
}

/** `account NAME has expired (account expired)`, `account NAME has password changed in future` */
const readAccount = (line: string, from: number, end: number, m: HostMessage): void => {
  const has = within(line, ' has expired', from, end)
  if (has < 0) return
  say(m, 'authentication', 'login-step', 'failure', 'expired')
  m.user = line.slice(from, has)
}

/**
 * `logname= uid=0 euid=0 tty=ftp ruser=R rhost=H  user=N`. R and N are the client's text and may hold ` rhost=` of their own. A place counts when
 * what stands before it could be R (nothing, or the same as N); the address is believed where a single place is left.
 */
const readFailure = (line: string, from: number, end: number, m: HostMessage): void => {
  const told = TOLD_ELSEWHERE.has(m.service ?? '')
  say(m, 'authentication', told ? 'login-step' : 'login', 'failure', 'bad_password')
  const tty = within(line, ' tty=', from, end)
  if (tty >= 0) m.terminal = line.slice(tty + 5, wordEnd(line, tty + 5, end)) || undefined
  const asker = within(line, ' ruser=', from, end)
  if (asker < 0) return
  const first = within(line, ' rhost=', asker + 7, end)
  const single = first >= 0 && within(line, ' rhost=', first + 7, end) < 0
  let found = -1
  for (let at = first, tries = 0; at >= 0 && tries < 64; at = within(line, ' rhost=', at + 7, end), tries++) {
    const name = nameAfter(line, at, end)
    const who = line.slice(asker + 7, at)
    if (!single && who !== '' && who !== name) continue
    if (found >= 0) return
    found = at
  }
  if (found < 0) return
  const to = wordEnd(line, found + 7, end)
  m.address = addressAt(line, found + 7, to)
  const name = nameAfter(line, found, end)
  const who = line.slice(asker + 7, found)
  // somebody of this host becomes somebody else: su, sudo, polkit
  if (told && who !== '') {
    m.user = who
    m.target = name
  } else m.user = name
}

/** The name behind ` rhost=H  user=`, or `undefined`. */
const nameAfter = (line: string, at: number, end: number): string | undefined => {
  let user = wordEnd(line, at + 7, end)
  while (user < end && line.charCodeAt(user) === 32) user++
  return line.startsWith('user=', user) && user < end ? line.slice(user + 5, end) : undefined
}
