import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { request as httpsRequest } from 'node:https'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { selfSigned } from '@parapet/testkit'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { failedLogin, type Json, testConfig } from '../app/fixtures/test-app.js'
import { createTestDatabase, type TestDatabase } from '../db/test-database.js'
import { keyFilePath } from '../keys/index.js'
import { createRotatingKeys } from '../modules/sealing/fixtures/rotating-keys.js'
import { RESEAL_TABLES } from '../modules/sealing/reseal-tables.js'
import { readLocalToken } from './local-token.js'
import { createLog } from './log.js'
import { loadMasker } from './masker.js'
import { type RunningServer, startServer, type StartOptions } from './start-server.js'

let dataDir: string
let database: TestDatabase
let lines: string[]
const running: RunningServer[] = []
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'parapet-start-'))
  database = await createTestDatabase({ migrated: false })
  lines = []
}, 60_000)
afterEach(async () => {
  for (const server of running.splice(0)) await server.stop()
  await database.close()
  await rm(dataDir, { recursive: true, force: true })
})

const start = async (overrides: object = {}, options: StartOptions = {}): Promise<RunningServer> => {
  const config = testConfig(dataDir, { port: 0, ...overrides })
  const server = await startServer(config, {
    database: await database.sibling(),
    log: createLog({ logLevel: 'info' }, loadMasker(), { write: (line: string) => lines.push(line) }),
    ...options,
  })
  running.push(server)
  return server
}
const call = async (
  server: RunningServer,
  path: string,
  init: { token?: string | undefined; body?: unknown; method?: string } = {},
): Promise<{ status: number; body: Json }> => {
  const response = await fetch(server.url + path, {
    method: init.method ?? (init.body === undefined ? 'GET' : 'POST'),
    headers: { ...(init.token === undefined ? {} : { authorization: `Bearer ${init.token}` }), 'content-type': 'application/json' },
    ...(init.body === undefined ? {} : { body: JSON.stringify(init.body) }),
  })
  return { status: response.status, body: await response.json().catch(() => undefined) }
}
const local = () => readLocalToken({ dataDir })

