import { createHash } from 'node:crypto'
import { lstatSync, readFileSync, statSync, type Stats } from 'node:fs'
import { join, relative } from 'node:path'
import { expandGlob, isRefusal, type OnUnread } from '../files/glob.js'
import type { Collector, FactFields } from './fact.js'
import { readUsers, type Users } from './proc.js'

const CRON = [
  '/etc/crontab', '/etc/anacrontab', '/etc/cron.d/*', '/etc/cron.hourly/*', '/etc/cron.daily/*', '/etc/cron.weekly/*', '/etc/cron.monthly/*',
  '/var/spool/cron/*', '/var/spool/cron/crontabs/*',
] // prettier-ignore
const UNITS = [
  '/etc/systemd/system/*', '/etc/systemd/system/*.d/*', '/etc/systemd/user/*', '/etc/systemd/system-generators/*', '/usr/lib/systemd/system/*',
  '/usr/local/lib/systemd/system/*', '/home/*/.config/systemd/user/*', '/root/.config/systemd/user/*', '/etc/init.d/*', '/etc/rc.local',
] // prettier-ignore
const CONFIGURATION = [
  '/etc/passwd', '/etc/shadow', '/etc/group', '/etc/gshadow', '/etc/sudoers', '/etc/sudoers.d/*', '/etc/ssh/sshd_config', '/etc/ssh/sshd_config.d/*',
  '/etc/pam.d/*', '/etc/pam.conf', '/etc/security/*.conf', '/etc/nginx/nginx.conf', '/etc/nginx/conf.d/*', '/etc/nginx/sites-enabled/*',
  '/etc/apache2/apache2.conf', '/etc/apache2/sites-enabled/*', '/etc/hosts', '/etc/resolv.conf', '/etc/ld.so.preload', '/etc/ld.so.conf.d/*',
  '/etc/profile', '/etc/profile.d/*', '/etc/bash.bashrc', '/root/.bashrc', '/root/.profile', '/etc/environment', '/etc/login.defs', '/etc/audit/*.conf',
  '/etc/audit/rules.d/*', '/etc/rsyslog.conf', '/etc/rsyslog.d/*', '/etc/logrotate.d/*', '/etc/parapet/*', '/etc/modules-load.d/*', '/etc/udev/rules.d/*',
] // prettier-ignore
const KEYS = ['/root/.ssh/authorized_keys', '/root/.ssh/authorized_keys2', '/home/*/.ssh/authorized_keys', '/home/*/.ssh/authorized_keys2']

const MOST_HASHED = 4_194_304

/** What was read of a file stays true while these do. */
const stampOf = ({ ino, size, mtimeMs, ctimeMs }: Stats): string => `${ino} ${size} ${mtimeMs} ${ctimeMs}`

/** Remembers what files hold, so that an unchanged one is not read again. */
const createReader = <T>(make: (text: Buffer) => T, onUnread?: OnUnread): ((path: string, stat: Stats) => T | undefined) => {
  const known = new Map<string, { readonly stamp: string; readonly value: T | undefined }>()
  return (path, stat) => {
    const stamp = stampOf(stat)
    const found = known.get(path)
    if (found?.stamp === stamp) return found.value
    let value: T | undefined
    try {
      value = stat.size > MOST_HASHED ? undefined : make(readFileSync(path))
    } catch (error) {
      // not ours to read: its size and times still tell of a change
      if (isRefusal(error)) onUnread?.(path)
    }
    if (known.size > 20_000) known.clear()
    known.set(path, { stamp, value })
    return value
  }
}

const isStat = (stat: Stats | undefined): stat is Stats => stat?.isFile() === true

const statOf = (path: string, onUnread?: OnUnread): Stats | undefined => {
  try {
    return statSync(path, { throwIfNoEntry: false })
  } catch (error) {
    if (isRefusal(error)) onUnread?.(path)
    return undefined
  }
}

