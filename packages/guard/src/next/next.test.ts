import { request as httpRequest } from 'node:http'
import { afterEach, describe, expect, it } from 'vitest'
import { startNext } from '../conformance/fixtures/next-subject.js'
import type { ConformanceServer } from '../conformance/index.js'
import { testGuard, until } from '../node/fixtures/servers.js'
import { next } from './index.js'

const PROXY = { trusted: ['127.0.0.1'] } as const
const servers: ConformanceServer[] = []
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop()
})

describe('next(guard)', () => {
  it.each([
    ['direct', undefined],
    ['direct', '127.0.0.1'],
    [PROXY, undefined],
    [PROXY, '192.0.2.1'],
  ] as const)('refuses topology %j with peer %s, and says what to declare', (clientAddress, peer) => {
    const { guard } = testGuard({ clientAddress })
    expect(() => next(guard, peer === undefined ? {} : { peer })).toThrow(
      /'direct' is not possible, since Next keeps the X-Forwarded-For that a client wrote/,
    )
  })

  it.each([
    [PROXY, '127.0.0.1'],
    [{ hops: 1 }, undefined],
    [{ hops: 2, header: 'forwarded' }, undefined],
  ] as const)('takes topology %j with peer %s', (clientAddress, peer) => {
    expect(() => next(testGuard({ clientAddress }).guard, peer === undefined ? {} : { peer })).not.toThrow()
  })

  it('refuses options that there are not', () => {
    expect(() => next(testGuard({ clientAddress: { hops: 1 } }).guard, { peers: 'x' } as never)).toThrow(/next has no option "peers"/)
  })

  it('reports next dev, which shows stacks to everybody [ASVS 13.4.2]', () => {
    const before = process.env['NODE_ENV']
    // NODE_ENV is read-only in the types of Next
    Object.assign(process.env, { NODE_ENV: 'development' })
    try {
      const { guard, diagnostics } = testGuard({ clientAddress: { hops: 1 } })
      next(guard)
      expect(diagnostics.join('\n')).toContain('framework_debug: Next runs in development')
    } finally {
      Object.assign(process.env, { NODE_ENV: before ?? 'test' })
    }
    const { guard, diagnostics } = testGuard({ clientAddress: { hops: 1 } })
    next(guard)
    expect(diagnostics.join('\n')).not.toContain('framework_debug')
  })

  it('proxy: overwrites what a client sends under the names that it uses itself', async () => {
    const { guard } = testGuard({ clientAddress: { hops: 1 } })
    const { proxy, contextOf } = next(guard)
    const forged = {
      'x-forwarded-for': '192.0.2.1',
      'x-parapet-request': 'forged',
      'x-nonce': 'forged',
      'content-security-policy': 'script-src *',
    }
    const answer = await proxy(new Request('http://shop.example/', { headers: forged }))
    const passed = (name: string): string => answer.headers.get(`x-middleware-request-${name}`) ?? ''
    const nonce = passed('x-nonce')
    expect(nonce).toMatch(/^[\w-]{22}$/)
    expect(passed('content-security-policy')).toContain(`'nonce-${nonce}'`)
    expect(passed('x-parapet-request')).toMatch(/^[\w-]{22}$/)
    expect(answer.headers.get('content-security-policy')).toBe(passed('content-security-policy'))
    expect(contextOf(new Headers({ 'x-parapet-request': passed('x-parapet-request') }))?.nonce).toBe(nonce)
    expect(contextOf(new Headers(forged))).toBeUndefined()
  })

  it('withGuard: protects a handler also where there is no proxy, and counts a request once where there is', async () => {
    const { guard, statuses } = testGuard({ clientAddress: { hops: 1 } })
    const { proxy, withGuard } = next(guard)
    let calls = 0
    const handler = withGuard(async (_request, known, extra: string) => {
      calls++
      return new Response(`${known.client.kind} ${extra}`, { status: 201 })
    })
    const alone = await handler(new Request('http://x/', { headers: { 'x-forwarded-for': '192.0.2.1' } }), 'more')
    expect([alone.status, alone.headers.get('x-frame-options'), await alone.text()]).toEqual([201, 'DENY', 'known more'])
    const refused = await handler(
      new Request('http://x/', { method: 'POST', headers: { 'x-forwarded-for': '192.0.2.1', origin: 'https://evil.example' } }),
      '',
    )
    expect([refused.status, calls]).toEqual([403, 1])
    expect(statuses).toEqual([201, 403])

    const passed = await proxy(new Request('http://x/', { headers: { 'x-forwarded-for': '192.0.2.1' } }))
    const token = passed.headers.get('x-middleware-request-x-parapet-request') ?? ''
    const below = new Request('http://x/', { headers: { 'x-forwarded-for': '192.0.2.1', 'x-parapet-request': token } })
    const answer = await handler(below, '')
    // the proxy's headers are on the answer: a second policy would name another nonce
    expect(answer.headers.get('content-security-policy')).toBeNull()
    expect(statuses).toEqual([201, 403, 201])
    // a token is taken once: who sends it again is judged anew
    expect((await handler(below, '')).headers.get('content-security-policy')).not.toBeNull()
  })

  it('withGuard: answers what is thrown, and leaves to Next what is for Next', async () => {
    const { guard, log } = testGuard({ clientAddress: { hops: 1 } })
    const { withGuard } = next(guard)
    const request = (): Request => new Request('http://x/', { headers: { 'x-forwarded-for': '192.0.2.1' } })
    const failed = await withGuard(() => {
      throw new Error('secret')
    })(request())
    expect([failed.status, failed.headers.get('x-frame-options')]).toEqual([500, 'DENY'])
    expect(await failed.text()).not.toContain('secret')
    const redirect = Object.assign(new Error('NEXT_REDIRECT'), { digest: 'NEXT_REDIRECT;replace;/login;307;' })
    await expect(
      withGuard(() => {
        throw redirect
      })(request()),
    ).rejects.toBe(redirect)
    expect(log).toHaveLength(1)
  })
})

