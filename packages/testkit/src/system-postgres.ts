import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, chownSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from './free-port.js'
import { findProgram } from './needs.js'

/** A cluster of the machine's own PostgreSQL, on loopback, for one test. */
export type SystemPostgres = { readonly url: string; query: (sql: string) => string; stop: () => Promise<void> }

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
  const server = spawn(program('postgres'), ['-D', data, '-p', String(port), '-h', '127.0.0.1', '-k', folder, '-c', 'fsync=off'], {
    ...as,
    stdio: 'ignore',
  })
  const query = (sql: string, database = 'parapet'): string =>
    execFileSync('psql', ['-h', '127.0.0.1', '-p', String(port), '-U', 'postgres', '-d', database, '-Atc', sql], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  for (let tries = 0; ; tries++) {
    try {
      query('select 1', 'postgres')
      break
    } catch (error) {
      if (tries > 100) throw error
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
  }
  query("create role parapet login createrole password 'parapet'", 'postgres')
  query('create database parapet owner parapet', 'postgres')
  return {
    url: `postgres://parapet:parapet@127.0.0.1:${port}/parapet`,
    query: (sql) => query(sql),
    stop: async () => {
      if (server.exitCode !== null) return
      const exit = once(server, 'exit')
      server.kill('SIGINT')
      await exit
    },
  }
}