describe('startServer', () => {
  it('on an empty store makes schema, keys, local token and link, and says what to back up', async () => {
    const server = await start()
    expect(server.setupLink).toMatch(new RegExp(`^${server.url}/setup#[\\w-]{43}$`))
    expect((await call(server, '/readyz')).body.status).toBe('ready')
    expect((await call(server, '/v1/session', { token: await local() })).body.kind).toBe('local')
    for (const file of ['keys.json', 'local-token', 'setup.json']) expect((await stat(join(dataDir, file))).mode & 0o777).toBe(0o600)
    expect(lines.find((line) => line.includes('back this file up'))).toContain(keyFilePath(dataDir))
    expect(lines.find((line) => line.includes('a keyset was made'))).toContain(keyFilePath(dataDir))
    // neither the link nor a key may stand in a log
    const secrets = [
      server.setupLink?.split('#')[1] ?? 'none',
      JSON.parse(await readFile(keyFilePath(dataDir), 'utf8')).key,
      (await local()) ?? 'none',
    ]
    for (const secret of secrets) expect(lines.join('')).not.toContain(secret)
  }, 60_000)

  it('keeps everything over a restart, and prints no link once there is an operator', async () => {
    const first = await start()
    const token = await local()
    await call(first, '/v1/setup', { body: { link: first.setupLink, name: 'Ann', password: 'a long phrase of hers' } })
    const source = (await call(first, '/v1/sources', { token, body: { name: 'shop' } })).body
    expect((await call(first, '/v1/events', { token: source.token, body: failedLogin() })).status).toBe(202)
    await first.stop()
    const second = await start()
    expect(second.setupLink).toBeUndefined()
    expect(await local()).toBe(token)
    expect((await call(second, '/v1/events?user=ann', { token })).body.items).toHaveLength(1)
    expect((await call(second, '/v1/events', { token: source.token, body: failedLogin() })).status).toBe(202)
  }, 60_000)

  it('ends a ban at the next start when its target was put on the allow-list', async () => {
    const first = await start()
    const body = { target: { kind: 'ip', value: '203.0.113.50' }, action: 'deny', scope: 'all', duration: '1h', reason: 'typos' }
    const { id } = (await call(first, '/v1/decisions', { token: await local(), body })).body
    await first.stop()
    const second = await start({ allowList: ['203.0.113.0/24'] })
    const token = await local()
    await expect
      .poll(async () => (await call(second, '/v1/decisions?state=lifted', { token })).body.items.map((one: Json) => one.id))
      .toEqual([id])
    expect((await call(second, '/v1/decisions', { token, body })).body.code).toBe('PPT_PROTECTED_TARGET')
  }, 60_000)

  it('refuses a store that holds anything without its key, and leaves the key file alone', async () => {
    const first = await start()
    await call(first, '/v1/sources', { token: await local(), body: { name: 'shop' } })
    await first.stop()
    await rm(keyFilePath(dataDir))
    await expect(start()).rejects.toMatchObject({ code: 'PPT_KEYS_MISSING', detail: expect.stringContaining(keyFilePath(dataDir)) })
    await expect(stat(keyFilePath(dataDir))).rejects.toMatchObject({ code: 'ENOENT' })
  }, 60_000)

  it('refuses a store whose keyset is gone, and makes no other in its place', async () => {
    const first = await start()
    await call(first, '/v1/setup', { body: { link: first.setupLink, name: 'Ann', password: 'a long phrase of hers' } })
    await first.stop()
    await database.owner().query('DELETE FROM parapet_keysets')
    await expect(start()).rejects.toMatchObject({ code: 'PPT_KEYS_MISSING', detail: expect.stringContaining('parapet_keysets') })
    expect((await database.pool.query('SELECT 1 FROM parapet_keysets')).rowCount).toBe(0)
  }, 60_000)

  it('seals with the key that the settings name, and opens with no other', async () => {
    const kek = join(dataDir, 'kek')
    await writeFile(kek, randomBytes(32).toString('base64url'), { mode: 0o600 })
    const first = await start({ kek: `file:${kek}` })
    await call(first, '/v1/setup', { body: { link: first.setupLink, name: 'Ann', password: 'a long phrase of hers' } })
    await first.stop()
    await expect(start()).rejects.toMatchObject({ code: 'PPT_KEK' })
    await writeFile(kek, randomBytes(32).toString('base64url'))
    await expect(start({ kek: `file:${kek}` })).rejects.toMatchObject({ code: 'PPT_KEK' })
    await rm(kek)
    await expect(start({ kek: `file:${kek}` })).rejects.toMatchObject({ code: 'PPT_KEK', detail: expect.stringContaining(kek) })
  }, 60_000)

  it('brings what it holds under a new primary key by itself, and says how far it is', async () => {
    const first = await start()
    const token = await local()
    const { token: source } = (await call(first, '/v1/sources', { token, body: { name: 'shop' } })).body
    expect((await call(first, '/v1/events', { token: source, body: failedLogin() })).status).toBe(202)
    const metrics = async (server: RunningServer): Promise<string> => (await fetch(`${server.url}/metrics`)).text()
    expect(await metrics(first)).toContain('parapet_reseal_tables_left 0')
    await first.stop()
    const { key } = JSON.parse(await readFile(keyFilePath(dataDir), 'utf8')) as { key: string }
    const keys = createRotatingKeys(database, Buffer.from(key, 'base64url'))
    const [old] = Object.keys((await keys.scan()).uses)
    const fresh = await keys.rotate()
    const second = await start()
    await expect.poll(async () => Object.keys((await keys.scan()).uses), { timeout: 20_000 }).toEqual([String(fresh)])
    expect(lines.find((line) => line.includes('another primary key'))).toContain(String(fresh))
    // the last pass waits until no server can have the old copy of the keyset any more
    expect(await metrics(second)).toContain(`parapet_reseal_tables_left ${RESEAL_TABLES.length}`)
    expect(await metrics(second)).toMatch(/parapet_reseal_rows\{outcome="resealed"\} [1-9]/)
    expect((await call(second, '/v1/events?user=ann', { token })).body.items).toHaveLength(1)
    expect(old).not.toBe(String(fresh))
  }, 60_000)

  it('a busy port: refused before the database is touched', async () => {
    const other = createServer()
    await new Promise<void>((done) => other.listen(0, '127.0.0.1', done))
    const { port } = other.address() as { port: number }
    const untouched = await database.sibling()
    await expect(
      startServer(testConfig(dataDir, { port }), { database: untouched, log: createLog({ logLevel: 'silent' }, loadMasker()) }),
    ).rejects.toMatchObject({ code: 'PPT_PORT_BUSY' })
    expect((await untouched.owner().query(`select 1 from pg_namespace where nspname = 'parapet'`)).rowCount).toBe(0)
    await untouched.close()
    await new Promise((done) => other.close(done))
  }, 60_000)

  it('a non-loopback bind in clear: refused, whatever built the configuration', async () => {
    await expect(start({ host: '0.0.0.0' })).rejects.toMatchObject({ code: 'PPT_BIND_CLEARTEXT' })
  })

  it('an unwritable data directory: refused by name', async () => {
    await expect(start({ dataDir: '/proc/parapet' })).rejects.toMatchObject({
      code: 'PPT_DATA_DIR',
      detail: expect.stringContaining('/proc/parapet'),
    })
  }, 60_000)

  it('speaks HTTPS with its own certificate, with HSTS and a cookie bound to it', async () => {
    const { certFile: cert, keyFile: key } = selfSigned(dataDir)
    const server = await start({ tls: { cert, key }, publicUrl: 'https://localhost:8700' })
    expect(server.url).toMatch(/^https:\/\/localhost:\d+$/)
    const headers = await new Promise<Record<string, unknown>>((done, failed) => {
      const outgoing = httpsRequest(`${server.url}/healthz`, { rejectUnauthorized: false }, (answer) => {
        answer.resume()
        done(answer.headers)
      })
      outgoing.on('error', failed)
      outgoing.end()
    })
    expect(headers['strict-transport-security']).toMatch(/max-age=31536000/)
  }, 60_000)

  it('names the TLS file that cannot be read', async () => {
    await expect(start({ tls: { cert: '/nowhere/cert.pem', key: '/nowhere/key.pem' } })).rejects.toMatchObject({
      code: 'PPT_CONFIG_INVALID',
      detail: expect.stringContaining('tls.cert'),
    })
  })
})

