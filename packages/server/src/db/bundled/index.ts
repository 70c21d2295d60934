import { execFileSync } from 'node:child_process'
import { join } from 'node:path'
import { ParapetError } from '@parapet/core'
import { prepareDataDir } from '../data-dir.js'
import { DATABASE_NAME, type DatabaseLog } from '../types.js'
import { bootstrapCluster } from './bootstrap.js'
import { clusterDir, clusterMajor, createCluster, writeAccess } from './cluster.js'
import { lockDataDir } from './lock.js'
import { rotateLog } from './log-file.js'
import { type ClusterPlace, connectAdmin, ensurePostmaster, stopPostmaster } from './postmaster.js'
import { belongsTo, readPostmasterPid } from './process.js'
import { findRuntime, installRuntime, type RuntimeSource, thisPlatform } from './runtime.js'
import { prepareSocketDir, socketDirFor } from './socket-dir.js'
import { supervise } from './supervisor.js'
import { chooseSystemUser } from './system-user.js'

/** A running bundled cluster. `pid` is the postmaster's; `stop` ends it where this process holds it. */
export type BundledCluster = {
  readonly socketDir: string
  readonly adopted: boolean
  readonly pid: () => number
  readonly stop: () => Promise<void>
}

/** How to run the bundled cluster. What is not given is the machine's. */
export type BundledOptions = {
  readonly dataDir: string
  readonly mode: 'serve' | 'attach'
  readonly database?: string
  readonly source?: RuntimeSource
  /** tests trade the flush to disk for speed */
  readonly settings?: Readonly<Record<string, string>>
  readonly onTakenOver?: (error: unknown) => void
}

const userName = (): string => execFileSync('id', ['-un'], { encoding: 'utf8' }).trim()

/**
 * Starts, or adopts, the private PostgreSQL of a data directory. Errors: `PPT_DATA_DIR`, `PPT_DATA_DIR_LOCKED`,
 * `PPT_DATABASE_RUNTIME`, `PPT_DATABASE_VERSION`.
 */
export const startBundled = async (options: BundledOptions, log: DatabaseLog): Promise<BundledCluster> => {
  const processUid = process.getuid?.()
  if (processUid === undefined)
    throw new ParapetError('PPT_DATABASE_RUNTIME', 'there is no bundled PostgreSQL for this system; set DATABASE_URL')
  const user = chooseSystemUser(processUid)
  const dataDir = prepareDataDir(options.dataDir, user)
  const source = options.source ?? findRuntime(thisPlatform())
  const runtime = installRuntime(source, dataDir, clusterMajor(dataDir), log)
  const socketDir = socketDirFor(dataDir, processUid, process.env)
  prepareSocketDir(socketDir, processUid, user)
  await createCluster(dataDir, runtime.bin, user, options.settings?.['fsync'] !== 'off')
  const pgdata = clusterDir(dataDir)
  writeAccess(pgdata, [userName(), ...(user === undefined ? [] : [user.name])], user)
  const logFile = join(dataDir, 'postgres.log')
  rotateLog(logFile)
  const place: ClusterPlace = {
    bin: runtime.bin,
    pgdata,
    socketDir,
    logFile,
    user,
    ...(options.settings === undefined ? {} : { settings: options.settings }),
  }

  const found = readPostmasterPid(pgdata)
  const beside = options.mode === 'attach' && found !== undefined && belongsTo(found, pgdata) !== 'no'
  const { pid, adopted } = await ensurePostmaster(place)
  const lock = beside ? undefined : await lockDataDir(socketDir, dataDir)
  try {
    const admin = await connectAdmin(socketDir)
    try {
      await bootstrapCluster(admin, options.database ?? DATABASE_NAME)
    } finally {
      await admin.end()
    }
  } catch (error) {
    await lock?.release()
    if (lock !== undefined && !adopted) await stopPostmaster(pid, pgdata)
    throw new ParapetError('PPT_DATABASE_RUNTIME', 'the roles and the database could not be created', { cause: error })
  }
  log.info(
    { version: runtime.version, pid, adopted, user: user?.name ?? userName() },
    adopted ? 'adopted the running PostgreSQL' : 'started PostgreSQL',
  )
  if (lock === undefined) return { socketDir, adopted, pid: () => pid, stop: () => Promise.resolve() }
  const supervisor = supervise(place, dataDir, { pid, lock }, options.onTakenOver ?? (() => undefined), log)
  return { socketDir, adopted, pid: supervisor.pid, stop: supervisor.stop }
}
