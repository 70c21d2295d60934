import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import process from 'node:process'
import { freePort } from './free-port.js'
import { findProgram } from './needs.js'

/** A cluster of the machine's own PostgreSQL, on loopback, for one test. */
export type SystemPostgres = {
  readonly url: string
  query: (sql: string) => string
  /** connections stay and nothing is answered, as with a machine that hangs */
  pause: () => void
  resume: () => void
  /** an immediate end without a checkpoint, as when the machine loses power; {@link SystemPostgres.restart} recovers */
  crash: () => Promise<void>
  restart: () => Promise<void>
  stop: () => Promise<void>
}

const idOf = (flag: '-u' | '-g'): number => Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }))

/** Starts a fresh cluster in `folder` as the user `postgres`; the role in `url` owns the database and may create roles, but is no superuser. */
export const startSystemPostgres = async (folder: string): Promise<SystemPostgres> => {
  const program = (name: string): string => findProgram(name) ?? name
  const [uid, gid] = [idOf('-u'), idOf('-g')]
  mkdirSync(folder, { recursive: true })
  chownSync(folder, uid, gid)
  // the folders above belong to the test and are closed to others by default
  for (let above = join(folder, '..'); above !== '/' && above !== '/tmp'; above = join(above, '..')) chmodSync(above, 0o755)
  const data = join(folder, 'data')
  const as = { uid, gid, cwd: folder, env: { PATH: process.env['PATH'] ?? '', LC_ALL: 'C.UTF-8' } }
  execFileSync(program('initdb'), ['-D', data, '--auth=trust', '--username=postgres', '--encoding=UTF8'], { ...as, stdio: 'ignore' })
  const port = await freePort()
  const start = (): ReturnType<typeof spawn> =>
    spawn(program('postgres'), ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder, '-c', 'fsync=off'], {
      ...as,
      stdio: 'ignore',
    })
  let server = start()
  const query = (sql: string, database = 'parapet'): string =>
    execFileSync('psql', ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-d', database, '-Atc', sql], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  const ready = async (): Promise<void> => {
    for (let tries = 0; ; tries++) {
      try {
        query('select 1', 'postgres')
        return
      } catch (error) {
        if (tries > 100) throw error
        await new Promise((resolve) => setTimeout(resolve, 100))
      }
    }
  }
  const end = async (signal: 'SIGINT' | 'SIGQUIT'): Promise<void> => {
    if (server.exitCode !== null) return
    const exit = once(server, 'exit')
    server.kill(signal)
    await exit
  }
  /** every connection is a process of its own, in a group of its own */
  const signal = (name: 'SIGSTOP' | 'SIGCONT'): void => {
    const { pid } = server
    if (pid === undefined) return
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean)
    for (const one of [pid, ...children]) process.kill(Number(one), name)
  }
  await ready()
  query("create role parapet login createrole password 'parapet'", 'postgres')
  query('create database parapet owner parapet', 'postgres')
  return {
    url: `postgres://parapet:parapet@127.0.0.1:${port}/parapet`,
    query: (sql) => query(sql),
    pause: () => signal('SIGSTOP'),
    resume: () => signal('SIGCONT'),
    crash: () => end('SIGQUIT'),
    restart: async () => {
      server = start()
      await ready()
    },
    stop: () => end('SIGINT'),
  }
}
