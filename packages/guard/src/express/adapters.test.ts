import { createServer, request as httpRequest, type Server } from 'node:http'
import { connect as connectHttp2, createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo } from 'node:net'
import process from 'node:process'
import express5, { type Request, type Response } from 'express'
// @ts-expect-error -- version 4 has no types here; what is used of it is the same
import express4 from 'express4'
import { afterEach, describe, expect, it } from 'vitest'
import { createGuard, type Guard } from '../app/guard.js'
import type { GuardOptions } from '../app/options.js'
import { node } from '../node/index.js'
import { express } from './index.js'

const servers: Server[] = []
afterEach(() => {
  for (const server of servers.splice(0)) {
    server.closeAllConnections()
    server.close()
  }
})

const listen = async (server: Server): Promise<string> => {
  servers.push(server)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}
const guardOf = (options: Partial<GuardOptions> = {}): Guard =>
  createGuard({
    secret: 'k3y-for-tests-0123456789abcdefghij',
    clientAddress: 'direct',
    publicOrigins: ['http://localhost:3000'],
    onDiagnostic: () => undefined,
    login: { delay: 'none' },
    ...options,
  })

const VERSIONS = [
  ['5', express5],
  ['4', express4 as typeof express5],
] as const

/** The ten lines of the README. */
const tenLinesOf = async (expressApp: typeof express5, guard: Guard): Promise<string> => {
  const app = expressApp()
  app.use(express(guard))
  app.use(expressApp.urlencoded({ extended: false }))
  const signIn = async (request: Request, response: Response): Promise<void> => {
    const { username, password } = request.body as { username: string; password: string }
    const verdict = await guard.login.attempt({ subject: username, method: 'password', request }, async () =>
      password === 'right' ? { id: 'u1' } : undefined,
    )
    if (verdict.kind !== 'ok') {
      response.status(401).send('The name or the password is wrong')
      return
    }
    const started = await guard.sessions.start(verdict.value.id, {}, request)
    if (started.kind === 'started') response.append('Set-Cookie', started.cookie)
    response.send('welcome')
  }
  app.post('/login', (request, response) => void signIn(request, response))
  app.get('/', (request, response) => {
    const session = guard.of(request)?.session
    response.send(session?.kind === 'active' ? session.session.subject : `nobody ${String(response.locals['nonce']).length}`)
  })
  app.get('/fails', () => {
    throw new Error('of the application')
  })
  return listen(createServer(app))
}
const post = (url: string, body: string, headers: Record<string, string> = {}): ReturnType<typeof fetch> =>
  fetch(url, { method: 'POST', body, headers: { 'content-type': 'application/x-www-form-urlencoded', ...headers } })

describe.each(VERSIONS)('Express %s', (_version, expressApp) => {
  const tenLines = (guard: Guard): Promise<string> => tenLinesOf(expressApp, guard)

  it('is protected in ten lines: headers, sign-in, session', async () => {
    const url = await tenLines(guardOf())
    const home = await fetch(`${url}/`)
    expect(await home.text()).toBe('nobody 22')
    expect(home.headers.get('x-powered-by')).toBeNull()
    expect(home.headers.get('content-security-policy')).toContain("default-src 'self'")
    expect(home.headers.get('ratelimit')).toContain('"anonymous"')
    const signedIn = await post(`${url}/login`, 'username=anna&password=right')
    const cookie = (signedIn.headers.get('set-cookie') ?? '').split(';')[0] ?? ''
    expect(await signedIn.text()).toBe('welcome')
    expect(await (await fetch(`${url}/`, { headers: { cookie } })).text()).toBe('u1')
  })

  it('locks an account after five failures, with the same answer for names that do not exist', async () => {
    const url = await tenLines(guardOf())
    const answers: string[] = []
    for (const name of ['anna', 'nobody'])
      for (let i = 0; i < 6; i++) {
        const answer = await post(`${url}/login`, `username=${name}&password=wrong`)
        answers.push(`${answer.status} ${await answer.text()}`)
      }
    expect(new Set(answers)).toEqual(new Set(['401 The name or the password is wrong']))
    expect((await post(`${url}/login`, 'username=anna&password=right')).status).toBe(401)
  })

  it('answers a refusal as problem+json, with the headers, before the application', async () => {
    const url = await tenLines(guardOf())
    const refused = await post(`${url}/login`, 'username=anna&password=right', { origin: 'https://evil.example' })
    expect(refused.status).toBe(403)
    expect(refused.headers.get('content-type')).toBe('application/problem+json')
    expect(refused.headers.get('cache-control')).toBe('no-store')
    expect(refused.headers.get('x-content-type-options')).toBe('nosniff')
    expect(refused.headers.get('vary')).toContain('Origin')
    expect(refused.headers.get('connection')).toBe('close')
    expect(await refused.json()).toMatchObject({ code: 'PPT_CSRF', status: 403 })
  })

  it('sends one event for each request with the status that was sent, also when the application fails', async () => {
    const seen: string[] = []
    const url = await tenLines(guardOf({ onEvent: (event) => seen.push(`${event['url.path']} ${event['http.response.status_code']}`) }))
    for (const path of ['/', '/missing', '/fails']) await (await fetch(url + path)).text()
    for (let i = 0; i < 100 && seen.length < 3; i++) await new Promise((resolve) => setTimeout(resolve, 10))
    expect(seen).toEqual(['/ 200', '/missing 404', '/fails 500'])
  })

  it('sees the whole path below a router', async () => {
    const guard = guardOf({ loginRoutes: ['/area/login'] })
    guard.decisions.apply({
      id: 'd', revision: 1, target: { kind: 'cidr', value: '198.51.100.0/24' }, action: 'deny', scope: 'login', mode: 'enforce', reason: '',
      author: { kind: 'operator', id: 'o' }, batch: 'b', startsAt: 0, expiresAt: 9e15,
    }) // prettier-ignore
    const paths: string[] = []
    const app = expressApp()
    const router = expressApp.Router()
    router.use(
      express(
        Object.assign(Object.create(guard) as Guard, {
          enter: async (request: Parameters<Guard['enter']>[0]) => (
            paths.push('originalUrl' in request ? String(request.originalUrl) : ''),
            guard.enter(request)
          ),
        }),
      ),
    )
    router.post('/login', (_request, response) => void response.send('ok'))
    app.use('/area', router)
    const url = await listen(createServer(app))
    expect((await post(`${url}/area/login`, '')).status).toBe(200)
    expect(paths).toEqual(['/area/login'])
  })
})

