import { endsWith, lastWithin, say, within, wordEnd, type HostMessage, type ReadMessage } from './host-message.js'
import { readPam } from './pam.js'

/**
 * Reads su of util-linux (`(to TARGET) USER on TTY`, `FAILED SU (to TARGET) USER on TTY`), of shadow (`Successful su for TARGET by USER`,
 * `FAILED su for TARGET by USER`) and of the BSDs (`BAD SU USER to TARGET on TTY`). The name asked for is the user's text and is what is left between
 * both ends. shadow's second line for one try, `+ TTY USER:TARGET`, is a `su-step`.
 */
export const readSu: ReadMessage = (line, from, end, m) => {
  if (line.startsWith('pam_', from)) return readPam(line, from, end, m)
  if (line.startsWith('(to ', from)) readTo(line, from + 4, end, m, 'success')
  else if (line.startsWith('FAILED SU (to ', from)) readTo(line, from + 14, end, m, 'failure')
  else if (line.startsWith('FAILED su for ', from)) readFor(line, from + 14, end, m, 'failure')
  else if (line.startsWith('Successful su for ', from)) readFor(line, from + 18, end, m, 'success')
  else if (line.startsWith('BAD SU ', from)) readBad(line, from + 7, end, m)
  else if (line.startsWith('+ ', from) || line.startsWith('- ', from)) readShort(line, from, end, m)
}

const tell = (m: HostMessage, outcome: HostMessage['outcome']): void =>
  say(m, 'authentication', 'su', outcome, outcome === 'failure' ? 'refused' : undefined)

/** ` on TTY` at the end, the user in front of it; the terminal may be `none` or missing */
const readTo = (line: string, target: number, end: number, m: HostMessage, outcome: HostMessage['outcome']): void => {
  const on = lastWithin(line, ' on ', target, end)
  const userEnd = on < 0 || wordEnd(line, on + 4, end) !== end ? end : on
  const close = lastWithin(line, ') ', target, userEnd)
  if (close < 0 || wordEnd(line, close + 2, userEnd) !== userEnd) return
  tell(m, outcome)
  m.user = line.slice(close + 2, userEnd)
  m.target = line.slice(target, close)
  if (userEnd < end) m.terminal = line.slice(on + 4, end)
}

const readFor = (line: string, target: number, end: number, m: HostMessage, outcome: HostMessage['outcome']): void => {
  const by = lastWithin(line, ' by ', target, end)
  if (by < 0 || wordEnd(line, by + 4, end) !== end) return
  tell(m, outcome)
  m.target = line.slice(target, by)
  m.user = line.slice(by + 4, end)
}

const readBad = (line: string, user: number, end: number, m: HostMessage): void => {
  const to = within(line, ' to ', user, end)
  const on = lastWithin(line, ' on ', user, end)
  if (to < 0 || on <= to) return
  tell(m, 'failure')
  m.user = line.slice(user, to)
  m.target = line.slice(to + 4, on)
  m.terminal = line.slice(on + 4, end)
}

/** `+ /dev/pts/0 alice:root`: no name of a user holds a colon */
const readShort = (line: string, from: number, end: number, m: HostMessage): void => {
  const tty = wordEnd(line, from + 2, end)
  const colon = within(line, ':', tty, end)
  if (tty === end || colon < 0 || endsWith(line, ':', from, end)) return
  say(m, 'authentication', 'su-step', line.charCodeAt(from) === 43 ? 'success' : 'failure')
  m.terminal = line.slice(from + 2, tty)
  m.user = line.slice(tty + 1, colon)
  m.target = line.slice(colon + 1, end)
}
