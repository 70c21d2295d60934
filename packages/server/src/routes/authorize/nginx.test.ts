import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Decision, HOUR } from '@parapet/core'
import type { NewDecision } from '@parapet/respond'
import { findProgram, freePort, needs } from '@parapet/testkit'
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest'
import { createTestApp, type TestApp } from '../../app/fixtures/test-app.js'

const here = needs('nginx')
const GUIDE = new URL('../../../../../docs/guides/enforce-with-forward-auth.md', import.meta.url)
const OPERATOR = { kind: 'operator', id: 'ann', name: 'Ann' } as const

/** The blocks of the guide that are nginx configuration, in order: token, server, and what lets pass when Parapet is away. */
const blocks = [...readFileSync(GUIDE, 'utf8').matchAll(/```nginx\n([\s\S]*?)```/g)].map(([, text = '']) => text)

type Seen = { readonly status: number; readonly headers: Readonly<Record<string, string>>; readonly body: string }

/** Asks from an address of loopback, by hand: what is sent is exactly this. */
const ask = (
  port: number,
  path = '/',
  more: { from?: string; method?: string; headers?: Record<string, string>; host?: string } = {},
): Promise<Seen> =>
  new Promise((resolve, reject) => {
    const { from = '127.0.0.1', method = 'GET', headers = {}, host = '127.0.0.1' } = more
    const socket = connect({ port, host, localAddress: host === '::1' ? '::1' : from })
    let text = ''
    socket.setEncoding('latin1')
    socket.on('data', (chunk: string) => (text += chunk))
    socket.on('error', reject)
    socket.on('close', () => {
      const [head = '', body = ''] = text.split('\r\n\r\n', 2)
      const [first = '', ...lines] = head.split('\r\n')
      resolve({
        status: Number(first.split(' ')[1]),
        headers: Object.fromEntries(
          lines.map((line) => [line.slice(0, line.indexOf(':')).toLowerCase(), line.slice(line.indexOf(':') + 2)]),
        ),
        body,
      })
    })
    const all = { host: 'shop.example', connection: 'close', ...headers }
    socket.write(
      `${method} ${path} HTTP/1.1\r\n${Object.entries(all)
        .map(([name, value]) => `${name}: ${value}\r\n`)
        .join('')}\r\n`,
    )
  })

