import { spawn } from 'node:child_process'
import { closeSync, existsSync, openSync, readFileSync, realpathSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { ParapetError } from '@parapet/core'
import { Client } from 'pg'
import { codeOf } from '../errors.js'
import { connectionConfig } from '../pools.js'
import { ADMIN_ROLE } from '../types.js'
import { CLEAN_ENV } from './cluster.js'
import { belongsTo, isAlive, processesIn, readPostmasterPid } from './process.js'
import type { SystemUser } from './system-user.js'

/** One cluster on disk and how to run it. */
export type ClusterPlace = {
  readonly bin: string
  readonly pgdata: string
  readonly socketDir: string
  readonly logFile: string
  readonly user: SystemUser | undefined
  /** settings beside the fixed ones; fixed ones cannot be overridden */
  readonly settings?: Readonly<Record<string, string>>
}

/** Command-line settings win over every file, so that a cluster cannot be talked into TCP or out of fsync from inside. */
const settingsOf = (place: ClusterPlace): string[] => {
  const settings: Record<string, string> = {
    fsync: 'on',
    max_connections: '60',
    shared_buffers: '128MB',
    jit: 'off',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_line_prefix: '%m [%p] ',
    log_checkpoints: 'off',
    // statements and parameters carry what attackers and people typed: never into a log file
    log_min_error_statement: 'panic',
    log_parameter_max_length_on_error: '0',
    log_error_verbosity: 'terse',
    ...place.settings,
    listen_addresses: '',
    port: '5432',
    unix_socket_directories: place.socketDir,
    unix_socket_permissions: '0700',
    logging_collector: 'off',
  }
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`])
}

const logTail = (path: string): string => {
  const lines = existsSync(path) ? readFileSync(path, 'utf8').slice(-4_000).trim().split('\n') : []
  return (lines.findLast((line) => line.includes('FATAL')) ?? lines.at(-1) ?? '').replace(/^.*?(?=FATAL)/, '').slice(0, 300)
}

/** Signs in as the administrator of the cluster. Rejects with what `pg` says. */
export const connectAdmin = async (socketDir: string, database = 'postgres', name = 'parapet-admin'): Promise<Client> => {
  const target = { kind: 'socket', socketDir, database, user: ADMIN_ROLE } as const
  const client = new Client({ ...connectionConfig(target, false), application_name: name })
  client.on('error', () => undefined)
  await client.connect()
  return client
}

const isOurs = async (place: ClusterPlace): Promise<boolean> => {
  const client = await connectAdmin(place.socketDir)
  try {
    const { rows } = await client.query<{ data_directory: string }>('SHOW data_directory')
    return rows[0] !== undefined && realpathSync(rows[0].data_directory) === realpathSync(place.pgdata)
  } finally {
    await client.end().catch(() => undefined)
  }
}

/** Waits until the cluster answers. Recovery after a crash may take minutes and is waited for; a dead process is not. */
const waitReady = async (place: ClusterPlace, alive: () => boolean): Promise<boolean> => {
  for (let waited = 0; ;) {
    try {
      return await isOurs(place)
    } catch (error) {
      if (!alive()) return false
      const starting = codeOf(error) === '57P03'
      if (waited > (starting ? 600_000 : 60_000))
        throw new ParapetError('PPT_DATABASE_RUNTIME', 'PostgreSQL runs but does not answer', { cause: error })
    }
    const pause = waited < 1_000 ? 15 : 250
    await sleep(pause)
    waited += pause
  }
}

const spawnPostmaster = (place: ClusterPlace): { pid: number; exited: () => boolean } => {
  const log = openSync(place.logFile, 'a', 0o600)
  try {
    const child = spawn(join(place.bin, 'postgres'), ['-D', place.pgdata, ...settingsOf(place)], {
      // a group of its own: a TERM to the server's group must reach the server only, which stops PostgreSQL last
      detached: true,
      stdio: ['ignore', log, log],
      env: CLEAN_ENV,
      cwd: place.pgdata,
      ...(place.user === undefined ? {} : { uid: place.user.uid, gid: place.user.gid }),
    })
    let ended = false
    child.on('exit', () => {
      ended = true
    })
    child.on('error', () => {
      ended = true
    })
    child.unref()
    return { pid: child.pid ?? 0, exited: () => ended }
  } finally {
    closeSync(log)
  }
}

/** A pid file whose process is something else keeps PostgreSQL from starting; it goes only when nobody works in the cluster. */
const clearStalePidFile = (place: ClusterPlace): void => {
  const pid = readPostmasterPid(place.pgdata)
  if (pid !== undefined && belongsTo(pid, place.pgdata) === 'no' && processesIn(place.pgdata).length === 0)
    rmSync(join(place.pgdata, 'postmaster.pid'), { force: true })
}

/**
 * Makes sure that the cluster's postmaster runs and answers: adopts the one that a killed server left, waits for one that is
 * stopping, starts one otherwise. Answers its process id. Errors: `PPT_DATABASE_RUNTIME` with the last line of its log.
 */
export const ensurePostmaster = async (place: ClusterPlace): Promise<{ pid: number; adopted: boolean }> => {
  let failure = ''
  for (let attempt = 0; attempt < 40; attempt++) {
    const running = readPostmasterPid(place.pgdata)
    if (running !== undefined && belongsTo(running, place.pgdata) !== 'no') {
      if (await waitReady(place, () => isAlive(running) && readPostmasterPid(place.pgdata) === running))
        return { pid: running, adopted: true }
      await sleep(50)
      continue
    }
    clearStalePidFile(place)
    const child = spawnPostmaster(place)
    if (child.pid !== 0 && (await waitReady(place, () => !child.exited()))) {
      const pid = readPostmasterPid(place.pgdata) ?? child.pid
      return { pid, adopted: pid !== child.pid }
    }
    failure = logTail(place.logFile)
    // another server may have started it in the same moment, or backends of a killed one still hold its memory
    if (readPostmasterPid(place.pgdata) === undefined && processesIn(place.pgdata).length === 0 && attempt >= 2) break
    await sleep(250)
  }
  throw new ParapetError('PPT_DATABASE_RUNTIME', failure === '' ? 'postgres ended at once' : failure)
}

/** Stops a postmaster in PostgreSQL's fast mode, in its immediate mode after `graceMs`; resolves when it is gone. */
export const stopPostmaster = async (pid: number, pgdata: string, graceMs = 20_000): Promise<void> => {
  const signal = (name: NodeJS.Signals): void => {
    try {
      if (belongsTo(pid, pgdata) !== 'no') process.kill(pid, name)
    } catch {
      // it ended by itself in between
    }
  }
  signal('SIGINT')
  for (let waited = 0; belongsTo(pid, pgdata) !== 'no'; waited += 10) {
    if (waited === graceMs) signal('SIGQUIT')
    if (waited > graceMs + 10_000) throw new ParapetError('PPT_DATABASE_RUNTIME', `PostgreSQL (pid ${pid}) does not stop`)
    await sleep(10)
  }
}
