import { createHash } from 'node:crypto'
import { accessSync, chmodSync, constants, existsSync, mkdirSync, realpathSync, statSync } from 'node:fs'
import { dirname, isAbsolute, join, resolve } from 'node:path'
import { ParapetError } from '@parapet/core'

/** What decides where data lives; passed in so that it can be tried without being root. */
export type DataDirInputs = {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
  readonly uid: number
  readonly home: string
}

const LOCKFILES = ['package-lock.json', 'pnpm-lock.yaml', 'yarn.lock', 'bun.lock', '.git']

/** The root of the checkout that a directory belongs to: the nearest one with a lockfile or `.git`, else the directory itself. */
export const checkoutRoot = (cwd: string): string => {
  const start = existsSync(cwd) ? realpathSync(cwd) : resolve(cwd)
  for (let at = start; ; at = dirname(at)) {
    if (LOCKFILES.some((name) => existsSync(join(at, name)))) return at
    if (dirname(at) === at) return start
  }
}

/** A short name for a directory that is the same on every start: 16 hex digits of its SHA-256. */
export const directoryKey = (path: string): string => createHash('sha256').update(path).digest('hex').slice(0, 16)

/**
 * The data directory: `PARAPET_DATA_DIR`, else `/var/lib/parapet/<checkout key>` as root, else
 * `$XDG_DATA_HOME/parapet/<key>` or `~/.local/share/parapet/<key>`. Always absolute.
 */
export const resolveDataDir = ({ env, cwd, uid, home }: DataDirInputs): string => {
  const given = env['PARAPET_DATA_DIR']
  if (given !== undefined && given !== '') return resolve(cwd, given)
  const key = directoryKey(checkoutRoot(cwd))
  if (uid === 0) return join('/var/lib/parapet', key)
  const xdg = env['XDG_DATA_HOME']
  // the specification says to ignore a relative one
  return join(xdg !== undefined && isAbsolute(xdg) ? xdg : join(home, '.local/share'), 'parapet', key)
}

/** Node's own recursive `mkdir` never returns where the kernel answers ENOENT below a directory that exists, such as in `/proc`. */
const makeDirs = (path: string, mode: number): void => {
  const missing: string[] = []
  for (let at = path; !existsSync(at); at = dirname(at)) missing.unshift(at)
  for (const each of missing) {
    try {
      mkdirSync(each, { mode })
    } catch (error) {
      // somebody else who starts at the same moment was first
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error
    }
  }
}

const mayEnter = (path: string, user: { uid: number; gid: number }): boolean => {
  const { mode, uid, gid } = statSync(path)
  const bit = uid === user.uid ? 0o100 : gid === user.gid ? 0o010 : 0o001
  return (mode & bit) !== 0
}

/**
 * Makes the data directory and checks that this process may write it and that the system user of PostgreSQL, where there
 * is one, can reach it. Errors: `PPT_DATA_DIR` naming the directory that is in the way.
 */
export const prepareDataDir = (path: string, user: { uid: number; gid: number; name: string } | undefined): string => {
  let real: string
  try {
    makeDirs(path, user === undefined ? 0o700 : 0o711)
    real = realpathSync(path)
    accessSync(real, constants.W_OK | constants.X_OK)
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error'
    throw new ParapetError('PPT_DATA_DIR', `${path} (${code})`, { cause: error })
  }
  if (user === undefined) return real
  // PostgreSQL refuses root, so its user has to pass through here; entering is not listing, and what is secret inside is 0600
  const { mode } = statSync(real)
  if (!mayEnter(real, user)) chmodSync(real, (mode & 0o7777) | 0o111)
  for (let at = dirname(real); ; at = dirname(at)) {
    if (!mayEnter(at, user))
      throw new ParapetError(
        'PPT_DATA_DIR',
        `${path}: the user ${user.name}, which runs PostgreSQL because it refuses root, may not enter ${at}; choose another place or chmod o+x ${at}`,
      )
    if (dirname(at) === at) return real
  }
}
