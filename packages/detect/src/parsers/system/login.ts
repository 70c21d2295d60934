import { addressAt } from '../address-text.js'
import { lastWithin, say, within, wordEnd, type HostMessage, type ReadMessage } from './host-message.js'
import { readPam } from './pam.js'

/**
 * Reads login of util-linux: `FAILED LOGIN (1) on 'TTY'[ FROM 'HOST'] FOR 'NAME', REASON`, `LOGIN ON tty1 BY NAME[ FROM HOST]`,
 * `ROOT LOGIN ON tty1`. The name is what somebody typed: it ends at the last quote before login's own reason.
 */
export const readLogin: ReadMessage = (line, from, end, m) => {
  if (line.startsWith('pam_', from)) return readPam(line, from, end, m)
  if (line.startsWith('FAILED LOGIN ', from)) readFailed(line, from + 13, end, m, 'bad_password')
  else if (line.startsWith('TOO MANY LOGIN TRIES ', from)) readFailed(line, from + 21, end, m, 'too_many_tries')
  else if (line.startsWith('ROOT LOGIN', from)) {
    say(m, 'authentication', 'login', 'success')
    m.user = 'root'
    readTerminal(line, from + 10, end, m)
  } else if (line.startsWith('LOGIN ON ', from)) readSuccess(line, from + 9, end, m)
}

const readFailed = (line: string, from: number, end: number, m: HostMessage, reason: string): void => {
  const on = within(line, ' on ', from, Math.min(end, from + 40))
  const opening = within(line, " FOR '", on < 0 ? from : on, end)
  const close = opening < 0 ? -1 : lastWithin(line, "', ", opening + 6, end)
  say(m, 'authentication', reason === 'too_many_tries' ? 'login-step' : 'login', 'failure', reason)
  if (on >= 0) readTerminal(line, on, end, m)
  const host = within(line, " FROM '", from, opening < 0 ? end : opening)
  if (host >= 0 && opening > 0) m.address = addressAt(line, host + 7, opening - 1)
  if (close < 0) return
  m.user = line.slice(opening + 6, close)
  if (reason === 'bad_password' && (m.user === 'UNKNOWN' || line.startsWith('User not known', close + 3))) m.reason = 'unknown_user'
}

/** ` on 'tty1'`, ` ON tty1` */
const readTerminal = (line: string, from: number, end: number, m: HostMessage): void => {
  let at = from
  while (
    at < end &&
    at - from < 6 &&
    (line.charCodeAt(at) === 32 || ((line.charCodeAt(at) | 32) >= 110 && (line.charCodeAt(at) | 32) <= 111))
  )
    at++
  const quoted = line.charCodeAt(at) === 39
  const to = quoted ? within(line, "'", at + 1, end) : wordEnd(line, at, end)
  if (to > at) m.terminal = line.slice(quoted ? at + 1 : at, to)
}

const readSuccess = (line: string, tty: number, end: number, m: HostMessage): void => {
  const ttyEnd = wordEnd(line, tty, end)
  if (!line.startsWith(' BY ', ttyEnd)) return
  const user = ttyEnd + 4
  const host = lastWithin(line, ' FROM ', user, end)
  say(m, 'authentication', 'login', 'success')
  m.terminal = line.slice(tty, ttyEnd)
  m.user = line.slice(user, host < 0 ? end : host)
  if (host >= 0) m.address = addressAt(line, host + 6, end)
}
