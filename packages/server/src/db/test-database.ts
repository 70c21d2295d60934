import { spawn } from 'node:child_process'
import { lstatSync, mkdirSync, mkdtempSync, realpathSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type BundledCluster, startBundled } from './bundled/index.js'
import { connectAdmin } from './bundled/postmaster.js'
import { findRuntime, installRuntime, type RuntimeSource, thisPlatform } from './bundled/runtime.js'
import { socketDirFor } from './bundled/socket-dir.js'
import { migrate } from './migrate.js'
import { openBundled } from './start.js'
import { type Database, type DatabaseLog, OWNER_ROLE } from './types.js'

/** A log that says nothing. */
export const silentLog: DatabaseLog = { info: () => undefined, warn: () => undefined, error: () => undefined }

/** A database of one test file: real, empty but for the schema, gone when the process ends. */
export type TestDatabase = Database & {
  /** further pools on the same database, as another server process would have */
  readonly sibling: () => Promise<Database>
  /** breaks connections to this database from the server's side, as a restart would; those of one `application_name`, or all of ours */
  readonly cut: (applicationName?: string) => Promise<void>
  /** the data directory of the cluster and its sockets, for tests of what is below */
  readonly dataDir: string
  readonly socketDir: string
  readonly name: string
}

type TestCluster = { readonly cluster: BundledCluster; readonly dataDir: string }

/** One copy of PostgreSQL for all test processes instead of 60 MB each. */
const sharedRuntime = (): RuntimeSource => {
  const uid = process.getuid?.() ?? 0
  const dir = join(realpathSync(tmpdir()), `parapet-test-runtime-${uid}`)
  mkdirSync(dir, { recursive: true, mode: 0o755 })
  const stats = lstatSync(dir)
  if (!stats.isDirectory() || stats.uid !== uid || (stats.mode & 0o022) !== 0) throw new Error(`${dir} belongs to somebody else`)
  const runtime = installRuntime(findRuntime(thisPlatform()), dir, undefined, silentLog)
  return { kind: 'system', bin: runtime.bin, version: runtime.version }
}

const WATCHER = `cat >/dev/null
pid=$(head -n 1 "$1/postgres/postmaster.pid" 2>/dev/null)
if [ -n "$pid" ] && [ "$(readlink "/proc/$pid/cwd" 2>/dev/null || echo "$1/postgres")" = "$1/postgres" ]; then
  kill -INT "$pid"
  i=0; while kill -0 "$pid" 2>/dev/null && [ $i -lt 200 ]; do sleep 0.05; i=$((i+1)); done
fi
i=0; while ! rm -rf "$1" "$2" 2>/dev/null && [ $i -lt 20 ]; do sleep 0.5; i=$((i+1)); done`

/**
 * Ends the cluster and removes its files when this process is gone, however it ends: the watcher waits for the end of a pipe
 * that only this process holds. Begun before the cluster, so that a kill during the start leaves nothing either.
 */
const watch = (dataDir: string): void => {
  const socketDir = socketDirFor(dataDir, process.getuid?.() ?? -1, process.env)
  const watcher = spawn('sh', ['-c', WATCHER, 'parapet-test-watcher', dataDir, socketDir], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  watcher.unref()
  // an open pipe would keep this process alive
  const { stdin } = watcher
  if ('unref' in stdin && typeof stdin.unref === 'function') stdin.unref()
}

let shared: Promise<TestCluster> | undefined

const startCluster = async (): Promise<TestCluster> => {
  const dataDir = realpathSync(mkdtempSync(join(tmpdir(), 'parapet-test-')))
  // the processes of a test may be killed, the machine is not: no flush to disk
  const settings = { fsync: 'off', full_page_writes: 'off', shared_buffers: '32MB', max_connections: '100' }
  watch(dataDir)
  const cluster = await startBundled({ dataDir, mode: 'attach', source: sharedRuntime(), settings }, silentLog)
  return { cluster, dataDir }
}

let count = 0

/**
 * Opens a fresh database on the cluster of this test process, which starts at the first call (about a second) and ends with
 * the process. Call `close` in `afterAll`. With `migrated: false` it is empty.
 */
export const createTestDatabase = async (options: { migrated?: boolean; poolSize?: number } = {}): Promise<TestDatabase> => {
  shared ??= startCluster()
  const { cluster, dataDir } = await shared
  const name = `test_${process.pid}_${++count}`
  const admin = await connectAdmin(cluster.socketDir)
  try {
    await admin.query(`CREATE DATABASE ${name} OWNER ${OWNER_ROLE}`)
  } finally {
    await admin.end()
  }
  const open = (): Promise<Database> => openBundled(cluster, name, options.poolSize ?? 8, () => Promise.resolve(), silentLog)
  const database = await open()
  if (options.migrated !== false) await migrate(database)
  const cut = async (applicationName?: string): Promise<void> => {
    const client = await connectAdmin(cluster.socketDir)
    try {
      await client.query(
        'SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND ($2::text IS NULL OR application_name = $2)',
        [name, applicationName ?? null],
      )
    } finally {
      await client.end()
    }
  }
  return { ...database, sibling: open, cut, dataDir, socketDir: cluster.socketDir, name }
}
