import { addressAt } from './address-text.js'
import { createPeer, peerFromLeft, peerFromRight, type Peer } from './anchors.js'
import type { SshdMessage } from './sshd-message.js'
import { readPamMessage } from './sshd-pam.js'

const peer: Peer = createPeer()

const set = (m: SshdMessage, category: string, action: string, outcome: SshdMessage['outcome'], reason?: string): void => {
  m.category = category
  m.action = action
  m.outcome = outcome
  m.reason = reason
}

const takePeer = (m: SshdMessage): void => {
  m.address = peer.address
  m.port = peer.port
}

/** Reads `line[from, end)`, the message after `sshd[123]: `. Sets every field; a message of unknown form is `process`/`message`. */
export const readSshdMessage = (line: string, from: number, end: number, m: SshdMessage): void => {
  set(m, 'process', 'message', 'unknown')
  m.address = undefined
  m.port = -1
  m.user = undefined
  m.method = undefined
  let at = from
  let to = end
  // rsyslog and syslog-ng fold equal lines; what is inside is one line more of the same
  if (line.startsWith('message repeated ', at)) {
    const open = line.indexOf('[', at)
    if (open < 0 || open > at + 40 || line.charCodeAt(to - 1) !== 93) return
    at = line.charCodeAt(open + 1) === 32 ? open + 2 : open + 1
    to--
  }
  if (line.startsWith('error: ', at)) at += 7
  else if (line.startsWith('fatal: ', at)) at += 7
  if (to - at > 10 && line.startsWith(' [preauth]', to - 10)) to -= 10
  switch (line.charCodeAt(at)) {
    case 65: // A
      if (line.startsWith('Accepted ', at)) readAccepted(line, at + 9, to, m)
      return
    case 70: // F
      if (line.startsWith('Failed ', at)) readFailed(line, at + 7, to, m)
      return
    case 73: // I
      if (line.startsWith('Invalid user ', at)) readUserFrom(line, at + 13, to, m, 'unknown_user')
      return
    case 112: // p
      if (line.startsWith('pam_', at)) readPamMessage(line, at, to, m)
      return
    case 80: // P
      if (line.startsWith('PAM: ', at)) readPamError(line, at + 5, to, m)
      else if (line.startsWith('PAM ', at)) readPamMessage(line, at, to, m)
      else if (line.startsWith('Postponed ', at)) readPostponed(line, at + 10, to, m)
      return
    case 109: // m
      if (line.startsWith('maximum authentication attempts exceeded for ', at)) readTooMany(line, at + 45, to, m)
      return
    case 85: // U
      if (line.startsWith('User ', at)) readNotAllowed(line, at + 5, to, m)
      else readProtocolError(line, at, to, m)
      return
    default:
      if (!readConnection(line, at, to, m)) readProtocolError(line, at, to, m)
  }
}

const afterInvalid = (line: string, at: number): number =>
  line.startsWith('invalid user ', at) ? at + 13 : line.startsWith('illegal user ', at) ? at + 13 : at

/** `METHOD for USER from A port P ssh2[: KEY]`. The user exists and a certificate's id was signed, so neither is a client's invention. */
const readAccepted = (line: string, from: number, end: number, m: SshdMessage): void => {
  const space = line.indexOf(' for ', from)
  if (space < 0 || space - from > 64) return
  const tail = detailsStart(line, space, end, true)
  if (tail < 0 || !peerFromRight(line, space + 5, tail, peer)) return
  set(m, 'authentication', 'login', 'success')
  m.method = line.slice(from, space)
  m.user = line.slice(space + 5, peer.before)
  takePeer(m)
}

/** Where ` ssh2` ends the peer: at the end of the message, or before the one `: TYPE FINGERPRINT` or certificate behind it. -1 when unclear. */
const detailsStart = (line: string, from: number, end: number, trusted: boolean): number => {
  if (end - 5 > from && line.startsWith(' ssh2', end - 5)) return end - 5
  const last = line.lastIndexOf(' ssh2: ', end)
  if (last <= from) return -1
  const space = line.indexOf(' ', last + 7)
  if (space > 0 && (line.indexOf(' ', space + 1) < 0 || line.indexOf(' ', space + 1) >= end)) return last
  // A certificate's id is the client's text and may hold ` from ADDRESS port N ssh2: ` of its own, as may the user name:
  // unless somebody vouched for both, the address is believed only where a single place fits.
  let found = -1
  for (let at = line.indexOf(' ssh2: ', from); at >= 0 && at < end; at = line.indexOf(' ssh2: ', at + 7)) {
    if (!peerFromRight(line, from, at, peer)) continue
    if (trusted) return at
    if (found >= 0) return -1
    found = at
  }
  return found
}