/** What the events of a file say of it. */
export const fileFields = (root: string, path: string, stat: Stats, hash: string | undefined, users: Users): FactFields => ({
  'file.path': `/${relative(root, path)}`,
  'file.mode': (stat.mode & 0o7777).toString(8).padStart(4, '0'),
  'file.owner': users.nameOf(stat.uid),
  ...(hash === undefined ? { 'file.size': stat.size, 'file.mtime': Math.trunc(stat.mtimeMs) } : { 'file.hash.sha256': hash }),
})

const collectFiles = (root: string, patterns: readonly string[], onUnread?: OnUnread): (() => ReadonlyMap<string, FactFields>) => {
  const read = createReader((bytes) => createHash('sha256').update(bytes).digest('hex'))
  return () => {
    const users = readUsers(root)
    const facts = new Map<string, FactFields>()
    for (const pattern of patterns)
      for (const path of expandGlob(join(root, pattern), onUnread)) {
        const stat = statOf(path, onUnread)
        if (!isStat(stat)) continue
        facts.set(`/${relative(root, path)}`, fileFields(root, path, stat, read(path, stat), users))
      }
    return facts
  }
}

const CHANGES = { added: 'added', changed: 'changed', removed: 'removed' } as const

/** Fingerprints of the keys in an authorized_keys file, as `ssh-keygen -l` prints them. Source: sshd(8), AUTHORIZED_KEYS FILE FORMAT. */
export const keyFingerprints = (text: string): readonly string[] => [
  ...new Set(
    text.split('\n').flatMap((line) => {
      if (line.trimStart().startsWith('#')) return []
      const words = line.slice(0, 16_384).split(/[ \t]+/)
      const at = words.findIndex((word) => /^(?:ssh|ecdsa|sk)-[\w@.-]+$/.test(word))
      const key = at < 0 ? '' : (words[at + 1] ?? '')
      return /^[A-Za-z0-9+/]{16,}={0,2}$/.test(key)
        ? [`SHA256:${createHash('sha256').update(Buffer.from(key, 'base64')).digest('base64').replace(/=+$/, '')}`]
        : []
    }),
  ),
]

/**
 * Cron tables, units, configuration and keys of a host: what they hold, whose they are and what may be done with them. `onUnread` is told
 * where nothing is known of, or of the keys in, a file.
 */
export const createFileCollectors = (root: string, everyMs: number, more: readonly string[], onUnread?: OnUnread): readonly Collector[] => {
  const readKeys = createReader((bytes) => keyFingerprints(bytes.toString('utf8')), onUnread)
  return [
    {
      name: 'cron',
      dataset: 'host.cron',
      category: 'configuration',
      actions: CHANGES,
      everyMs,
      collect: collectFiles(root, CRON, onUnread),
    },
    {
      name: 'units',
      dataset: 'host.unit',
      category: 'configuration',
      actions: CHANGES,
      everyMs,
      collect: collectFiles(root, UNITS, onUnread),
    },
    {
      name: 'files',
      dataset: 'host.file',
      category: 'file',
      actions: CHANGES,
      everyMs,
      collect: collectFiles(root, [...CONFIGURATION, ...more], onUnread),
    },
    {
      name: 'ssh_keys',
      dataset: 'host.ssh_key',
      category: 'configuration',
      actions: CHANGES,
      everyMs,
      collect: () => {
        const users = readUsers(root)
        const facts = new Map<string, FactFields>()
        for (const pattern of KEYS)
          for (const path of expandGlob(join(root, pattern), onUnread)) {
            const stat = statOf(path, onUnread)
            if (!isStat(stat)) continue
            const place = `/${relative(root, path)}`
            for (const key of readKeys(path, stat) ?? [])
              facts.set(`${place} ${key}`, { 'file.path': place, 'ssh.key.fingerprint': key, 'user.name': users.nameOf(stat.uid) })
          }
        return facts
      },
    },
  ]
}

/** What a file is when nothing of it is followed: a link is a link. */
export const linkStat = (path: string): Stats | undefined => {
  try {
    return lstatSync(path)
  } catch {
    return undefined
  }
}
