import { createServer, request as httpRequest, type IncomingHttpHeaders, type Server } from 'node:http'
import { type AddressInfo, connect } from 'node:net'
import type { SecurityEvent } from '@parapet/core'
import express5, { type Request, type Response } from 'express'
// @ts-expect-error -- version 4 has no types here; what is used of it is the same
import express4 from 'express4'
import { afterEach, describe, expect, it } from 'vitest'
import { createGuard, type Guard } from '../app/guard.js'
import type { GuardOptions } from '../app/options.js'
import { express } from './index.js'

/**
 * Attacks on a small application over real connections, through a proxy that appends to `X-Forwarded-For` as nginx
 * does. The proxy takes the client's address from `x-test-client`, since a test has one machine only.
 */
const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})
const listen = async (server: Server): Promise<number> => {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return (server.address() as AddressInfo).port
}

const proxyTo = (port: number): Server =>
  createServer((request, response) => {
    const { 'x-test-client': client = '192.0.2.1', 'x-forwarded-for': forwarded, ...headers } = request.headers
    const chain = forwarded === undefined ? String(client) : `${String(forwarded)}, ${String(client)}`
    const upstream = httpRequest(
      {
        port,
        host: '127.0.0.1',
        path: request.url,
        method: request.method,
        headers: { ...headers, 'x-forwarded-for': chain },
        agent: false,
      },
      (answer) => {
        response.writeHead(answer.statusCode ?? 502, answer.headers)
        answer.pipe(response)
      },
    )
    upstream.on('error', () => response.destroy())
    request.pipe(upstream)
  })

type Answer = { readonly status: number; readonly headers: IncomingHttpHeaders; readonly body: string }
type World = {
  readonly guard: Guard
  readonly events: SecurityEvent[]
  readonly direct: number
  readonly transfers: () => number
  readonly send: (
    path: string,
    options?: { method?: string; body?: string; client?: string; headers?: Record<string, string> },
  ) => Promise<Answer>
  readonly login: (username: string, password: string, client?: string, headers?: Record<string, string>) => Promise<Answer>
}
const PASSWORDS: ReadonlyMap<string, string> = new Map([
  ['anna', 'right'],
  ['bert', 'right'],
])

