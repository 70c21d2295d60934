import { execFileSync, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { needs, startRedis, type TestRedis } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { said } from './fixtures/said.js'
import { redis, redisAclEvents } from './redis.js'

const can = needs('redis-server', 'redis-cli')
const folder = mkdtempSync(join(tmpdir(), 'parapet-redis-log-'))
const log = join(folder, 'redis.log')
let server: TestRedis | undefined

const cli = (...args: readonly string[]): string => {
  const { stdout } = spawnSync('redis-cli', ['-p', String(server?.port), ...args], { encoding: 'utf8' })
  return stdout
}

beforeAll(async () => {
  if (!can.ok) return
  server = await startRedis(['--logfile', log, '--loglevel', 'verbose'])
  cli('ACL', 'SETUSER', 'app', 'on', '>secret', '~app:*', '+get')
}, 30_000)

afterAll(async () => {
  await server?.stop()
  rmSync(folder, { recursive: true, force: true })
})

describe.runIf(can.ok)(`a real Redis${can.note}`, () => {
  it('tells refused sign-ins, commands and keys by ACL LOG', () => {
    for (let tries = 0; tries < 3; tries++) cli('--user', 'app', '--pass', 'wrong', '--no-auth-warning', 'PING')
    cli('--user', 'app', '--pass', 'secret', '--no-auth-warning', 'FLUSHALL')
    cli('--user', 'app', '--pass', 'secret', '--no-auth-warning', 'GET', 'other:1')
    const reply = JSON.parse(
      execFileSync('redis-cli', ['-p', String(server?.port), '--json', 'ACL', 'LOG'], { encoding: 'utf8' }),
    ) as unknown
    const events = redisAclEvents(reply, Date.now())
    const logins = events.filter((event) => event['event.action'] === 'login').map((event) => said(event))
    expect(logins.length).toBeGreaterThanOrEqual(3)
    expect(logins[0]).toMatchObject({ dataset: 'redis', outcome: 'failure', user: 'app', ip: '127.0.0.1' })
    const refused = events
      .filter((event) => event['event.action'] === 'command-refused')
      .map((event) => [event['event.reason'], event['db.query.text'], event['user.name']])
    expect(refused).toContainEqual(['no_command', 'flushall', 'app'])
    expect(refused).toContainEqual(['no_key', 'other:1', 'app'])
    for (const event of events) expect(Math.abs(Date.now() - event['@timestamp'])).toBeLessThan(60_000)
  })

  it('tells in its log of HTTP, of replication and of a rewritten setting, and every line is read', async () => {
    const socket = connect(server?.port ?? 0, '127.0.0.1')
    socket.on('error', () => undefined)
    socket.write('POST / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    await once(socket, 'close')
    cli('REPLICAOF', '127.0.0.1', '1')
    cli('REPLICAOF', 'NO', 'ONE')
    const lines = readFileSync(log, 'utf8')
      .split('\n')
      .filter((line) => /^\d+:[MSCX] /.test(line))
    const events = lines.map((line) => redis.parse(line, { now: Date.now() }))
    expect(events.filter((event) => event === undefined)).toEqual([])
    expect(lines.length).toBeGreaterThan(10)
    const offset = -new Date().getTimezoneOffset()
    const found = lines.map((line) => said(redis.parse(line, { now: Date.now(), utcOffsetMinutes: offset })))
    // 7.0 keeps the address to itself, later versions tell it
    expect(found).toContainEqual(expect.objectContaining({ category: 'database', action: 'protocol-attack', outcome: 'failure' }))
    expect(found).toContainEqual(expect.objectContaining({ action: 'configuration-changed', reason: 'replication', ip: '127.0.0.1' }))
    expect(found).toContainEqual(expect.objectContaining({ action: 'connection', ip: '127.0.0.1' }))
  })
})
