import type { SecurityEvent } from '@parapet/core'
import { addressAt } from '../address-text.js'
import { asEvent } from '../line-parser.js'
import type { AuditDraft } from './audit-fields.js'
import { syscallName } from './audit-syscalls.js'

type Meaning = { category: string; action: string; reason?: string | undefined; target?: string | undefined; command?: string | undefined }

/** No login belongs to it: -1 as an unsigned number. */
const UNSET = '4294967295'

/** What record types of user space mean. Source: linux/audit.h and audit-records.h of audit 4. */
const TYPES: ReadonlyMap<string, readonly [category: string, action: string, reason?: string]> = new Map([
  ['USER_LOGIN', ['authentication', 'login']],
  ['USER_AUTH', ['authentication', 'login-step']],
  ['USER_ACCT', ['authentication', 'login-step']],
  ['USER_ERR', ['authentication', 'login-step']],
  ['USER_START', ['session', 'session-opened']],
  ['USER_END', ['session', 'session-closed']],
  ['USER_CMD', ['process', 'executed', 'sudo']],
  ['ADD_USER', ['iam', 'account-changed', 'user_created']],
  ['DEL_USER', ['iam', 'account-changed', 'user_deleted']],
  ['ADD_GROUP', ['iam', 'account-changed', 'group_created']],
  ['DEL_GROUP', ['iam', 'account-changed', 'group_deleted']],
  ['USER_MGMT', ['iam', 'account-changed', 'user_changed']],
  ['GRP_MGMT', ['iam', 'account-changed', 'group_changed']],
  ['ACCT_LOCK', ['iam', 'account-changed', 'locked']],
  ['ACCT_UNLOCK', ['iam', 'account-changed', 'unlocked']],
  ['USER_CHAUTHTOK', ['iam', 'account-changed', 'password_changed']],
  ['CHGRP_ID', ['iam', 'account-changed', 'group_changed']],
  ['CHUSER_ID', ['iam', 'account-changed', 'user_changed']],
  ['CONFIG_CHANGE', ['configuration', 'config-changed']],
  ['DAEMON_START', ['process', 'service-started']],
  ['DAEMON_END', ['process', 'service-stopped']],
  ['DAEMON_ABORT', ['process', 'service-stopped', 'aborted']],
  ['SERVICE_START', ['process', 'service-started']],
  ['SERVICE_STOP', ['process', 'service-stopped']],
  ['SYSTEM_SHUTDOWN', ['host', 'system-stopped']],
  ['SYSTEM_BOOT', ['host', 'system-started']],
  ['ANOM_PROMISCUOUS', ['network', 'promiscuous-mode']],
  ['ANOM_ABEND', ['process', 'crashed']],
  ['AVC', ['host', 'access-denied']],
])

const TIME_CALLS: ReadonlySet<string> = new Set(['settimeofday', 'clock_settime', 'adjtimex'])
const STAMP_CALLS: ReadonlySet<string> = new Set(['utime', 'utimes', 'utimensat', 'futimesat'])
const FILE_CALLS: ReadonlySet<string> = new Set([
  'open',
  'openat',
  'openat2',
  'creat',
  'truncate',
  'ftruncate',
  'unlink',
  'unlinkat',
  'rename',
  'renameat',
  'renameat2',
  'rmdir',
  'mkdir',
  'chmod',
  'fchmod',
  'fchmodat',
  'chown',
  'fchown',
  'fchownat',
  'lchown',
  'link',
  'linkat',
  'symlink',
  'symlinkat',
  'setxattr',
])
const MODE_CALLS: ReadonlySet<string> = new Set(['chmod', 'fchmod', 'fchmodat'])
const O_TRUNC = 0x200
const SETUID = 0o4000

/** One event for all records of an audit event. */
export const auditEvent = (draft: AuditDraft): SecurityEvent => {
  const get = (key: string): string | undefined => draft.fields.get(key) || undefined
  const meaning = meaningOf(draft, get)
  const isLogin = meaning.category === 'authentication' || meaning.category === 'session'
  const destination = socketOf(get('saddr'))
  const login = get('auid')
  const account = get('acct') ?? get('ID')
  const actor = named(get('AUID')) ?? named(get('UID'))
  return asEvent({
    '@timestamp': draft.time,
    'event.category': meaning.category,
    'event.action': meaning.action,
    'event.outcome': outcomeOf(get('res') ?? get('success')),
    'event.reason': meaning.reason,
    'event.dataset': 'auditd',
    message: draft.text,
    'host.name': draft.host,
    'service.name': get('unit') ?? (draft.type.startsWith('DAEMON_') ? 'auditd' : undefined),
    'process.name': get('comm'),
    'process.pid': numberOf(get('pid')),
    'process.parent.pid': numberOf(get('ppid')),
    'process.executable': get('exe'),
    'process.command_line': meaning.command,
    'process.working_directory': get('cwd'),
    'process.tty': get('tty') ?? get('terminal'),
    'source.ip': addressOf(get('addr')),
    'destination.ip': destination?.ip,
    'destination.port': destination?.port,
    'user.id': get('uid'),
    'user.name': isLogin ? account : actor,
    'user.audit.id': login === UNSET || login === '-1' ? undefined : login,
    'user.target.name': isLogin ? undefined : meaning.category === 'iam' ? account : undefined,
    'group.name': get('grp'),
    'file.path': draft.path,
    'file.mode': draft.path === undefined ? undefined : get('mode'),
    'auditd.type': draft.type,
    'auditd.key': get('key'),
    'auditd.syscall': nameOfCall(get),
  })
}

