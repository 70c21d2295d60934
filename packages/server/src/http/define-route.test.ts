import { ERRORS } from '@parapet/core'
import Fastify from 'fastify'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { z } from 'zod'
import { createTestApp, type TestApp } from '../app/fixtures/test-app.js'
import { createApp } from '../app/create-app.js'
import { defineRoute } from './define-route.js'
import { registerGate } from './gate.js'
import { RATE_LIMITS } from './rate-limits.js'

let t: TestApp
beforeAll(async () => {
  t = await createTestApp()
}, 60_000)
afterAll(() => t.close())

describe('defineRoute', () => {
  it('takes no route that changes something and leaves no record', () => {
    const define = () =>
      defineRoute({
        id: 'x',
        method: 'POST',
        url: '/x',
        tag: 'x',
        summary: 'x',
        permission: 'public',
        rateLimit: 'write',
        audit: 'none',
        answer: { status: 200, description: 'x' },
        handler: async () => undefined,
      })
    expect(define).toThrow('not audited')
  })

  it('declares without registering: nothing answers until the app says so', () => {
    const route = defineRoute({
      id: 'y',
      method: 'GET',
      url: '/y',
      tag: 'y',
      summary: 'y',
      permission: 'public',
      rateLimit: 'read',
      audit: 'none',
      answer: { status: 200, description: 'y', schema: z.object({ a: z.int() }) },
      handler: async () => ({ a: 1 }),
    })
    expect(route).toMatchObject({ id: 'y', url: '/y', permission: 'public', rateLimit: 'read', audit: 'none' })
  })
})

describe('an app with a route that was not declared', () => {
  it('cannot be built: the hole is found at start', async () => {
    const app = Fastify()
    registerGate(app, t.services)
    expect(() => app.get('/hole', async () => 'open')).toThrow('GET /hole does not declare permission, rateLimit, audit')
    await app.close()
  })
})

describe('answers', () => {
  it('hold only what their schema names: a column added later does not leak [ASVS 15.3.1]', async () => {
    const { services } = t
    const shown = { id: '1', name: 'n', role: 'admin', createdAt: 1, lastSignInAt: null, secured: false, resetPending: false }
    const leaky = {
      ...services,
      operators: {
        ...services.operators,
        list: async () => [{ ...shown, password_hash: 'leak' }] as never,
      },
    }
    const app = await createApp(leaky)
    const answer = await app.inject({ url: '/v1/operators', headers: { authorization: `Bearer ${t.local}` } })
    expect(answer.json()).toEqual({ items: [shown] })
    expect(answer.payload).not.toContain('leak')
    await app.close()
  })

  it('that do not fit their schema are 500 and say nothing of what they were', async () => {
    const app = await createApp({
      ...t.services,
      operators: { ...t.services.operators, list: async () => [{ name: 'half an operator' }] as never },
    })
    const answer = await app.inject({ url: '/v1/operators', headers: { authorization: `Bearer ${t.local}` } })
    expect(answer.json()).toMatchObject({ status: 500, code: 'PPT_INTERNAL', title: ERRORS.PPT_INTERNAL.message })
    expect(answer.payload).not.toContain('half an operator')
    await app.close()
  })
})

describe('limits', () => {
  it('of a route are counted for each token apart, and each class apart, and come back with time', async () => {
    const [one, two] = [await t.makeToken(['alerts.read', 'sources.manage']), await t.makeToken(['alerts.read'])]
    const read = (token: string) => t.call('GET', '/v1/alerts', { token })
    expect((await read(one.token)).status).toBe(200)
    await t.exhausted('read', `token:${one.id}`, async () => {
      const refused = await read(one.token)
      expect(refused.body).toMatchObject({ status: 429, code: 'PPT_RATE_LIMITED' })
      expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0)
      expect((await read(two.token)).status).toBe(200)
      expect((await t.call('POST', '/v1/sources', { token: one.token, body: { name: 'still writes' } })).status).toBe(201)
      t.advance(RATE_LIMITS.read.periodMs)
      expect((await read(one.token)).status).toBe(200)
    })
  })

  it('of strangers are counted by address, an IPv6 one by its /64', async () => {
    await t.exhausted('public', '2001:db8:1:2::/64', async () => {
      expect((await t.call('GET', '/v1/setup', { from: '2001:db8:1:2::1' })).status).toBe(429)
      expect((await t.call('GET', '/v1/setup', { from: '2001:db8:1:2:ffff::1' })).status).toBe(429)
      expect((await t.call('GET', '/v1/setup', { from: '2001:db8:1:3::1' })).status).toBe(200)
    })
  })
})

describe('cross-site requests', () => {
  it('with a token are no matter: no browser adds one by itself', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
    expect((await t.call('POST', '/v1/sources', { token: t.local, body: { name: 'from a script' }, headers })).status).toBe(201)
  })

  it('are judged by the declared origin, and by no Host that was sent [ASVS 3.5.1]', async () => {
    const { cookie } = await t.makeOperator()
    const make = (name: string, headers: Record<string, string>) => t.call('POST', '/v1/sources', { cookie, body: { name }, headers })
    expect((await make('a', { origin: 'http://evil.example', host: 'evil.example' })).body.code).toBe('PPT_CSRF')
    expect((await make('b', { origin: 'null' })).body.code).toBe('PPT_CSRF')
    expect((await make('c', { origin: 'http://127.0.0.1:8700' })).status).toBe(201)
    expect((await make('d', { origin: 'http://localhost:9999' })).body.code).toBe('PPT_CSRF')
  })

  it('that only read are answered: they change nothing and other sites cannot see the answer', async () => {
    const { cookie } = await t.makeOperator()
    const answer = await t.call('GET', '/v1/session', {
      cookie,
      headers: { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' },
    })
    expect(answer.status).toBe(200)
    expect(answer.headers['access-control-allow-origin']).toBeUndefined()
    expect(answer.headers['cross-origin-resource-policy']).toBe('same-origin')
  })
})
