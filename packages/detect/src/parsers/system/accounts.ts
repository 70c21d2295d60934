import { endsWith, lastWithin, say, within, type HostMessage, type ReadMessage } from './host-message.js'
import { readPam } from './pam.js'

/** The text in quotes that starts at `from`, up to the next quote; `undefined` when there is none. Names of accounts hold no quotes. */
const quotedAt = (line: string, from: number, end: number): string | undefined => {
  const close = line.charCodeAt(from) === 39 ? within(line, "'", from + 1, end) : -1
  return close < 0 ? undefined : line.slice(from + 1, close)
}

const behind = (line: string, words: string, from: number, end: number): string | undefined => {
  const at = within(line, words, from, end)
  return at < 0 ? undefined : quotedAt(line, at + words.length, end)
}

/** `name=NAME, ...` */
const nameField = (line: string, from: number, end: number): string | undefined => {
  const at = within(line, 'name=', from, end)
  if (at < 0) return undefined
  const comma = within(line, ',', at, end)
  return line.slice(at + 5, comma < 0 ? end : comma)
}

const tell = (m: HostMessage, action: string, target: string | undefined, reason?: string, group?: string): void => {
  say(m, 'iam', action, 'success', reason)
  m.target = target
  m.group = group
}

/**
 * Reads the tools of shadow: useradd, usermod, userdel, groupadd, groupmod, groupdel, gpasswd, passwd, chpasswd, chage, chfn, chsh, newusers. A group of a
 * shadow file that repeats what was just told is a `message`, so that one change is one event.
 */
export const readAccounts: ReadMessage = (line, from, end, m) => {
  switch (line.charCodeAt(from)) {
    case 112: // p
      if (line.startsWith('pam_', from)) return readPam(line, from, end, m)
      if (line.startsWith("password for '", from)) return readPassword(line, from + 13, end, m)
      return
    case 110: // n
      if (line.startsWith('new user: ', from)) tell(m, 'user-created', nameField(line, from + 10, end), uidReason(line, from, end))
      else if (line.startsWith('new group: ', from)) tell(m, 'group-created', undefined, undefined, nameField(line, from + 11, end))
      return
    case 97: // a
      if (line.startsWith("add '", from)) return readMember(line, from + 4, end, m, 'group-member-added')
      return
    case 100: // d
      if (line.startsWith("delete user '", from)) tell(m, 'user-deleted', quotedAt(line, from + 12, end))
      else if (line.startsWith("delete '", from)) return readMember(line, from + 7, end, m, 'group-member-removed')
      return
    case 99: // c
      return readChange(line, from, end, m)
    case 108: // l
      if (line.startsWith("lock user '", from)) tell(m, 'user-changed', quotedAt(line, from + 10, end), 'locked')
      return
    case 117: // u
      if (line.startsWith("unlock user '", from)) tell(m, 'user-changed', quotedAt(line, from + 12, end), 'unlocked')
      else if (line.startsWith('user ', from)) readGpasswd(line, from + 5, end, m)
      return
    case 103: // g
      // two more lines, one a file, say the same
      if (line.startsWith("group '", from) && endsWith(line, "' removed", from, end))
        tell(m, 'group-deleted', undefined, undefined, quotedAt(line, from + 6, end))
      return
    case 109: // m
      if (line.startsWith('members of group ', from)) readMembers(line, from + 17, end, m)
      return
    case 102: // f
      if (line.startsWith("failed adding user '", from)) {
        tell(m, 'user-created', quotedAt(line, from + 19, end))
        m.outcome = 'failure'
      }
      return
    default:
  }
}

/** a second account with the number of root is root */
const uidReason = (line: string, from: number, end: number): string | undefined =>
  within(line, ', UID=0,', from, end) < 0 ? undefined : 'uid_zero'

const readPassword = (line: string, from: number, end: number, m: HostMessage): void => {
  if (within(line, "' changed", from, end) < 0) return
  tell(m, 'password-changed', quotedAt(line, from, end))
  m.user = behind(line, ' by ', from, end)
}

/** `add 'bob' to group 'sudo'`; the same for a shadow group says it again */
const readMember = (line: string, from: number, end: number, m: HostMessage, action: string): void => {
  const words = action === 'group-member-added' ? " to group '" : " from group '"
  const at = within(line, words, from, end)
  if (at < 0) return
  tell(m, action, quotedAt(line, from, end), undefined, quotedAt(line, at + words.length - 1, end))
}

const readChange = (line: string, from: number, end: number, m: HostMessage): void => {
  if (line.startsWith("change user '", from)) {
    const user = quotedAt(line, from + 12, end)
    const what = from + 14 + (user?.length ?? 0)
    if (line.startsWith(' password', what)) tell(m, 'password-changed', user)
    else if (line.startsWith(' UID from ', what) && line.startsWith(" to '0'", end - 7)) tell(m, 'user-changed', user, 'uid_zero')
    else tell(m, 'user-changed', user, line.startsWith(' shell ', what) ? 'shell' : undefined)
  } else if (line.startsWith('changed password expiry for ', from)) tell(m, 'user-changed', line.slice(from + 28, end), 'expiry')
  else if (line.startsWith("changed user '", from)) tell(m, 'user-changed', quotedAt(line, from + 13, end))
  else if (line.startsWith("change user name '", from)) tell(m, 'user-changed', quotedAt(line, from + 17, end), 'renamed')
}

/** `user bob added by root to group sudo`, `user bob removed by root from group sudo` */
const readGpasswd = (line: string, from: number, end: number, m: HostMessage): void => {
  const added = within(line, ' added by ', from, end)
  const by = added < 0 ? within(line, ' removed by ', from, end) : added
  const words = added < 0 ? ' from group ' : ' to group '
  const group = by < 0 ? -1 : lastWithin(line, words, by, end)
  if (group < 0) return
  tell(m, added < 0 ? 'group-member-removed' : 'group-member-added', line.slice(from, by), undefined, line.slice(group + words.length, end))
  m.user = line.slice(by + (added < 0 ? 12 : 10), group)
}

/** `members of group sudo set by root to alice,bob` */
const readMembers = (line: string, from: number, end: number, m: HostMessage): void => {
  const by = within(line, ' set by ', from, end)
  const to = by < 0 ? -1 : within(line, ' to ', by + 8, end)
  if (to < 0) return
  tell(m, 'group-member-added', line.slice(to + 4, end), 'members_set', line.slice(from, by))
  m.user = line.slice(by + 8, to)
}