/** `METHOD for [invalid user ]USER from A port P ssh2[: KEY]` */
const readFailed = (line: string, from: number, end: number, m: SshdMessage): void => {
  const space = line.indexOf(' for ', from)
  if (space < 0 || space - from > 64) return
  const method = methodName(line, from, space)
  const counts =
    method === 'password' ||
    (method.startsWith('keyboard-interactive') && method !== 'keyboard-interactive/pam') ||
    method === 'challenge-response'
  const user = afterInvalid(line, space + 5)
  const unknown = user > space + 5
  set(
    m,
    'authentication',
    counts ? 'login' : 'login-step',
    'failure',
    counts ? (unknown ? 'unknown_user' : 'bad_password') : method === 'none' ? 'none' : 'method_refused',
  )
  m.method = method
  // a password has no details behind it: what looks like some is part of the user name
  const tail =
    method === 'password' || method === 'none' ? (line.startsWith(' ssh2', end - 5) ? end - 5 : end) : detailsStart(line, space, end, false)
  if (tail < 0 || !peerFromRight(line, user - 1, tail, peer)) return
  m.user = line.slice(user, Math.max(user, peer.before))
  takePeer(m)
}

/** The usual methods as constants; anything else as it stands, it is sshd's own word. */
const methodName = (line: string, from: number, to: number): string => {
  if (to - from === 8 && line.startsWith('password', from)) return 'password'
  if (to - from === 9 && line.startsWith('publickey', from)) return 'publickey'
  if (to - from === 4 && line.startsWith('none', from)) return 'none'
  return line.slice(from, to)
}

/** `USER from A[ port P]`, the user possibly empty */
const readUserFrom = (line: string, from: number, end: number, m: SshdMessage, reason: string): void => {
  if (!peerFromRight(line, from, end, peer)) return
  set(m, 'authentication', 'login-step', 'failure', reason)
  m.user = line.slice(from, peer.before)
  takePeer(m)
}

/** `Authentication failure for [illegal user ]USER from HOST`: the line that counts for keyboard-interactive */
const readPamError = (line: string, from: number, end: number, m: SshdMessage): void => {
  const space = line.indexOf(' for ', from)
  if (space < 0 || space - from > 100) return
  const user = afterInvalid(line, space + 5)
  if (!peerFromRight(line, user, end, peer)) return
  set(m, 'authentication', 'login', 'failure', user > space + 5 ? 'unknown_user' : 'bad_password')
  m.method = 'keyboard-interactive/pam'
  m.user = line.slice(user, peer.before)
  takePeer(m)
}

const readPostponed = (line: string, from: number, end: number, m: SshdMessage): void => {
  const space = line.indexOf(' for ', from)
  if (space < 0 || space - from > 64 || !line.startsWith(' ssh2', end - 5)) return
  const user = afterInvalid(line, space + 5)
  if (!peerFromRight(line, user, end - 5, peer)) return
  set(m, 'authentication', 'login-step', 'unknown', 'postponed')
  m.method = line.slice(from, space)
  m.user = line.slice(user, peer.before)
  takePeer(m)
}

/** `[invalid user ]USER from A port P ssh2` */
const readTooMany = (line: string, from: number, end: number, m: SshdMessage): void => {
  const user = afterInvalid(line, from)
  readUserFrom(line, user, line.startsWith(' ssh2', end - 5) ? end - 5 : end, m, 'too_many_tries')
}

/** `USER from A not allowed because REASON`; the reasons are sshd's own and never hold these words */
const readNotAllowed = (line: string, from: number, end: number, m: SshdMessage): void => {
  const clause = line.lastIndexOf(' not allowed because ', end)
  if (clause > from) readUserFrom(line, from, clause, m, 'not_allowed')
}

