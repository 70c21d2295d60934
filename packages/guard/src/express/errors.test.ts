import { createServer } from 'node:http'
import process from 'node:process'
import express5 from 'express'
// @ts-expect-error -- version 4 has no types here; what is used of it is the same
import express4 from 'express4'
import { afterEach, describe, expect, it } from 'vitest'
import type { Guard } from '../app/types.js'
import { closeAll, listenOn, testGuard, until } from '../node/fixtures/servers.js'
import { express, expressErrors } from './index.js'

afterEach(closeAll)

const VERSIONS = [
  ['5', express5],
  ['4', express4 as typeof express5],
] as const

describe.each(VERSIONS)('errors in Express %s', (_version, make) => {
  const start = async (guard: Guard, env?: string): Promise<number> => {
    const app = make()
    if (env !== undefined) app.set('env', env)
    app.use(express(guard))
    app.use(make.json())
    app.post('/orders/:id', (request) => {
      throw new Error(`no order ${request.params['id'] ?? ''} for ${(request.body as { password: string }).password}`)
    })
    app.get('/begun', (_request, response, next) => {
      response.writeHead(200, { 'content-length': '100' })
      response.write('begun')
      setTimeout(() => next(new Error('in the middle')), 20)
    })
    const router = make.Router()
    router.get('/:id', (_request, response) => void response.send('item'))
    app.use('/items', router)
    app.use(expressErrors(guard))
    return listenOn(createServer(app))
  }
  const post = (port: number, body: string): Promise<Response> =>
    fetch(`http://127.0.0.1:${port}/orders/7`, {
      method: 'POST',
      body,
      headers: { 'content-type': 'application/json', origin: 'https://shop.example' },
    })

  it('log parameters and body by name, hidden ones as ***, and not where the message repeats them', async () => {
    const { guard, log } = testGuard()
    const answer = await post(await start(guard), '{"password":"hunter2","sku":"a"}')
    expect(answer.status).toBe(500)
    expect(log[0]?.error.message).toBe('no order 7 for ***')
    expect({ ...log[0]?.request?.parameters }).toEqual({ 'body.password': '***', 'body.sku': 'a' })
    expect(log[0]?.request?.path).toBe('/orders/7')
    expect(JSON.stringify(log)).not.toContain('hunter2')
  })

  it('of a body that is no JSON are 400 without a word of it', async () => {
    const { guard } = testGuard()
    const answer = await post(await start(guard), '{"password": hunter2')
    expect(answer.status).toBe(400)
    const text = await answer.text()
    expect(text).not.toMatch(/hunter2|JSON|position|stack/)
    expect(JSON.parse(text)).toMatchObject({ code: 'PPT_REQUEST' })
  })

  it('in the middle of an answer break the connection', async () => {
    const { guard, log } = testGuard()
    const port = await start(guard)
    await expect(fetch(`http://127.0.0.1:${port}/begun`).then((answer) => answer.text())).rejects.toThrow(/terminated/)
    expect(log[0]?.error.message).toBe('in the middle')
  })

  it('tell the pattern of a route below a router', async () => {
    const routes: unknown[] = []
    const { guard } = testGuard()
    const spied = Object.assign(Object.create(guard) as Guard, {
      enter: async (request: Parameters<Guard['enter']>[0]) => ({
        ...(await guard.enter(request)),
        done: (status: number, route?: string) => routes.push([status, route]),
      }),
    })
    const port = await start(spied)
    await (await fetch(`http://127.0.0.1:${port}/items/7`)).text()
    await until(() => routes.length > 0)
    expect(routes).toEqual([[200, '/items/:id']])
  })

  it('report an application whose env is development once: its own pages would show stacks [ASVS 13.4.2]', async () => {
    const { guard, diagnostics } = testGuard()
    const port = await start(guard, 'development')
    for (let i = 0; i < 3; i++) await (await fetch(`http://127.0.0.1:${port}/items/1`)).text()
    expect(diagnostics.filter((text) => text.startsWith("framework_debug: Express runs with env 'development'"))).toHaveLength(1)
    const quiet = testGuard()
    await (await fetch(`http://127.0.0.1:${await start(quiet.guard, 'production')}/items/1`)).text()
    expect(quiet.diagnostics.join('\n')).not.toContain('framework_debug')
    expect(process.env['NODE_ENV']).not.toBe('development')
  })
})