describe('node:http', () => {
  const hello = (guard: Guard): Promise<string> =>
    listen(
      createServer(
        node(guard)((request, response) => {
          response.appendHeader('Vary', 'Accept')
          response.end(guard.of(request)?.client.kind)
        }),
      ),
    )

  it('is protected in one line', async () => {
    const url = await hello(guardOf())
    const answer = await fetch(url)
    expect(await answer.text()).toBe('known')
    expect(answer.headers.get('x-frame-options')).toBe('DENY')
  })

  it('limits, and answers HEAD without a body', async () => {
    const url = await hello(guardOf({ limits: { anonymous: { limit: 1, windowMs: 60_000 } } }))
    await fetch(url)
    const refused = await fetch(url, { method: 'HEAD' })
    expect(refused.status).toBe(429)
    expect(refused.headers.get('retry-after')).toBe('60')
    expect(await refused.text()).toBe('')
  })

  it('does not believe a forged forwarding header', async () => {
    const seen: unknown[] = []
    const url = await hello(guardOf({ onEvent: (event) => seen.push(event['source.ip']) }))
    for (const value of ['1.2.3.4', '1.2.3.4, 5.6.7.8'])
      await (await fetch(url, { headers: { 'x-forwarded-for': value, forwarded: 'for=9.9.9.9', 'x-real-ip': '1.1.1.1' } })).text()
    for (let i = 0; i < 100 && seen.length < 2; i++) await new Promise((resolve) => setTimeout(resolve, 10))
    expect(seen).toEqual(['127.0.0.1', '127.0.0.1'])
  })

  it('protects a server of HTTP/2 as well, refusals with a body too', async () => {
    const warnings: string[] = []
    const listener = (warning: Error): void => {
      warnings.push(warning.message)
    }
    process.on('warning', listener)
    const guard = guardOf()
    const handler = node(guard)((request, response) => response.end(guard.of(request)?.client.kind))
    // what is used of its requests and answers is the same
    const server = createHttp2Server(handler as unknown as Parameters<typeof createHttp2Server>[1])
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const session = connectHttp2(`http://127.0.0.1:${(server.address() as AddressInfo).port}`)
    const ask = (headers: Record<string, string>, body?: string): Promise<string> =>
      new Promise((resolve, reject) => {
        const stream = session.request(headers)
        let text = ''
        stream.on('response', (answer) => {
          text = `${answer[':status']} ${String(answer['x-frame-options'])} `
        })
        stream.setEncoding('utf8')
        stream.on('data', (chunk: string) => {
          text += chunk
        })
        stream.on('end', () => resolve(text))
        stream.on('error', reject)
        stream.end(body)
      })
    expect(await ask({ ':path': '/' })).toBe('200 DENY known')
    const refused = await ask({ ':path': '/x', ':method': 'POST', origin: 'https://evil.example', 'content-length': '3' }, 'abc')
    expect(refused).toMatch(/^403 DENY .*PPT_CSRF/)
    // the connection goes on
    expect(await ask({ ':path': '/' })).toBe('200 DENY known')
    session.close()
    await new Promise((resolve) => server.close(resolve))
    process.off('warning', listener)
    expect(warnings).toEqual([])
  })

  it('survives a client that goes away in the middle', async () => {
    const statuses: unknown[] = []
    const guard = guardOf({ onEvent: (event) => statuses.push(event['http.response.status_code']) })
    let arrived: () => void = () => undefined
    const reached = new Promise<void>((resolve) => {
      arrived = resolve
    })
    const url = await listen(createServer(node(guard)(() => arrived())))
    const request = httpRequest(url)
    request.on('error', () => undefined)
    request.end()
    await reached
    request.destroy()
    for (let i = 0; i < 100 && statuses.length < 1; i++) await new Promise((resolve) => setTimeout(resolve, 10))
    expect(statuses).toEqual([499])
  })
})
