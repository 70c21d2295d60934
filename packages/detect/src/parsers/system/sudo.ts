import { lastWithin, say, within, wordEnd, type HostMessage, type ReadMessage } from './host-message.js'
import { readPam } from './pam.js'

/** Why sudo refused, in its own words at the start of the clause, and as a code. `incorrect password attempt` follows a number. */
const REFUSALS: readonly (readonly [string, string])[] = [
  ['user NOT in sudoers', 'not_in_sudoers'],
  ['user NOT authorized on host', 'not_authorized'],
  ['command not allowed', 'command_not_allowed'],
  ['a password is required', 'password_required'],
  ['no tty present', 'no_terminal'],
  ['a terminal is required', 'no_terminal'],
  ['sorry, you must have a tty', 'no_terminal'],
  ['sorry, you are not allowed', 'not_allowed'],
  ['unknown user', 'unknown_user'],
  ['account validation failure', 'account'],
  ['Account or password is expired', 'account'],
]

/**
 * Reads sudo: `USER : [REASON ; ]TTY=T ; PWD=D ; USER=TARGET ; ... COMMAND=C`. A folder's name and a command's arguments are the user's
 * text: the command runs from the first `COMMAND=` to the end, so that nothing of it can be hidden, and the target is given only where there
 * is a single place that could name it.
 */
export const readSudo: ReadMessage = (line, from, end, m) => {
  if (line.startsWith('pam_', from)) return readPam(line, from, end, m)
  let user = from
  while (user < end && line.charCodeAt(user) === 32) user++
  const colon = within(line, ' : ', user, end)
  if (colon < 0 || colon - user > 256) return
  const clause = colon + 3
  m.user = line.slice(user, colon)
  if (line.startsWith('(command continued)', clause)) {
    say(m, 'process', 'sudo-command', 'unknown', 'continued')
    m.command = line.slice(Math.min(end, clause + 20), end)
    return
  }
  if (line.startsWith('TTY=', clause) || line.startsWith('HOST=', clause) || line.startsWith('PWD=', clause)) {
    say(m, 'process', 'sudo-command', 'success')
  } else if (!readRefusal(line, clause, end, m)) return
  readFields(line, clause, end, m)
}

const readRefusal = (line: string, clause: number, end: number, m: HostMessage): boolean => {
  const digit = line.charCodeAt(clause)
  if (digit >= 48 && digit <= 57) {
    const word = wordEnd(line, clause, end)
    if (word - clause > 9 || !line.startsWith(' incorrect password attempt', word)) return false
    say(m, 'authentication', 'sudo', 'failure', 'bad_password')
    return true
  }
  for (const [words, reason] of REFUSALS) {
    if (!line.startsWith(words, clause)) continue
    say(m, 'process', 'sudo-refused', 'failure', reason)
    return true
  }
  // words of another version: still a refusal when sudo's fields follow
  if (within(line, ' ; TTY=', clause, end) < 0 || within(line, ' ; COMMAND=', clause, end) < 0) return false
  say(m, 'process', 'sudo-refused', 'failure', 'other')
  return true
}

const readFields = (line: string, clause: number, end: number, m: HostMessage): void => {
  const tty = line.startsWith('TTY=', clause) ? clause : within(line, ' ; TTY=', clause, end) + 3
  if (tty >= clause) m.terminal = line.slice(tty + 4, wordEnd(line, tty + 4, end))
  const target = within(line, ' ; USER=', clause, end)
  const command = within(line, ' ; COMMAND=', target < 0 ? clause : target, end)
  if (command >= 0) m.command = line.slice(command + 11, end)
  if (target < 0) return
  const folder = within(line, ' ; PWD=', clause, target)
  if (folder >= 0) m.directory = line.slice(folder + 7, target)
  if (lastWithin(line, ' ; USER=', clause, end) !== target) return
  m.target = line.slice(target + 8, wordEnd(line, target + 8, end))
  const group = within(line, ' ; GROUP=', target, command < 0 ? end : command)
  if (group >= 0) m.group = line.slice(group + 9, wordEnd(line, group + 9, end))
}