describe('stop', () => {
  it('finishes the requests under way: what was being sent is answered and durable', async () => {
    const server = await start()
    const token = await local()
    const source = (await call(server, '/v1/sources', { token, body: { name: 'shop' } })).body
    const sends = Array.from({ length: 10 }, (_, i) =>
      call(server, '/v1/events', { token: source.token, body: failedLogin({ 'event.id': `stop-${i}` }) }).catch(() => undefined),
    )
    await sends[0]
    const stopping = server.stop()
    const answers = await Promise.all(sends)
    await stopping
    const accepted = answers.filter((answer) => answer?.status === 202).length
    const after = await start()
    const { body } = await call(after, '/v1/events?user=ann&limit=200', { token })
    expect(body.items.length).toBeGreaterThanOrEqual(accepted)
    expect(accepted).toBeGreaterThan(0)
  }, 60_000)

  it('ends live streams, so that it does not wait for them', async () => {
    const server = await start()
    const response = await fetch(`${server.url}/v1/decisions/stream`, { headers: { authorization: `Bearer ${await local()}` } })
    const reader = response.body?.getReader()
    await reader?.read()
    const began = Date.now()
    await server.stop()
    expect(Date.now() - began).toBeLessThan(8_000)
    const drained = async (): Promise<boolean> => {
      for (;;) if ((await reader?.read())?.done !== false) return true
    }
    expect(await drained()).toBe(true)
    await expect(fetch(`${server.url}/healthz`)).rejects.toThrow('fetch failed')
  }, 60_000)

  it('may be asked twice', async () => {
    const server = await start()
    await Promise.all([server.stop(), server.stop()])
    await server.stop()
  }, 60_000)
})
