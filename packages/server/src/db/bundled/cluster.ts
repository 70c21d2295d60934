import { execFile } from 'node:child_process'
import { chownSync, existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ParapetError } from '@parapet/core'
import { ADMIN_ROLE, APP_ROLE, OWNER_ROLE } from '../types.js'
import { isAlive } from './process.js'
import type { SystemUser } from './system-user.js'

const run = promisify(execFile)

/** The environment of PostgreSQL's programs: nothing of ours, no PG* variable of the operator's shell. */
export const CLEAN_ENV: Readonly<Record<string, string>> = { LC_ALL: 'C', TZ: 'UTC', PATH: '/usr/bin:/bin' }

/** Where the cluster's files are in a data directory. */
export const clusterDir = (dataDir: string): string => join(dataDir, 'postgres')

/** The major that made the cluster, or `undefined` when there is none yet. */
export const clusterMajor = (dataDir: string): number | undefined => {
  const path = join(clusterDir(dataDir), 'PG_VERSION')
  return existsSync(path) ? Number.parseInt(readFileSync(path, 'utf8'), 10) : undefined
}

/** Only the peer of a local socket may sign in, and only the two users that belong to this server, as the three roles. */
const accessFiles = (users: readonly string[]): readonly (readonly [string, string])[] => [
  ['pg_hba.conf', 'local all all peer map=parapet\n'],
  ['pg_ident.conf', users.flatMap((user) => [ADMIN_ROLE, OWNER_ROLE, APP_ROLE].map((role) => `parapet "${user}" ${role}\n`)).join('')],
]

/** Writes who may sign in; on every start, so that a change of the server's user is taken up. */
export const writeAccess = (pgdata: string, users: readonly string[], user: SystemUser | undefined): void => {
  for (const [name, text] of accessFiles(users)) {
    const path = join(pgdata, name)
    // a rename, so that a half-written file never locks everybody out
    writeFileSync(`${path}.new`, text, { mode: 0o600 })
    if (user !== undefined) chownSync(`${path}.new`, user.uid, user.gid)
    renameSync(`${path}.new`, path)
  }
}

const sweepAbandoned = (dataDir: string): void => {
  for (const name of readdirSync(dataDir)) {
    const pid = /^(?:postgres|runtime)\.new-(\d+)$/.exec(name)?.[1]
    if (pid !== undefined && Number(pid) !== process.pid && !isAlive(Number(pid)))
      rmSync(join(dataDir, name), { recursive: true, force: true })
  }
}

/**
 * Makes the cluster when there is none: beside its place, then renamed, so that a kill half-way leaves nothing that looks
 * finished and of two that start together one wins. Errors: `PPT_DATABASE_RUNTIME`.
 */
export const createCluster = async (dataDir: string, bin: string, user: SystemUser | undefined, durable = true): Promise<void> => {
  sweepAbandoned(dataDir)
  const pgdata = clusterDir(dataDir)
  if (existsSync(join(pgdata, 'PG_VERSION'))) return
  const partial = `${pgdata}.new-${process.pid}`
  rmSync(partial, { recursive: true, force: true })
  mkdirSync(partial, { mode: 0o700 })
  if (user !== undefined) chownSync(partial, user.uid, user.gid)
  const flags = ['-D', partial, '-U', ADMIN_ROLE, '-E', 'UTF8', '--no-locale', '-A', 'peer', '--no-instructions', '--data-checksums']
  try {
    await run(join(bin, 'initdb'), durable ? flags : [...flags, '--no-sync'], {
      env: CLEAN_ENV,
      cwd: dataDir,
      ...(user === undefined ? {} : { uid: user.uid, gid: user.gid }),
    })
    renameSync(partial, pgdata)
  } catch (error) {
    rmSync(partial, { recursive: true, force: true })
    if (existsSync(join(pgdata, 'PG_VERSION'))) return
    const text = error instanceof Error && 'stderr' in error ? String(error.stderr).trim().split('\n').at(-1) : undefined
    throw new ParapetError('PPT_DATABASE_RUNTIME', `initdb failed${text ? `: ${text.slice(0, 300)}` : ''}`, { cause: error })
  }
}