const meaningOf = (draft: AuditDraft, get: (key: string) => string | undefined): Meaning => {
  const known = TYPES.get(draft.type)
  if (known !== undefined) {
    const [category, action, reason] = known
    if (draft.type === 'CONFIG_CHANGE') return { category, action, reason: configReason(get) }
    if (draft.type === 'USER_CMD') return { category, action, reason, command: get('cmd') }
    return { category, action, reason }
  }
  const call = nameOfCall(get)
  if (draft.args.length > 0 || call === 'execve' || call === 'execveat') {
    const words = draft.args.length > 0 ? draft.args.join(' ').slice(0, 8_192) : get('proctitle')
    return { category: 'process', action: 'executed', command: words }
  }
  const command = get('proctitle')
  if (draft.type === 'KERN_MODULE' || call === 'init_module' || call === 'finit_module')
    return { category: 'configuration', action: 'kernel-module-loaded', reason: get('name'), command }
  if (call === 'delete_module') return { category: 'configuration', action: 'kernel-module-removed', command }
  if (call === 'connect' && draft.fields.has('saddr')) return { category: 'network', action: 'connected', command }
  if (call !== undefined && TIME_CALLS.has(call)) return { category: 'configuration', action: 'clock-changed', command }
  if (call !== undefined && STAMP_CALLS.has(call)) return { category: 'file', action: 'file-time-changed', command }
  if (draft.path !== undefined || (call !== undefined && FILE_CALLS.has(call))) return { ...fileMeaning(draft, call, get), command }
  return { category: 'host', action: 'message', command }
}

const configReason = (get: (key: string) => string | undefined): string | undefined => {
  if (get('audit_enabled') === '0') return 'audit_disabled'
  const op = get('op')
  if (op === 'remove_rule' || op === 'remove rule') return 'rule_removed'
  return op === 'add_rule' || op === 'add rule' ? 'rule_added' : undefined
}

const fileMeaning = (draft: AuditDraft, call: string | undefined, get: (key: string) => string | undefined): Meaning => {
  const isLog = draft.path?.startsWith('/var/log/') ?? false
  const removed = draft.pathKind === 'DELETE' && call !== 'rename' && call !== 'renameat' && call !== 'renameat2'
  const emptied = call === 'truncate' || call === 'ftruncate' || (flagsOf(call, get) & O_TRUNC) !== 0
  if (isLog && (removed || (emptied && draft.pathKind !== 'CREATE')))
    return { category: 'file', action: 'log-cleared', reason: removed ? 'deleted' : 'truncated' }
  if (call !== undefined && MODE_CALLS.has(call)) {
    const mode = Number.parseInt(get(call === 'fchmodat' ? 'a2' : 'a1') ?? '0', 16)
    return { category: 'file', action: 'file-changed', reason: (mode & SETUID) !== 0 ? 'setuid' : 'mode' }
  }
  const reason = draft.pathKind === 'CREATE' ? 'created' : removed ? 'deleted' : undefined
  return { category: 'file', action: 'file-changed', reason }
}

const flagsOf = (call: string | undefined, get: (key: string) => string | undefined): number => {
  if (call === 'creat') return O_TRUNC
  if (call !== 'open' && call !== 'openat') return 0
  return Number.parseInt(get(call === 'open' ? 'a1' : 'a2') ?? '0', 16) || 0
}

const nameOfCall = (get: (key: string) => string | undefined): string | undefined => {
  const number = get('syscall')
  return get('SYSCALL') ?? (number === undefined ? undefined : syscallName(get('arch') ?? '', number))
}

const outcomeOf = (result: string | undefined): 'success' | 'failure' | 'unknown' => {
  if (result === 'success' || result === 'yes' || result === '1') return 'success'
  return result === 'failed' || result === 'no' || result === '0' ? 'failure' : 'unknown'
}

const numberOf = (text: string | undefined): number | undefined => {
  const value = text === undefined || text.length > 10 ? Number.NaN : Number(text)
  return Number.isSafeInteger(value) && value >= 0 ? value : undefined
}

const named = (name: string | undefined): string | undefined =>
  name === 'unset' || name?.startsWith('unknown(') === true ? undefined : name

const addressOf = (text: string | undefined): string | undefined => (text === undefined ? undefined : addressAt(text, 0, text.length))

/** The peer of a `saddr`: family in the host's order (little-endian), port and address in the network's. Source: ip(7), ipv6(7). */
const socketOf = (hex: string | undefined): { ip: string | undefined; port: number } | undefined => {
  if (hex === undefined || hex.length < 16 || hex.length > 256) return undefined
  const bytes = Buffer.from(hex, 'hex')
  if (bytes.length < 8) return undefined
  const family = bytes.readUInt16LE(0)
  const port = bytes.readUInt16BE(2)
  if (family === 2) return { ip: addressOf(bytes.subarray(4, 8).join('.')), port }
  if (family !== 10 || bytes.length < 24) return undefined
  const words = Array.from({ length: 8 }, (_, n) => bytes.readUInt16BE(8 + n * 2).toString(16))
  return { ip: addressOf(words.join(':')), port }
}
