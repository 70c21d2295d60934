import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { basename, join } from 'node:path'

/** One process as /proc shows it. Absent parts could not be read. */
export type Process = {
  readonly pid: number
  readonly parent: number
  readonly name: string
  readonly uid: number
  /** ticks since boot: with the number it names one process for ever */
  readonly started: string
}

const MOST_PROCESSES = 32_768
const MOST_COMMAND = 2_048

const read = (path: string): string | undefined => {
  try {
    return readFileSync(path, 'utf8')
  } catch {
    // it ended meanwhile, or is not ours to see
    return undefined
  }
}

/** The numbers of all processes. */
export const processIds = (root: string): readonly number[] => {
  try {
    return readdirSync(join(root, 'proc'))
      .filter((name) => /^\d+$/.test(name))
      .slice(0, MOST_PROCESSES)
      .map(Number)
  } catch {
    return []
  }
}

/** Reads a process; `undefined` when it is gone. Source: proc(5), /proc/pid/stat and status. */
export const readProcess = (root: string, pid: number): Process | undefined => {
  const stat = read(join(root, 'proc', String(pid), 'stat'))
  const status = read(join(root, 'proc', String(pid), 'status'))
  if (stat === undefined || status === undefined) return undefined
  // the name stands in brackets and may hold brackets itself
  const end = stat.lastIndexOf(')')
  const fields = stat.slice(end + 2).split(' ')
  return {
    pid,
    parent: Number(fields[1]),
    name: stat.slice(stat.indexOf('(') + 1, end).slice(0, 64),
    uid: Number(/^Uid:\t\d+\t(\d+)/m.exec(status)?.[1] ?? -1),
    started: fields[19] ?? '',
  }
}

/** The program of a process, or `undefined`. */
export const executableOf = (root: string, pid: number): string | undefined => {
  try {
    return readlinkSync(join(root, 'proc', String(pid), 'exe')).slice(0, 1_024)
  } catch {
    return undefined
  }
}

/** The words of a process's command, with blanks between them, at most 2 KiB. */
export const commandOf = (root: string, pid: number): string =>
  (read(join(root, 'proc', String(pid), 'cmdline')) ?? '').slice(0, MOST_COMMAND).split('\0').filter(Boolean).join(' ')

/** Which process holds each of these sockets, by their inodes. Others' sockets can only be seen by root. */
export const ownersOf = (root: string, sockets: ReadonlySet<string>): ReadonlyMap<string, number> => {
  const owners = new Map<string, number>()
  for (const pid of processIds(root)) {
    if (owners.size >= sockets.size) break
    const folder = join(root, 'proc', String(pid), 'fd')
    let names: string[]
    try {
      names = readdirSync(folder)
    } catch {
      continue
    }
    for (const name of names) {
      try {
        const target = readlinkSync(join(folder, name))
        if (!target.startsWith('socket:[')) continue
        const inode = target.slice(8, -1)
        if (sockets.has(inode) && !owners.has(inode)) owners.set(inode, pid)
      } catch {
        // closed meanwhile
      }
    }
  }
  return owners
}

/** Names of users by number, and the other way round. */
export type Users = { readonly nameOf: (uid: number) => string; readonly uidOf: (name: string) => number | undefined }

/** Reads `etc/passwd` below a root. */
export const readUsers = (root: string): Users => {
  const names = new Map<number, string>()
  const uids = new Map<string, number>()
  for (const line of (read(join(root, 'etc/passwd')) ?? '').split('\n')) {
    const [name = '', , uid = ''] = line.split(':')
    if (name === '' || !/^\d+$/.test(uid)) continue
    if (!names.has(Number(uid))) names.set(Number(uid), name)
    uids.set(name, Number(uid))
  }
  return { nameOf: (uid) => names.get(uid) ?? String(uid), uidOf: (name) => uids.get(name) }
}

/** Fields that say who holds a socket. */
export const ownerFields = (root: string, pid: number | undefined, uid: number, users: Users): Readonly<Record<string, string>> => {
  const process = pid === undefined ? undefined : readProcess(root, pid)
  const executable = pid === undefined ? undefined : executableOf(root, pid)
  return {
    'user.name': users.nameOf(uid),
    ...(process === undefined ? {} : { 'process.name': process.name }),
    ...(executable === undefined ? {} : { 'process.executable': executable, 'process.name': process?.name ?? basename(executable) }),
  }
}
