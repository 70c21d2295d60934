import { chmodSync, chownSync, existsSync, lstatSync, mkdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { ParapetError } from '@parapet/core'
import { directoryKey } from '../data-dir.js'
import type { SystemUser } from './system-user.js'

/** `sun_path` on Linux holds 107 bytes and a NUL, on macOS 103. Source: unix(7). */
const SOCKET_PATH_BYTES = 103
const SOCKET_NAME = '.s.PGSQL.5432'

/** A short place for sockets, the same on every start: `/run/parapet/<key>` as root, else below the runtime directory or `/tmp`. */
export const socketDirFor = (dataDir: string, uid: number, env: Readonly<Record<string, string | undefined>>): string => {
  const key = directoryKey(dataDir)
  const own = env['XDG_RUNTIME_DIR']
  const path =
    uid === 0 && existsSync('/run')
      ? join('/run/parapet', key)
      : own !== undefined && own.startsWith('/') && existsSync(own)
        ? join(own, 'parapet', key)
        : `/tmp/parapet-${uid}-${key}`
  return Buffer.byteLength(join(path, SOCKET_NAME)) <= SOCKET_PATH_BYTES ? path : `/tmp/parapet-${uid}-${key}`
}

const refuse = (path: string, why: string): never => {
  throw new ParapetError('PPT_DATABASE_RUNTIME', `the socket directory ${path} ${why}; remove it and start again`)
}

/**
 * Makes the socket directory, 0700 and owned by the user of PostgreSQL. `/tmp` is anybody's: a directory, file or link that
 * somebody else put there first is refused with `PPT_DATABASE_RUNTIME`, never used and never taken over.
 */
export const prepareSocketDir = (path: string, processUid: number, user: SystemUser | undefined): void => {
  const parent = dirname(path)
  if (!existsSync(parent)) mkdirSync(parent, { recursive: true, mode: processUid === 0 ? 0o755 : 0o700 })
  if (parent !== '/tmp') {
    const stats = lstatSync(parent)
    if (
      !stats.isDirectory() ||
      (stats.uid !== processUid && stats.uid !== 0) ||
      ((stats.mode & 0o022) !== 0 && (stats.mode & 0o1000) === 0)
    )
      refuse(parent, 'belongs to somebody else or may be written by others')
  }
  const owner = user?.uid ?? processUid
  try {
    mkdirSync(path, { mode: 0o700 })
    chmodSync(path, 0o700)
    if (user !== undefined) chownSync(path, user.uid, user.gid)
    return
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST'))
      throw new ParapetError('PPT_DATABASE_RUNTIME', `the socket directory ${path} cannot be made`, { cause: error })
  }
  const stats = lstatSync(path)
  if (!stats.isDirectory()) refuse(path, 'is not a directory')
  // killed between mkdir and chown, root may find a directory of its own: nobody else could have made that
  if (processUid === 0 && stats.uid === 0 && user !== undefined) chownSync(path, user.uid, user.gid)
  else if (stats.uid !== owner) refuse(path, `belongs to user ${stats.uid}, not ${owner}`)
  if ((stats.mode & 0o077) !== 0) refuse(path, `is open to others (mode ${(stats.mode & 0o7777).toString(8)})`)
}
