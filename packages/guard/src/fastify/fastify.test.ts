import { connect } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { PassThrough } from 'node:stream'
import Fastify, { type FastifyInstance, type FastifyServerOptions } from 'fastify'
import { afterEach, describe, expect, it } from 'vitest'
import type { Guard } from '../app/types.js'
import { malformed } from '../node/index.js'
import { raw, testGuard, until } from '../node/fixtures/servers.js'
import { fastify, fastifyFrameworkErrors, type FastifyGuardOptions } from './index.js'

const open: FastifyInstance[] = []
afterEach(async () => {
  for (const app of open.splice(0)) {
    // a server of HTTP/2 has no such thing
    app.server.closeAllConnections?.()
    await app.close()
  }
})

const start = async (
  guard: Guard,
  options: FastifyGuardOptions = {},
  server: FastifyServerOptions = {},
): Promise<{ app: FastifyInstance; port: number }> => {
  const app = Fastify({ frameworkErrors: fastifyFrameworkErrors(guard), clientErrorHandler: malformed(guard), ...server })
  open.push(app)
  await app.register(fastify(guard, options))
  // below in a scope of its own: the guard must not stop at the border of its plugin
  await app.register(async (scope) => {
    scope.get('/', (request, reply) =>
      reply.send(`${request.guard?.client.kind ?? ''} ${reply.nonce.length} ${guard.of(request.raw)?.id === request.guard?.id}`),
    )
    scope.get('/items/:id', () => 'item')
    scope.get('/throws', () => {
      throw new Error('secret in a message')
    })
    scope.post(
      '/validated',
      { schema: { body: { type: 'object', required: ['name'], properties: { name: { type: 'string' } } } } },
      () => 'ok',
    )
    scope.get('/cookies', (_request, reply) => reply.header('set-cookie', 'a=1').header('set-cookie', 'b=2').send('x'))
  })
  await app.listen({ port: 0, host: '127.0.0.1' })
  return { app, port: (app.server.address() as AddressInfo).port }
}