/** `Connection closed|reset by [authenticating|invalid user USER] A port P`, `Disconnected from ...`, `Received disconnect from A port P:N: TEXT` */
const readConnection = (line: string, from: number, end: number, m: SshdMessage): boolean => {
  if (line.startsWith('Connection closed by ', from)) return readClosed(line, from + 21, end, m, 'connection-closed')
  if (line.startsWith('Disconnected from ', from)) return readClosed(line, from + 18, end, m, 'disconnected')
  if (line.startsWith('Connection reset by ', from)) return readClosed(line, from + 20, end, m, 'connection-reset')
  if (line.startsWith('Received disconnect from ', from)) {
    if (peerFromLeft(line, from + 25, end, peer) < 0) return false
    set(m, 'network', 'disconnected', 'unknown')
    takePeer(m)
    return true
  }
  if (line.startsWith('drop connection #', from)) {
    const open = line.indexOf(' from [', from)
    const close = open < 0 || open > from + 40 ? -1 : line.indexOf(']', open)
    if (close < 0 || close > end) return false
    set(m, 'network', 'connection-refused', 'failure', 'penalty')
    m.address = addressAt(line, open + 7, close)
    return true
  }
  if (line.startsWith('Connection from ', from)) {
    if (peerFromLeft(line, from + 16, end, peer) < 0) return false
    set(m, 'network', 'connection-opened', 'unknown')
    takePeer(m)
    return true
  }
  return false
}

const readClosed = (line: string, from: number, end: number, m: SshdMessage, action: string): boolean => {
  let user = from
  let reason: string | undefined
  if (line.startsWith('authenticating user ', from)) {
    user = from + 20
    reason = 'authenticating'
  } else if (line.startsWith('invalid user ', from)) {
    user = from + 13
    reason = 'unknown_user'
  } else if (line.startsWith('user ', from)) user = from + 5
  if (user === from) {
    if (peerFromLeft(line, from, end, peer) < 0) return false
  } else {
    if (!peerFromRight(line, user - 1, end, peer, true)) return false
    m.user = line.slice(user, Math.max(user, peer.before))
  }
  set(m, 'network', action, 'unknown', reason)
  takePeer(m)
  return true
}

type Form = { readonly start: string; readonly reason: string; readonly peer: 'left' | 'right' | 'none' }

/** Messages about peers that did not speak the protocol; what stands behind a peer on the left, or before one on the right, is the client's text. */
const PROTOCOL_ERRORS: readonly Form[] = [
  { start: 'Unable to negotiate with ', reason: 'negotiation', peer: 'left' },
  { start: 'banner exchange: Connection from ', reason: 'banner', peer: 'left' },
  { start: 'ssh_dispatch_run_fatal: Connection from ', reason: 'packet', peer: 'left' },
  { start: 'Did not receive identification string from ', reason: 'no_identification', peer: 'left' },
  { start: 'Bad protocol version identification ', reason: 'bad_identification', peer: 'right' },
  { start: 'Timeout before authentication for connection from ', reason: 'timeout', peer: 'left' },
  { start: 'Timeout before authentication for ', reason: 'timeout', peer: 'left' },
  { start: 'Unable to negotiate a key exchange', reason: 'negotiation', peer: 'none' },
  { start: 'kex_exchange_identification: ', reason: 'no_identification', peer: 'none' },
  { start: 'Bad packet length', reason: 'packet', peer: 'none' },
  { start: 'Bad remote protocol version', reason: 'bad_identification', peer: 'none' },
]

const readProtocolError = (line: string, from: number, end: number, m: SshdMessage): void => {
  for (const form of PROTOCOL_ERRORS) {
    if (!line.startsWith(form.start, from)) continue
    const at = from + form.start.length
    const found =
      form.peer === 'left' ? peerFromLeft(line, at, end, peer) >= 0 : form.peer === 'right' && peerFromRight(line, at, end, peer)
    if (!found && form.peer !== 'none') return
    set(m, 'network', 'protocol-error', 'failure', form.reason)
    if (found) takePeer(m)
    return
  }
}
