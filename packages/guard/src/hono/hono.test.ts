import { Hono } from 'hono'
import { HTTPException } from 'hono/http-exception'
import { afterEach, describe, expect, it } from 'vitest'
import { closeAll, testGuard } from '../node/fixtures/servers.js'
import { type GuardVariables, hono, type HonoGuardOptions, honoErrors } from './index.js'

afterEach(closeAll)

/** An application in a runtime that is not Node: requests come in by `app.request`. */
const appOf = (options: HonoGuardOptions = {}): ReturnType<typeof testGuard> & { readonly app: Hono<{ Variables: GuardVariables }> } => {
  const made = testGuard()
  const app = new Hono<{ Variables: GuardVariables }>()
  app.use(hono(made.guard, options))
  app.onError(honoErrors(made.guard))
  app.get('/', (c) =>
    c.text(`${c.get('guard').client.kind} ${c.get('guard').nonce.length} ${made.guard.of(c) === made.guard.of(c.req.raw)}`),
  )
  app.get('/items/:id', (c) => c.text(c.req.param('id')))
  app.get('/away', (c) => c.redirect('/'))
  app.get('/throws', () => {
    throw new Error('secret')
  })
  app.get('/exception', () => {
    throw new HTTPException(403, { message: 'not yours' })
  })
  app.get('/own', () => {
    throw new HTTPException(401, { res: new Response('own', { status: 401 }) })
  })
  app.post('/change', (c) => c.text('changed'))
  return { ...made, app }
}
const peer = (): string => '192.0.2.1'

describe('hono without node-server', () => {
  it('refuses to guess who is connected: every request fails, and the log says what to do', async () => {
    const { app, log } = appOf()
    const answer = await app.request('/', { headers: { 'x-forwarded-for': '1.2.3.4' } })
    expect(answer.status).toBe(500)
    expect(await answer.text()).not.toContain('hono(guard')
    expect(log[0]?.error).toMatchObject({
      code: 'PPT_CONFIG_INVALID',
      message: expect.stringContaining('give hono(guard, { peer:') as string,
    })
  })

  it('works with a peer from the runtime: headers, nonce, context', async () => {
    const { app, statuses } = appOf({ peer })
    const answer = await app.request('/')
    expect(await answer.text()).toBe('known 22 true')
    expect(answer.headers.get('x-frame-options')).toBe('DENY')
    expect(answer.headers.get('ratelimit')).toContain('"anonymous"')
    expect(statuses).toEqual([200])
  })

  it('refuses, redirects, misses and fails with the headers, and tells of each once', async () => {
    const { app, statuses } = appOf({ peer })
    const answers = [
      await app.request('/change', { method: 'POST', headers: { origin: 'https://evil.example' } }),
      await app.request('/away'),
      await app.request('/missing'),
      await app.request('/throws'),
      await app.request('/exception'),
      await app.request('/own'),
    ]
    expect(answers.map(({ status }) => status)).toEqual([403, 302, 404, 500, 403, 401])
    for (const { headers } of answers) expect(headers.get('x-frame-options')).toBe('DENY')
    expect(statuses).toEqual([403, 302, 404, 500, 403, 401])
    expect(await answers[3]?.text()).not.toContain('secret')
    expect(await answers[4]?.json()).toMatchObject({ code: 'PPT_FORBIDDEN', detail: 'not yours' })
    expect(await answers[5]?.text()).toBe('own')
  })

  it('tells a peer that the runtime does not know as unknown', async () => {
    const { app, diagnostics } = appOf({ peer: () => undefined })
    expect(await (await app.request('/')).text()).toMatch(/^unknown/)
    expect(diagnostics.join('\n')).toContain('client_address_unknown')
  })

  it.each([[{ peer: '127.0.0.1' }], [{ peers: peer }]])('refuses the options %j when built', (options) => {
    expect(() => hono(testGuard().guard, options as HonoGuardOptions)).toThrow(/hono(?:\.peer is| has no option)/)
  })
})
