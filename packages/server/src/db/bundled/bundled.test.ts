import { type ChildProcess, spawn } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, realpathSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, afterEach, describe, expect, it, vi } from 'vitest'
import { startDatabase } from '../start.js'
import { silentLog } from '../test-database.js'
import type { Database } from '../types.js'
import { clusterDir } from './cluster.js'
import { isAlive, processesIn, readPostmasterPid } from './process.js'
import { socketDirFor } from './socket-dir.js'

const uid = process.getuid?.() ?? -1
const CHILD = fileURLToPath(new URL('../fixtures/start-child.ts', import.meta.url))

const dirs: string[] = []
const databases: Database[] = []
const children: ChildProcess[] = []

const freshDir = (): string => {
  const dir = realpathSync(mkdtempSync(join(tmpdir(), 'parapet-bundled-')))
  dirs.push(dir)
  return dir
}
const start = async (dataDir: string, mode: 'serve' | 'attach' = 'serve'): Promise<Database> => {
  const database = await startDatabase({ dataDir, mode, poolSize: 2 }, silentLog)
  databases.push(database)
  return database
}
/** A server in a process of its own; resolves with its first line once it said something. */
const startChild = async (dataDir: string, table: string): Promise<{ child: ChildProcess; said: string }> => {
  const child = spawn(process.execPath, ['--conditions=source', '--import', 'tsx', CHILD, dataDir, table], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  children.push(child)
  const said = await new Promise<string>((resolve, reject) => {
    child.stdout.once('data', (chunk: Buffer) => resolve(chunk.toString().trim()))
    child.once('exit', (code) => reject(new Error(`the child ended with ${code} before it said anything`)))
  })
  return { child, said }
}
const ended = (child: ChildProcess): Promise<unknown> =>
  child.exitCode !== null || child.signalCode !== null ? Promise.resolve() : new Promise((resolve) => child.once('exit', resolve))
const kill = async (child: ChildProcess): Promise<void> => {
  child.kill('SIGKILL')
  await ended(child)
}
const setting = async (database: Database, name: string): Promise<string> =>
  (await database.pool.query<{ value: string }>('SELECT current_setting($1) AS value', [name])).rows[0]?.value ?? ''
const pidOf = (dataDir: string): number => {
  const pid = readPostmasterPid(clusterDir(dataDir))
  if (pid === undefined) throw new Error('PostgreSQL does not run')
  return pid
}

afterEach(async () => {
  for (const child of children.splice(0)) await kill(child)
  for (const database of databases.splice(0)) await database.close()
})
afterAll(async () => {
  for (const dir of dirs.splice(0)) {
    // what a killed child left behind is adopted once more, to be stopped
    if (existsSync(clusterDir(dir)) && processesIn(clusterDir(dir)).length > 0)
      await (await startDatabase({ dataDir: dir }, silentLog)).close()
    rmSync(socketDirFor(dir, uid, process.env), { recursive: true, force: true })
    rmSync(dir, { recursive: true, force: true })
  }
}, 60_000)

/** used by one test after the other, as a data directory is over the years */
const shared = freshDir()

describe('the bundled PostgreSQL', { timeout: 60_000 }, () => {
  it('runs from the data directory, never as root, without TCP, with fsync, behind private sockets', async () => {
    const dataDir = shared
    const database = await start(dataDir)
    const pid = pidOf(dataDir)
    const status = readFileSync(`/proc/${pid}/status`, 'utf8')
    expect(Number(/^Uid:\s+(\d+)/m.exec(status)?.[1])).not.toBe(0)
    expect(realpathSync(`/proc/${pid}/exe`)).toBe(join(dataDir, 'runtime/bin/postgres'))
    expect(await setting(database, 'listen_addresses')).toBe('')
    expect(await setting(database, 'fsync')).toBe('on')
    expect(await setting(database, 'is_superuser')).toBe('off')
    const sockets = statSync(socketDirFor(dataDir, uid, process.env))
    expect(sockets.mode & 0o777).toBe(0o700)
    expect(sockets.uid).toBe(statSync(clusterDir(dataDir)).uid)
    expect(statSync(clusterDir(dataDir)).mode & 0o777).toBe(0o700)
    expect(readFileSync(join(clusterDir(dataDir), 'pg_hba.conf'), 'utf8')).toBe('local all all peer map=parapet\n')
  })

  it('stops last and leaves no process, and starts again on the same data', async () => {
    const dataDir = shared
    const first = await start(dataDir)
    await first.owner().query('CREATE SCHEMA parapet; CREATE TABLE parapet.stopped AS SELECT 1 AS id')
    const pid = pidOf(dataDir)
    await first.close()
    expect(isAlive(pid)).toBe(false)
    expect(processesIn(clusterDir(dataDir))).toEqual([])
    const second = await start(dataDir)
    await expect(second.owner().query('SELECT id FROM stopped')).resolves.toMatchObject({ rows: [{ id: 1 }] })
  })

  it('keeps running when the server is killed, and the next server adopts it', async () => {
    const dataDir = shared
    const { child, said } = await startChild(dataDir, 'adopted')
    expect(said).toBe('ready')
    const pid = pidOf(dataDir)
    await kill(child)
    expect(isAlive(pid)).toBe(true)
    const database = await start(dataDir)
    expect(pidOf(dataDir)).toBe(pid)
    await expect(database.owner().query('SELECT id FROM adopted')).resolves.toMatchObject({ rowCount: 0 })
    await database.close()
    expect(isAlive(pid)).toBe(false)
  })

  it('is not ended by a signal to the group of the server', async () => {
    const dataDir = shared
    await start(dataDir)
    const group = readFileSync(`/proc/${pidOf(dataDir)}/stat`, 'utf8')
      .split(') ')[1]
      ?.split(' ')[2]
    expect(Number(group)).toBe(pidOf(dataDir))
  })

  it('refuses a second server and names the process of the first', async () => {
    const dataDir = shared
    const { child } = await startChild(dataDir, 'first')
    await expect(start(dataDir)).rejects.toMatchObject({ code: 'PPT_DATA_DIR_LOCKED', detail: expect.stringContaining(String(child.pid)) })
    expect(isAlive(pidOf(dataDir))).toBe(true)
    child.kill('SIGTERM')
    await ended(child)
    const database = await start(dataDir)
    expect(await setting(database, 'is_superuser')).toBe('off')
  })

  it('lets exactly one of two that start together have an empty directory', async () => {
    const dataDir = freshDir()
    const settled = await Promise.allSettled([startChild(dataDir, 'one'), startChild(dataDir, 'two')])
    const said = settled.map((each) => (each.status === 'fulfilled' ? each.value.said : String(each.reason)))
    expect(said.toSorted()).toEqual(['failed PPT_DATA_DIR_LOCKED', 'ready'])
  })

  it('serves a short command beside a running server and is left running by it', async () => {
    const dataDir = shared
    const server = await start(dataDir)
    const command = await start(dataDir, 'attach')
    await expect(command.pool.query('SELECT 1 AS one')).resolves.toMatchObject({ rows: [{ one: 1 }] })
    await command.close()
    expect(await setting(server, 'fsync')).toBe('on')
  })

  it('is stopped again by a short command that had to start it', async () => {
    const dataDir = shared
    const command = await start(dataDir, 'attach')
    const pid = pidOf(dataDir)
    await command.close()
    expect(isAlive(pid)).toBe(false)
  })

  it('starts over a pid file of a crash, even when its number belongs to another process by now', async () => {
    const dataDir = shared
    const first = await start(dataDir)
    const file = join(clusterDir(dataDir), 'postmaster.pid')
    const text = readFileSync(file, 'utf8')
    await first.close()
    writeFileSync(file, text.replace(/^\d+/, String(process.pid)))
    const second = await start(dataDir)
    expect(await setting(second, 'fsync')).toBe('on')
    expect(pidOf(dataDir)).not.toBe(process.pid)
  })

  it('is started again when it dies under a running server, with everything it had committed', async () => {
    const dataDir = shared
    const database = await start(dataDir)
    await database.owner().query('CREATE TABLE parapet.died AS SELECT 1 AS id')
    const pid = pidOf(dataDir)
    process.kill(pid, 'SIGKILL')
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false))
    await vi.waitFor(async () => expect(await database.owner().query('SELECT id FROM died')).toMatchObject({ rows: [{ id: 1 }] }), {
      timeout: 15_000,
      interval: 100,
    })
    // and it is still one server's only
    await vi.waitFor(async () => expect(await startChild(dataDir, 'late').then(({ said }) => said)).toBe('failed PPT_DATA_DIR_LOCKED'), {
      timeout: 10_000,
    })
  })
})
