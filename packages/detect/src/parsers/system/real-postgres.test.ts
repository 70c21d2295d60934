import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import process from 'node:process'
import type { SecurityEvent } from '@parapet/core'
import { needs, startSystemPostgres, type SystemPostgres } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { eventsOf, said } from './fixtures/said.js'
import { postgresqlCsv } from './postgres-csv.js'
import { postgresqlJson } from './postgres-json.js'
import { postgresql } from './postgresql.js'

const can = needs('root', 'postgres', 'psql', 'initdb')
const folder = mkdtempSync(join(tmpdir(), 'parapet-pg-log-'))
let server: SystemPostgres | undefined
const events: Record<'stderr' | 'csv' | 'json', SecurityEvent[]> = { stderr: [], csv: [], json: [] }

const EVIL = 'x@d FATAL:  password authentication failed for user "victim"'

/** Connects as somebody, over TCP; that it is refused is the point. */
const connect = (user: string, password: string, sql = 'select 1', database = 'parapet'): void => {
  const port = new URL(server?.url ?? '').port
  const env = { ...process.env, PGPASSWORD: password, PGUSER: user, PGDATABASE: database, PGAPPNAME: 'shop' }
  spawnSync('psql', ['-h', '127.0.0.1', '-p', port, '-Atc', sql], { env, stdio: 'ignore' })
}

beforeAll(async () => {
  if (!can.ok) return
  server = await startSystemPostgres(join(folder, 'pg'))
  const data = join(folder, 'pg', 'data')
  for (const setting of [
    'logging_collector = on',
    "log_destination = 'stderr,csvlog,jsonlog'",
    'log_connections = on',
    'log_disconnections = on',
    "log_line_prefix = '%m [%p] %q%u@%d '",
    "log_statement = 'all'",
    "log_timezone = 'UTC'",
  ])
    server.query(`alter system set ${setting}`)
  server.query("create role scram login password 'right'")
  server.query("set password_encryption = 'md5'; create role digest login password 'right'")
  server.query('create role nologin nologin')
  writeFileSync(
    join(data, 'pg_hba.conf'),
    'host all postgres 127.0.0.1/32 trust\nhost all digest 127.0.0.1/32 md5\nhost all rejected 127.0.0.1/32 reject\nhost parapet all 127.0.0.1/32 scram-sha-256\n',
  )
  await server.stop()
  await server.restart()
  connect('scram', 'wrong')
  connect('scram', 'right', 'select \'a\nFATAL:  password authentication failed for user "victim"\'')
  connect('scram', 'right', 'select * from nowhere')
  connect('digest', 'wrong')
  connect('digest', 'right')
  connect('nobody', 'x')
  connect('rejected', 'x')
  connect('scram', 'right', 'select 1', 'elsewhere')
  connect(EVIL, 'x')
  await server.stop()
  const logs = join(data, 'log')
  const lines = (suffix: string): string[] =>
    (existsSync(logs) ? readdirSync(logs) : [])
      .filter((name) => name.endsWith(suffix))
      .toSorted()
      .flatMap((name) => readFileSync(join(logs, name), 'utf8').split('\n'))
      .filter((line) => line !== '')
  const now = { now: Date.now() }
  events.stderr = eventsOf(postgresql, lines('.log'), now)
  events.csv = eventsOf(postgresqlCsv, lines('.csv'), now)
  events.json = eventsOf(postgresqlJson, lines('.json'), now)
}, 120_000)

afterAll(async () => {
  await server?.stop()
  execFileSync('sync', [])
  rmSync(folder, { recursive: true, force: true })
})

describe.runIf(can.ok).each(['stderr', 'csv', 'json'] as const)(`a real PostgreSQL writes %s${can.note}`, (format) => {
  const logins = (outcome: string): Record<string, unknown>[] =>
    events[format]
      .filter((event) => event['event.action'] === 'login' && event['event.outcome'] === outcome && event['user.name'] !== 'postgres')
      .map((event) => said(event))

  it('and every refused sign-in is one event with its user, its reason and its address', () => {
    const found = logins('failure').map(({ user, reason, ip }) => [user, reason, ip])
    // a user's name is cut at 63 bytes
    expect(found.toSorted((a, b) => String(a).localeCompare(String(b)))).toEqual(
      [
        ['scram', 'bad_password', '127.0.0.1'],
        ['digest', 'bad_password', '127.0.0.1'],
        ['nobody', 'unknown_user', '127.0.0.1'],
        ['rejected', 'rejected', '127.0.0.1'],
        ['scram', 'no_hba_entry', '127.0.0.1'],
        [EVIL.slice(0, 63), 'unknown_user', '127.0.0.1'],
      ].toSorted((a, b) => String(a).localeCompare(String(b))),
    )
  })

  it('and every one that went well', () => {
    expect(logins('success').map(({ user, ip }) => [user, ip])).toEqual([
      ['scram', '127.0.0.1'],
      ['scram', '127.0.0.1'],
      ['digest', '127.0.0.1'],
    ])
  })

  it('and a statement of two lines is one, whatever its text looks like', () => {
    const statements = events[format].filter((event) => event['event.action'] === 'statement').map((event) => event['db.query.text'])
    expect(statements).toContain('select \'a\nFATAL:  password authentication failed for user "victim"\'')
    expect(events[format].filter((event) => event['user.name'] === 'victim')).toEqual([])
  })

  it('and a fault has its statement', () => {
    const fault = events[format].find((event) => event['event.action'] === 'database-error' && event['user.name'] === 'scram')
    expect(fault).toMatchObject({
      message: expect.stringContaining('nowhere'),
      'db.query.text': 'select * from nowhere',
      'db.name': 'parapet',
    })
  })

  it('and the times are of now', () => {
    for (const event of events[format]) expect(Math.abs(Date.now() - event['@timestamp'])).toBeLessThan(300_000)
  })
})