describe('fastify', () => {
  it('protects routes of every scope, and decorates request and reply', async () => {
    const { guard } = testGuard()
    const { app } = await start(guard)
    const answer = await app.inject('/')
    expect(answer.body).toBe('known 22 true')
    expect(answer.headers['x-frame-options']).toBe('DENY')
    expect((await app.inject('/missing')).headers['x-frame-options']).toBe('DENY')
  })

  it('tells events the pattern that matched, for records of accesses', async () => {
    const routes: unknown[] = []
    const { guard } = testGuard()
    const spied = Object.assign(Object.create(guard) as Guard, {
      enter: async (request: Parameters<Guard['enter']>[0]) => ({
        ...(await guard.enter(request)),
        done: (status: number, route?: string) => routes.push([status, route]),
      }),
    })
    const { port } = await start(spied)
    await (await fetch(`http://127.0.0.1:${port}/items/7`)).text()
    await until(() => routes.length > 0)
    expect(routes).toEqual([[200, '/items/:id']])
  })

  it("answers what routes throw by the guard's problem, and what does not validate without repeating it", async () => {
    const { guard, log } = testGuard()
    const { app } = await start(guard)
    const thrown = await app.inject('/throws')
    expect([thrown.statusCode, thrown.headers['content-type']]).toEqual([500, 'application/problem+json'])
    expect(thrown.body).not.toContain('secret')
    expect(log[0]?.error.message).toBe('secret in a message')
    const headers = { origin: 'https://shop.example', 'content-type': 'application/json' }
    const invalid = await app.inject({ method: 'POST', url: '/validated', headers, payload: '{"nam":"x"}' })
    expect([invalid.statusCode, invalid.json<{ code: string }>().code]).toEqual([400, 'PPT_REQUEST'])
    const broken = await app.inject({ method: 'POST', url: '/validated', headers, payload: '{"name": hunter2' })
    expect(broken.statusCode).toBe(400)
    expect(broken.body).not.toMatch(/hunter2|JSON|position/)
    const odd = await app.inject({ method: 'POST', url: '/validated', headers: { ...headers, 'content-type': 'x/y;;=' }, payload: 'x' })
    expect(odd.statusCode).toBe(415)
  })

  it("reports that Fastify's own handler is left in place, which sends error.message to the client", async () => {
    const { guard, diagnostics } = testGuard()
    const { app } = await start(guard, { errors: false })
    expect(diagnostics.join('\n')).toMatch(/framework_debug: Fastify's own handler/)
    expect((await app.inject('/throws')).body).toContain('secret in a message')
  })

  it.each([
    ['GET /items/%zz', 400],
    [`GET /items/${'a'.repeat(200)}`, 414],
  ])('answers %.20s, which Fastify refuses before any hook, with the headers and without the path', async (line, status) => {
    const { guard } = testGuard()
    const { port } = await start(guard)
    const answer = await raw(port, `${line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`)
    expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `))
    expect(answer).toContain('application/problem+json')
    expect(answer.toLowerCase()).toContain('x-frame-options: deny')
    expect(answer).not.toMatch(/%zz|aaaa/)
  })

  it('protects HTTP/2 as well, and closes no connection there', async () => {
    const { guard } = testGuard()
    const { port } = await start(guard, {}, { http2: true } as FastifyServerOptions)
    const session = connect(`http://127.0.0.1:${port}`)
    const ask = (headers: Record<string, string>): Promise<string> =>
      new Promise((resolve, reject) => {
        const stream = session.request(headers)
        let text = ''
        stream.on('response', (answer) => {
          text = `${answer[':status']} ${String(answer['x-frame-options'])} ${String(answer['connection'])}`
        })
        stream.resume()
        stream.on('end', () => resolve(text))
        stream.on('error', reject)
        stream.end()
      })
    expect(await ask({ ':path': '/' })).toBe('200 DENY undefined')
    expect(await ask({ ':path': '/x', ':method': 'POST', origin: 'https://evil.example', 'content-length': '0' })).toBe(
      '403 DENY undefined',
    )
    expect(await ask({ ':path': '/' })).toBe('200 DENY undefined')
    session.close()
  })

  it('is registered once', async () => {
    const { guard } = testGuard()
    const { app } = await start(guard)
    const again = Fastify()
    open.push(again)
    again.register(fastify(guard)).register(fastify(guard))
    await expect(again.ready()).rejects.toMatchObject({ code: 'PPT_CONFIG_INVALID', detail: expect.stringContaining('second guard') })
    expect((await app.inject('/')).statusCode).toBe(200)
  })

  it('lets go of a body that nobody reads, and of what the application meant, when its record could not be written', async () => {
    const record = (): Promise<void> => Promise.reject(new Error('the disk is full'))
    const { guard } = testGuard({ accessAudit: { mode: 'block', sink: { record } } })
    const app = Fastify()
    open.push(app)
    await app.register(fastify(guard))
    const [stream, web] = [new PassThrough(), new Response('s3cret')]
    app.get('/api/stream', (_request, reply) =>
      reply.headers({ etag: '"s3cret"', 'set-cookie': 'signed=in', 'x-secret': 's3cret' }).send(stream),
    )
    app.get('/api/web', (_request, reply) => reply.send(web))
    const answer = await app.inject('/api/stream')
    expect([answer.statusCode, stream.destroyed]).toEqual([503, true])
    expect(JSON.stringify(answer.headers)).not.toMatch(/s3cret|signed/)
    expect(answer.headers['x-frame-options']).toBe('DENY')
    expect((await app.inject('/api/web')).statusCode).toBe(503)
    expect(
      await web.body
        ?.getReader()
        .read()
        .catch(() => undefined),
    ).toMatchObject({ done: true })
  })

  it('keeps every cookie', async () => {
    const { guard } = testGuard()
    const { app } = await start(guard)
    expect((await app.inject('/cookies')).headers['set-cookie']).toEqual(['a=1', 'b=2'])
  })
})