describe.skipIf(!here.ok)(`nginx as the guide configures it${here.note}`, () => {
  let t: TestApp
  let application: Server
  let place: string
  let closed: number
  let open: number
  let parapet: number
  const children: ChildProcess[] = []
  const heard: string[] = []
  let count = 0

  const decide = async (fields: Partial<NewDecision>): Promise<Decision> => {
    const now = t.now()
    const base = { scope: 'all', mode: 'enforce', reason: 'x', author: OPERATOR, startsAt: now, expiresAt: now + HOUR } as const
    const [made] = await t.services.decisions.create([
      { ...base, id: `d-${++count}`, batch: `b-${count}`, target: { kind: 'ip', value: '198.51.100.1' }, action: 'deny', ...fields },
    ])
    if (made === undefined) throw new Error('no decision')
    return made
  }
  const until = (status: number, asks: () => Promise<Seen>): Promise<Seen> =>
    vi.waitFor(
      async () => {
        const seen = await asks()
        expect(seen.status).toBe(status)
        return seen
      },
      { interval: 10, timeout: 3_000 },
    )

  /** Starts nginx with the server block of the guide; only ports and places are the test's. */
  const start = async (name: string, port: number, change: (server: string) => string): Promise<void> => {
    const folder = join(place, name)
    mkdirSync(folder, { recursive: true })
    const token = await t.makeSource(name === 'closed' ? 'shop' : `shop-${name}`)
    writeFileSync(join(folder, 'token.conf'), (blocks[0] ?? '').replace('ppt_...', token.token))
    const { port: app } = application.address() as AddressInfo
    const server = change(blocks[1] ?? '')
      .replace('127.0.0.1:8700', `127.0.0.1:${parapet}`)
      .replace('127.0.0.1:8000', `127.0.0.1:${app}`)
      .replace('listen 80;', `listen 127.0.0.1:${port}; listen [::1]:${port};`)
      .replace('/etc/nginx/parapet-token.conf', join(folder, 'token.conf'))
      // loopback only has clients of loopback, which nobody may deny: the test names others, as a proxy before nginx would
      .replace(
        'server_name shop.example;',
        'server_name shop.example; set_real_ip_from 127.0.0.0/8; set_real_ip_from ::1; real_ip_header X-Test-Client;',
      )
    const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
      .map((kind) => `${kind}_temp_path ${join(folder, kind)};`)
      .join('\n')
    writeFileSync(
      join(folder, 'nginx.conf'),
      `worker_processes 1;\ndaemon off;\n${process.getuid?.() === 0 ? 'user root;\n' : ''}pid ${folder}/nginx.pid;\nerror_log ${folder}/error.log warn;\nevents { worker_connections 256; }\nhttp {\naccess_log off;\n${temporary}\n${server}\n}\n`,
    )
    const child = spawn(
      findProgram('nginx') ?? 'nginx',
      ['-c', join(folder, 'nginx.conf'), '-p', folder, '-e', join(folder, 'error.log')],
      { stdio: ['ignore', 'ignore', 'pipe'] },
    )
    let said = ''
    child.stderr.on('data', (chunk) => (said += String(chunk)))
    children.push(child)
    await vi.waitFor(async () => expect((await ask(port)).status, said).toBeGreaterThan(0), { timeout: 10_000 })
  }

  beforeAll(async () => {
    place = mkdtempSync(join(tmpdir(), 'parapet-nginx-'))
    application = createServer((request, response) => {
      heard.push(`${request.method} ${request.url} ${String(request.headers['parapet-token'])}`)
      if (request.url === '/forbidden') response.writeHead(403)
      response.end('the application')
    })
    application.listen(0, '127.0.0.1')
    await once(application, 'listening')
    t = await createTestApp({
      forwardAuth: [{ source: 'shop', signIn: ['/login'], stepUp: '/confirm', reset: '/reset' }],
    })
    await t.app.listen({ host: '127.0.0.1', port: 0 })
    parapet = (t.app.server.address() as AddressInfo).port
    closed = await freePort()
    open = await freePort()
    await start('closed', closed, (server) => server)
    await start('open', open, (server) =>
      server
        .replace('    internal;\n', `    internal;\n${blocks[2]}`)
        .replace('  location @parapet_refused {', `${blocks[3]}\n  location @parapet_refused {`),
    )
  }, 90_000)
  afterAll(async () => {
    for (const child of children) {
      child.kill('SIGTERM')
      if (child.exitCode === null) await once(child, 'exit')
    }
    application?.close()
    await t?.close()
    rmSync(place, { recursive: true, force: true })
  })
  const from = (address: string): { headers: Record<string, string> } => ({ headers: { 'x-test-client': address } })

  it('passes what nobody denies, over IPv4 and IPv6, and never shows the token to the application', async () => {
    heard.length = 0
    expect(await ask(closed, '/a')).toMatchObject({ status: 200, body: expect.stringContaining('the application') })
    expect((await ask(closed, '/b', { host: '::1' })).status).toBe(200)
    expect(heard).toEqual(['GET /a undefined', 'GET /b undefined'])
  })

  it('refuses a denied IPv4 address and an IPv6 /64, and nobody else, until the decision is taken back', async () => {
    const four = await decide({ target: { kind: 'ip', value: '203.0.113.5' } })
    await decide({ target: { kind: 'ip', value: '2001:db8:5::1' } })
    const refused = await until(403, () => ask(closed, '/', from('203.0.113.5')))
    expect(refused.headers).toMatchObject({ 'parapet-reference': four.id, 'cache-control': 'no-store' })
    await until(403, () => ask(closed, '/', { ...from('2001:db8:5::2'), host: '::1' }))
    expect((await ask(closed, '/', from('203.0.113.6'))).status).toBe(200)
    expect((await ask(closed, '/', from('2001:db8:6::1'))).status).toBe(200)
    await t.services.decisions.lift([four.id], OPERATOR, 'a colleague', t.now())
    await until(200, () => ask(closed, '/', from('203.0.113.5')))
  })

  it('believes none of the headers with which a client tries to be somebody else, or elsewhere', async () => {
    await decide({ target: { kind: 'ip', value: '203.0.113.20' }, scope: 'login' })
    const forged = {
      'x-test-client': '203.0.113.20',
      'x-forwarded-for': '198.51.100.9',
      'x-real-ip': '198.51.100.9',
      'x-original-uri': '/harmless',
      'x-original-method': 'GET',
      'parapet-token': 'ppt_x',
      authorization: 'Bearer x',
      cookie: 'parapet-session=x',
      'content-length': '0',
    }
    await until(403, () => ask(closed, '/login', { method: 'POST', headers: forged }))
    expect((await ask(closed, '/login', { headers: { 'x-test-client': '203.0.113.20' } })).status).toBe(200)
    expect((await ask(closed, '/_parapet')).status).toBe(404)
  })

  it('gives 429 with the wait, 503 in a lockdown, and leaves a 403 of the application alone', async () => {
    await decide({ target: { kind: 'ip', value: '203.0.113.30' }, action: 'throttle', limit: { limit: 2, windowMs: 60_000 } })
    const over = await until(429, () => ask(closed, '/', from('203.0.113.30')))
    expect(over.headers['retry-after']).toMatch(/^\d+$/)
    expect(await ask(closed, '/forbidden')).toMatchObject({ status: 403, body: expect.stringContaining('the application') })
    const lockdown = await decide({
      target: { kind: 'all', value: '*' },
      action: 'lockdown',
      lockdown: { mode: 'all', allow: ['198.51.100.0/24'] },
    })
    const locked = await until(503, () => ask(closed, '/', from('203.0.113.31')))
    expect(Number(locked.headers['retry-after'])).toBeGreaterThan(3_000)
    expect((await ask(closed, '/', from('198.51.100.3'))).status).toBe(200)
    await t.services.decisions.lift([lockdown.id], OPERATOR, 'over', t.now())
    await until(200, () => ask(closed, '/', from('203.0.113.31')))
  })

  it('leads a browser to the step-up page and lets it in with a pass of the application', async () => {
    const source = (await t.services.sources.list()).find(({ name }) => name === 'shop')
    const { token } = await t.services.tokens.create({ name: 'passes', scopes: ['decisions.read'], sourceId: source?.id ?? '' })
    const pass = async (fields: object): Promise<Record<string, string>> => {
      const made = await t.call('POST', '/v1/authorize/passes', { token, body: { user: 'u-1', signedInAt: t.now() - HOUR, ...fields } })
      return { cookie: `theme=dark; parapet_pass=${made.body.cookie.value}`, accept: 'text/html' }
    }
    const before = await pass({})
    await decide({ target: { kind: 'user', value: 'u-1' }, action: 'require_mfa' })
    const led = await until(302, () => ask(closed, '/orders', { headers: before }))
    expect(led.headers['location']).toMatch(/\/confirm\?return=%2Forders$/)
    expect((await ask(closed, '/orders', { headers: { cookie: before['cookie'] ?? '' } })).status).toBe(401)
    expect((await ask(closed, '/confirm', { headers: before })).status).toBe(200)
    t.advance(1_000)
    expect((await ask(closed, '/orders', { headers: await pass({ factorAt: t.now() }) })).status).toBe(200)
  })

  it('passes nobody, whatever he sends: a request too large for us to read is an error at both, never a way in', async () => {
    await decide({ target: { kind: 'ip', value: '203.0.113.40' } })
    await until(403, () => ask(open, '/', from('203.0.113.40')))
    const big = {
      'x-test-client': '203.0.113.40',
      'user-agent': 'a'.repeat(7_900),
      accept: 'b'.repeat(7_900),
      cookie: `parapet_pass=${'c'.repeat(7_800)}`,
    }
    const path = `/${'d'.repeat(7_900)}`
    for (const port of [closed, open]) expect((await ask(port, path, { headers: big })).status).not.toBe(200)
  })

  it('without Parapet refuses everybody, or lets everybody pass where that was chosen', async () => {
    await t.app.close()
    const begun = performance.now()
    expect((await ask(closed)).status).toBe(500)
    expect((await ask(open)).status).toBe(200)
    expect(performance.now() - begun).toBeLessThan(5_000)
  })
})