const worldOf = async (expressApp: typeof express5, options: Partial<GuardOptions> = {}): Promise<World> => {
  const events: SecurityEvent[] = []
  let transfers = 0
  const guard = createGuard({
    clientAddress: { trusted: ['127.0.0.1'] },
    publicOrigins: ['http://shop.example'],
    secret: 'k3y-for-tests-0123456789abcdefghij',
    onEvent: (event) => events.push(event),
    onDiagnostic: () => undefined,
    login: { delay: 'none' },
    ...options,
  })
  const app = expressApp()
  app.use(express(guard))
  app.use(expressApp.urlencoded({ extended: false }))
  app.use(expressApp.json({ type: () => true }))
  const signIn = async (request: Request, response: Response): Promise<void> => {
    const { username = '', password = '' } = request.body as { username?: string; password?: string }
    const verdict = await guard.login.attempt(
      { subject: username, method: 'password', request, credential: password },
      () => PASSWORDS.get(username) === password && { id: username },
    )
    if (verdict.kind !== 'ok') {
      response.status(verdict.kind === 'degraded' ? 503 : 401).send('The name or the password is wrong')
      return
    }
    const started = await guard.sessions.start(verdict.value.id, {}, request)
    if (started.kind === 'started') response.append('Set-Cookie', [started.cookie, ...verdict.cookies])
    response.send('welcome')
  }
  app.post('/login', (request, response) => void signIn(request, response))
  app.all('/transfer', (_request, response) => {
    transfers++
    response.send('done')
  })
  app.get('/', (request, response) => {
    const session = guard.of(request)?.session
    response.send(session?.kind === 'active' ? session.session.subject : 'nobody')
  })
  const direct = await listen(createServer(app))
  const port = await listen(proxyTo(direct))
  const send: World['send'] = (path, { method = 'GET', body, client = '192.0.2.1', headers = {} } = {}) =>
    new Promise((resolve, reject) => {
      const request = httpRequest(
        {
          port,
          host: '127.0.0.1',
          path,
          method,
          agent: false,
          headers: {
            'x-test-client': client,
            ...(body === undefined
              ? {}
              : { 'content-type': 'application/x-www-form-urlencoded', 'content-length': Buffer.byteLength(body) }),
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('end', () =>
            resolve({ status: response.statusCode ?? 0, headers: response.headers, body: Buffer.concat(chunks).toString() }),
          )
          response.on('error', reject)
        },
      )
      request.on('error', reject)
      request.end(body)
    })
  return {
    guard,
    events,
    direct,
    send,
    transfers: () => transfers,
    login: (username, password, client = '192.0.2.1', headers = {}) =>
      send('/login', { method: 'POST', body: new URLSearchParams({ username, password }).toString(), client, headers }),
  }
}
const cookieOf = (answer: Answer, name: string): string =>
  (answer.headers['set-cookie'] ?? []).find((one) => one.startsWith(`${name}=`))?.split(';')[0] ?? ''

describe.each([
  ['5', express5],
  ['4', express4 as typeof express5],
] as const)('Express %s', (_version, expressApp) => {
  const world = (options: Partial<GuardOptions> = {}): Promise<World> => worldOf(expressApp, options)

  describe('guessing through a proxy', () => {
    it('with a forged X-Forwarded-For counts for the real address [ASVS 4.1.3, 15.3.4]', async () => {
      const w = await world()
      for (let i = 0; i < 5; i++)
        await w.login(`user${i}`, 'x', '198.51.100.7', {
          'x-forwarded-for': `10.9.8.${i}, 203.0.113.${i}`,
          forwarded: `for=203.0.113.${i}`,
          'x-real-ip': '1.1.1.1',
        })
      const seen = new Set(w.events.filter((event) => event['event.action'] === 'login').map((event) => event['source.ip']))
      expect([...seen]).toEqual(['198.51.100.7'])
      expect((await w.login('bert', 'right', '198.51.100.7')).status).toBe(401)
      expect((await w.login('bert', 'right', '198.51.100.8')).status).toBe(200)
    })

    it('from one IPv6 network counts as one client', async () => {
      const w = await world()
      for (let i = 0; i < 5; i++) await w.login(`user${i}`, 'x', `2001:db8:7:7::${i + 1}`)
      expect((await w.login('bert', 'right', '2001:db8:7:7:aaaa::1')).status).toBe(401)
      expect((await w.login('bert', 'right', '2001:db8:7:8::1')).status).toBe(200)
    })

    it('in forty parallel connections gets five guesses [ASVS 6.3.1, 15.4.2]', async () => {
      const w = await world()
      const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => w.login('anna', `guess${i}`, `198.51.100.${i + 1}`)))
      expect(new Set(answers.map(({ status, body }) => `${status} ${body}`)).size).toBe(1)
      expect(w.events.filter((event) => event['event.reason'] === 'bad_password')).toHaveLength(5)
    })

    it('learns nothing about which names exist [ASVS 6.3.8]', async () => {
      const w = await world()
      const shapes: string[][] = []
      for (const [n, name] of ['anna', 'no-such-name'].entries()) {
        const shape: string[] = []
        for (let i = 0; i < 8; i++) {
          const { status, body, headers } = await w.login(name, 'wrong', `198.51.100.${n + 1}`)
          shape.push(`${status} ${body} ${Object.keys(headers).toSorted().join()}`)
        }
        shapes.push(shape)
      }
      expect(shapes[0]).toEqual(shapes[1])
      expect(shapes.flat().join()).not.toMatch(/ratelimit|retry-after/i)
    })

    it('at a victim does not shut him out of his own browser [ASVS 6.1.1]', async () => {
      const w = await world()
      const device = cookieOf(await w.login('anna', 'right'), 'device')
      for (let i = 0; i < 30; i++) await w.login('anna', 'x', `198.51.100.${i + 1}`)
      expect((await w.login('anna', 'right', '192.0.2.50')).status).toBe(401)
      expect((await w.login('anna', 'right', '192.0.2.1', { cookie: device })).status).toBe(200)
    })

    it('with hostile names breaks nothing and forges no event', async () => {
      const w = await world()
      for (const name of [
        '__proto__',
        'constructor',
        'a\r\nevent.outcome: success',
        '\u001b[2J',
        '\u0000',
        "' or 1=1 --",
        '%s%n',
        '😀'.repeat(50),
      ]) {
        expect((await w.login(name, 'x', '198.51.100.9')).status).toBe(401)
      }
      for (const event of w.events) expect(JSON.stringify(event['user.name'] ?? '')).not.toMatch(/\\[rnu]/)
    })

    it('with a name of 100 kB is refused before it is hashed [ASVS 15.2.2]', async () => {
      const w = await world()
      expect((await w.login('x'.repeat(90_000), 'x')).status).toBe(401)
      expect(w.events.find((event) => event['event.action'] === 'login')).toMatchObject({ 'event.reason': 'too_long' })
    })
  })

  describe('requests from another site', () => {
    it('change nothing, whatever their content type claims [ASVS 3.5.1, 3.5.2]', async () => {
      const w = await world()
      const cookie = cookieOf(await w.login('anna', 'right'), 'session')
      for (const type of ['text/plain', 'application/json', 'multipart/form-data; boundary=x', '', 'APPLICATION/JSON;x']) {
        const answer = await w.send('/transfer', {
          method: 'POST',
          body: '{"to":"mallory"}',
          headers: { cookie, origin: 'https://evil.example', 'content-type': type },
        })
        expect(answer.status).toBe(403)
      }
      for (const headers of [{ origin: 'null' }, { 'sec-fetch-site': 'same-site', origin: 'http://blog.shop.example' }, {}]) {
        expect((await w.send('/transfer', { method: 'POST', body: '', headers: { cookie, ...headers } })).status).toBe(403)
      }
      expect(w.transfers()).toBe(0)
      expect((await w.send('/transfer', { method: 'POST', body: '', headers: { cookie, origin: 'http://shop.example' } })).status).toBe(200)
      expect(w.transfers()).toBe(1)
    })

    it('do not pass with a Host that agrees with their Origin', async () => {
      const w = await world()
      const answer = await w.send('/transfer', {
        method: 'POST',
        body: '',
        headers: { host: 'evil.example', 'x-forwarded-host': 'evil.example', origin: 'http://evil.example' },
      })
      expect(answer.status).toBe(403)
    })

    it("cannot sign a victim in to the attacker's account", async () => {
      const w = await world()
      expect((await w.login('bert', 'right', '192.0.2.1', { origin: 'https://evil.example' })).status).toBe(403)
    })
  })

  describe('sessions', () => {
    it('cannot be fixed: a planted cookie is not taken over at sign-in [ASVS 7.2.4]', async () => {
      const w = await world()
      const planted = `session=${'A'.repeat(43)}`
      const own = cookieOf(await w.login('anna', 'right', '192.0.2.1', { cookie: planted, origin: 'http://shop.example' }), 'session')
      expect(own).not.toBe(planted)
      expect((await w.send('/', { headers: { cookie: planted } })).body).toBe('nobody')
      expect((await w.send('/', { headers: { cookie: own } })).body).toBe('anna')
    })

    it('survive a roaming phone', async () => {
      const w = await world()
      const phone = (version: number): string =>
        `Mozilla/5.0 (Linux; Android 16) AppleWebKit/537.36 Chrome/${version}.0.0.0 Mobile Safari/537.36`
      const cookie = cookieOf(await w.login('anna', 'right', '192.0.2.1', { 'user-agent': phone(140) }), 'session')
      expect((await w.send('/', { client: '198.51.100.200', headers: { cookie, 'user-agent': phone(141) } })).body).toBe('anna')
    })

    it('are not found among a flood of cookies', async () => {
      const w = await world()
      const cookie = Array.from({ length: 300 }, (_, i) => `c${i}=${i}`).join('; ')
      expect((await w.send('/', { headers: { cookie } })).body).toBe('nobody')
    })
  })

  describe('a refusal', () => {
    it('closes the connection instead of reading the body as the next request', async () => {
      const w = await world()
      const answer = await new Promise<string>((resolve) => {
        const socket = connect(w.direct, '127.0.0.1')
        let text = ''
        socket.on('data', (chunk: Buffer) => {
          text += chunk.toString()
        })
        socket.on('close', () => resolve(text))
        const inner = 'GET /transfer HTTP/1.1\r\nHost: x\r\n\r\n'
        socket.write(
          `POST /transfer HTTP/1.1\r\nHost: x\r\nOrigin: https://evil.example\r\nContent-Length: ${inner.length}\r\n\r\n${inner}`,
        )
      })
      expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1)
      expect(answer).toContain('403')
      expect(w.transfers()).toBe(0)
    })

    it('carries the same security headers as any page, and says nothing of the software [ASVS 3.4.4, 13.4.6]', async () => {
      const w = await world()
      const { headers, status } = await w.send('/transfer', { method: 'DELETE', headers: { origin: 'https://evil.example' } })
      expect(status).toBe(403)
      expect(headers['content-security-policy']).toContain("default-src 'self'")
      expect(headers['x-powered-by']).toBeUndefined()
      expect(headers['server']).toBeUndefined()
    })
  })

  describe('a target that no browser sends', () => {
    const raw = (port: number, target: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect(port, '127.0.0.1')
        let text = ''
        socket.on('data', (chunk: Buffer) => {
          text += chunk.toString('latin1')
        })
        socket.on('error', reject)
        socket.on('close', () => resolve(text))
        const body = 'username=anna&password=right'
        socket.write(
          `POST ${target} HTTP/1.1\r\nHost: x\r\nConnection: close\r\nX-Forwarded-For: 198.51.100.7\r\n` +
            `Content-Type: application/x-www-form-urlencoded\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        )
      })

    it('does not lead around a decision or a limit to the same route', async () => {
      const w = await world({ sensitiveRoutes: ['/transfer'], limits: { sensitive: { limit: 1, windowMs: 3_600_000 } } })
      for (const target of ['/transfer', '/transfer#x', 'http://shop.example/transfer', 'http://a:b@x/Transfer/?y#z'])
        await raw(w.direct, target)
      expect(w.transfers()).toBe(1)
      w.guard.decisions.apply({
      id: 'd', revision: 1, target: { kind: 'ip', value: '198.51.100.7' }, action: 'deny', scope: 'login', mode: 'enforce', reason: '',
      author: { kind: 'operator', id: 'o' }, batch: 'b', startsAt: 0, expiresAt: 9e15,
    }) // prettier-ignore
      for (const target of ['/login', '/login#x', 'http://shop.example/login', 'HTTP://x/LOGIN?#'])
        expect([target, (await raw(w.direct, target)).slice(9, 12)]).toEqual([target, '403'])
      expect(w.events.filter((event) => event['event.action'] === 'login')).toEqual([])
    })
  })
})
