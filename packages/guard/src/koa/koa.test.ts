import { createServer } from 'node:http'
import process from 'node:process'
import Koa from 'koa'
import { afterEach, describe, expect, it } from 'vitest'
import type { Guard } from '../app/types.js'
import { closeAll, listenOn, raw, testGuard, until } from '../node/fixtures/servers.js'
import { koa, type KoaMiddleware } from './index.js'

afterEach(closeAll)

const start = async (guard: Guard, handler: Koa.Middleware, app = new Koa()): Promise<number> => {
  app.use(koa(guard) as KoaMiddleware & Koa.Middleware)
  app.use(handler)
  const listener = app.callback()
  return listenOn(createServer((request, response) => void listener(request, response)))
}

describe('koa', () => {
  it('gives the context where Koa keeps such things, and to guard.of by each of its objects', async () => {
    const { guard } = testGuard()
    const port = await start(guard, (ctx) => {
      const known = [ctx, ctx.req, ctx.request].map((key) => guard.of(key)?.id)
      ctx.body = {
        same: new Set(known).size === 1 && known[0] !== undefined,
        nonce: ctx.state['nonce'] === guard.of(ctx)?.nonce,
        own: ctx.state['guard'] === guard.of(ctx),
      }
    })
    expect(await (await fetch(`http://127.0.0.1:${port}/`)).json()).toEqual({ same: true, nonce: true, own: true })
  })

  it("keeps the headers on what is thrown, where Koa's own handler drops them, and prints nothing", async () => {
    const { guard, log } = testGuard()
    const printed: unknown[] = []
    const app = new Koa()
    app.on('error', (error) => printed.push(error))
    const port = await start(
      guard,
      (ctx) => {
        if (ctx.path === '/needs') ctx.throw(400, 'name required')
        ctx.set('Content-Encoding', 'gzip')
        throw Object.assign(new Error('secret'), { headers: { 'x-leak': 'secret' } })
      },
      app,
    )
    const failed = await fetch(`http://127.0.0.1:${port}/`)
    expect([failed.status, failed.headers.get('x-frame-options'), failed.headers.get('x-leak')]).toEqual([500, 'DENY', null])
    expect(await failed.text()).not.toContain('secret')
    expect(await (await fetch(`http://127.0.0.1:${port}/needs`)).json()).toMatchObject({ status: 400, detail: 'name required' })
    expect([printed, log.length]).toEqual([[], 2])
  })

  it('reports once that NODE_ENV is not set', async () => {
    const before = process.env['NODE_ENV']
    delete process.env['NODE_ENV']
    try {
      const { guard, diagnostics } = testGuard()
      const port = await start(guard, (ctx) => void (ctx.body = 'x'))
      for (let i = 0; i < 3; i++) await (await fetch(`http://127.0.0.1:${port}/`)).text()
      expect(diagnostics.filter((text) => text.startsWith('framework_debug: Koa runs without NODE_ENV'))).toHaveLength(1)
    } finally {
      if (before !== undefined) process.env['NODE_ENV'] = before
    }
    const { guard, diagnostics } = testGuard()
    const port = await start(guard, (ctx) => void (ctx.body = 'x'), new Koa({ env: 'production' }))
    await (await fetch(`http://127.0.0.1:${port}/`)).text()
    expect(diagnostics.join('\n')).not.toContain('framework_debug')
  })

  it('closes the connection of an upload that nobody read', async () => {
    const { guard, statuses } = testGuard()
    const port = await start(guard, (ctx) => ctx.throw(413))
    const inner = 'GET /inner HTTP/1.1\r\nHost: x\r\n\r\n'
    const answer = await raw(
      port,
      `POST /up HTTP/1.1\r\nHost: x\r\nOrigin: https://shop.example\r\nContent-Length: ${inner.length + 50_000}\r\n\r\n${inner}`,
    )
    expect(answer.match(/HTTP\/1\.1 /g)).toHaveLength(1)
    expect(answer).toContain('413')
    await until(() => statuses.length > 0)
    expect(statuses).toEqual([413])
  })
})