describe('a built application', () => {
  const ask = (
    port: number,
    path: string,
    headers: Record<string, string> = {},
  ): Promise<{ status: number; body: string; csp: string; powered: unknown }> =>
    new Promise((resolve, reject) => {
      const request = httpRequest(
        { host: '127.0.0.1', port, path, agent: false, headers: { 'x-forwarded-for': '192.0.2.7', ...headers } },
        (response) => {
          let body = ''
          response.setEncoding('utf8')
          response.on('data', (chunk: string) => {
            body += chunk
          })
          response.on('end', () =>
            resolve({
              status: response.statusCode ?? 0,
              body,
              csp: String(response.headers['content-security-policy']),
              powered: response.headers['x-powered-by'],
            }),
          )
        },
      )
      request.on('error', reject)
      request.end()
    })

  it('gives server components the context, and every script of the page the nonce of its policy, fresh each time', async () => {
    const { guard, statuses } = testGuard({ clientAddress: PROXY })
    const server = await startNext(guard, [])
    servers.push(server)
    const seen = new Set<string>()
    for (let i = 0; i < 3; i++) {
      const { status, body, csp, powered } = await ask(server.port, '/page-with-nonce', { 'x-parapet-request': 'forged' })
      const nonce = /nonce:([\w-]{22})/.exec(body)?.[1] ?? 'none'
      expect([status, powered]).toEqual([200, undefined])
      expect(body).toContain('192.0.2.7')
      expect(csp).toContain(`'nonce-${nonce}'`)
      for (const [script] of body.matchAll(/<script\b[^>]*>/g)) expect(script).toContain(`nonce="${nonce}"`)
      seen.add(nonce)
    }
    expect(seen.size).toBe(3)
    await until(() => statuses.length > 0)
  }, 300_000)
})
