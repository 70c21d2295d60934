import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { LOOPBACK, parseAddress } from '@parapet/core'
import type { FactFields } from './fact.js'
import { createFileCollectors, linkStat } from './files.js'
import { createSetuidCollector } from './setuid.js'
import { createListenerCollector } from './sockets.js'

/** A file of a kind that matters. `at` is when its contents or rights last changed, ms UTC, as the file system says. */
export type ChangedFile = {
  readonly kind: string
  readonly path: string
  readonly at: number
  readonly owner: string
  readonly mode: string
}

/** What stands out on a host at one look, without anything to compare it with. */
export type HostLook = {
  /** what takes connections from elsewhere */
  readonly listeners: readonly {
    readonly address: string
    readonly port: number
    readonly transport: string
    readonly program: string | null
    readonly user: string | null
  }[]
  /** tables of cron, units, configuration, key files and setuid programs that changed since the moment asked for, newest first */
  readonly changed: readonly ChangedFile[]
  /** keys that let somebody in, by account */
  readonly keys: readonly { readonly path: string; readonly fingerprint: string; readonly user: string }[]
  /** accounts with the rights of root beside root */
  readonly admins: readonly string[]
  /** what could not be read, so that nothing is known of it */
  readonly unread: readonly string[]
}

/** Where programs with setuid are looked for. */
const PROGRAMS = ['/usr', '/bin', '/sbin', '/opt', '/tmp', '/var/tmp', '/dev/shm', '/home']
const text = (value: string | number | undefined): string => String(value ?? '')

const adminsOf = (root: string): { readonly admins: string[]; readonly unread: string[] } => {
  try {
    const rows = readFileSync(join(root, 'etc/passwd'), 'utf8')
      .split('\n')
      .map((line) => line.split(':'))
    return { admins: rows.filter(([name, , uid]) => uid === '0' && name !== 'root').map(([name = '']) => name), unread: [] }
  } catch {
    return { admins: [], unread: ['/etc/passwd'] }
  }
}

/** Looks at a host once, below `root`; `since` in ms UTC. Reads only, never throws; whoever has the rights of root can set the times of files. */
export const lookAtHost = async (root: string, since: number): Promise<HostLook> => {
  const changed: ChangedFile[] = []
  const keys: { path: string; fingerprint: string; user: string }[] = []
  const { admins, unread: unreadAccounts } = adminsOf(root)
  const unread = new Set<string>(unreadAccounts)
  const onUnread = (path: string): void => void unread.add(`/${relative(root, path)}`)
  const note = (kind: string, fields: FactFields): void => {
    const path = text(fields['file.path'])
    const stat = linkStat(join(root, path))
    if (stat !== undefined && Math.max(stat.ctimeMs, stat.mtimeMs) >= since)
      changed.push({
        kind,
        path,
        at: Math.trunc(Math.max(stat.ctimeMs, stat.mtimeMs)),
        owner: text(fields['file.owner']),
        mode: text(fields['file.mode']),
      })
  }
  for (const collector of [...createFileCollectors(root, 0, [], onUnread), createSetuidCollector(root, PROGRAMS, 0, 0, onUnread)]) {
    const facts = await collector.collect()
    const seen = new Set<string>()
    for (const fields of facts.values()) {
      const path = text(fields['file.path'])
      if (collector.name === 'ssh_keys')
        keys.push({ path, fingerprint: text(fields['ssh.key.fingerprint']), user: text(fields['user.name']) })
      // one file may hold many keys
      if (!seen.has(path)) note(collector.name, fields)
      seen.add(path)
    }
  }
  const isOutward = (address: string): boolean => {
    const known = parseAddress(address)
    return known !== undefined && !LOOPBACK.has(known)
  }
  const listening = [...(await createListenerCollector(root, 0).collect()).values()]
  return {
    listeners: listening
      .filter((fields) => isOutward(text(fields['destination.ip'])))
      .map((fields) => ({
        address: text(fields['destination.ip']),
        port: Number(fields['destination.port']),
        transport: text(fields['network.transport']),
        program: fields['process.name'] === undefined ? null : text(fields['process.name']),
        user: fields['user.name'] === undefined ? null : text(fields['user.name']),
      })),
    changed: changed.toSorted((a, b) => b.at - a.at || (a.path < b.path ? -1 : 1)),
    keys,
    admins,
    unread: [...unread],
  }
}
