import { MINUTE } from '@parapet/core'
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest'
import type { Json, TestApp } from '../../app/fixtures/test-app.js'
import { type Asking, createAsking, OPERATOR } from './fixtures/asking.js'

let t: TestApp
let shop: Asking['shop']
let plain: Asking['plain']
let decide: Asking['decide']
let ask: Asking['ask']
let held: Asking['held']
let clear: Asking['clear']

beforeAll(async () => {
  ;({ t, shop, plain, decide, ask, held, clear } = await createAsking())
}, 60_000)
afterAll(() => t.close())
beforeEach(() => clear())

describe('who may ask', () => {
  it('is a proxy with the token of a source, and nobody with another one or none', async () => {
    expect((await ask()).status).toBe(200)
    expect((await ask({ token: `ppt_${'x'.repeat(43)}` })).body.code).toBe('PPT_TOKEN_INVALID')
    expect((await ask({ token: '' })).status).toBe(401)
    expect((await ask({ token: 'ppt_' })).status).toBe(401)
    const { token } = await t.makeToken(['decisions.read'])
    expect((await ask({ token })).body.code).toBe('PPT_FORBIDDEN')
  })

  it('may show the token as Bearer too, but never instead of its own: with Parapet-Token the header is for the application', async () => {
    const headers = { 'x-forwarded-for': '203.0.113.1', 'x-original-method': 'GET', 'x-original-uri': '/' }
    expect((await t.call('GET', '/v1/authorize', { token: shop.token, headers })).status).toBe(200)
    expect(
      (await ask({ headers: { authorization: 'Bearer of-the-application', cookie: 'parapet-session=x', origin: 'https://evil.example' } }))
        .status,
    ).toBe(200)
  })

  it('asks with any method, whatever cookies and origins of the client come along', async () => {
    for (const via of ['HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS'])
      expect([
        via,
        (await ask({ via, method: via, headers: { 'sec-fetch-site': 'cross-site', 'content-type': 'multipart/form-data' } })).status,
      ]).toEqual([via, 200])
    const post = {
      method: 'POST',
      url: '/v1/authorize?proxy=traefik',
      payload: '{',
      headers: { 'parapet-token': shop.token, 'x-forwarded-for': '203.0.113.1', 'x-forwarded-method': 'POST', 'x-forwarded-uri': '/' },
    } as const
    for (const type of ['application/json', 'application/x-ndjson', 'text/plain', 'nonsense', ''])
      expect([type, (await t.app.inject({ ...post, headers: { ...post.headers, 'content-type': type } })).statusCode]).toEqual([type, 200])
  })

  it('is refused at once after its token was revoked here', async () => {
    const gone = await t.makeSource('gone')
    expect((await ask({ token: gone.token })).status).toBe(200)
    await t.services.tokens.revokeOfSource(gone.id)
    expect((await ask({ token: gone.token })).status).toBe(401)
  })

  it('is not asked about in the database for each request, and stays known while that is away', async () => {
    await ask()
    const query = vi.spyOn(t.services.database.pool, 'query').mockRejectedValue(new Error('away'))
    try {
      t.advance(MINUTE)
      for (let i = 0; i < 20; i++) expect((await ask()).status).toBe(200)
      // once in the background, and not again for a while
      expect(query.mock.calls.length).toBeLessThanOrEqual(2)
    } finally {
      query.mockRestore()
    }
  })

  it('is never throttled: no limit of ours stops everybody behind a proxy, but guesses at tokens are', async () => {
    await t.exhausted('door', '127.0.0.1', async () => {
      expect((await ask()).status).toBe(200)
      expect((await ask({ token: `ppt_${'y'.repeat(43)}` })).status).toBe(429)
    })
  })

  it('must say what was asked: a proxy that does not is told so', async () => {
    const answer = await t.call('GET', '/v1/authorize?proxy=caddy', { headers: { 'parapet-token': shop.token } })
    expect(answer.body).toMatchObject({ code: 'PPT_REQUEST', detail: expect.stringContaining('method and the URI') })
    expect(t.services.authorize.reports().find(({ source }) => source.name === 'shop')?.report.trouble).toMatch(/does not say/)
  })
})

describe('a denied client', () => {
  it('gets 403 within 100 ms of the decision, with a reference and without the reason', async () => {
    const made = await decide()
    const begun = performance.now()
    const answer = await held({}, 403)
    expect(performance.now() - begun).toBeLessThan(1_000)
    expect(answer.body).toMatchObject({ code: 'PPT_BLOCKED', instance: `urn:uuid:${made.id}` })
    expect(answer.text).not.toContain('five failures')
    expect(answer.headers['parapet-reference']).toBe(made.id)
    expect(answer.headers['cache-control']).toBe('no-store')
    expect((await ask({ from: '203.0.113.2' })).status).toBe(200)
  })

  it('is let in again when the decision is taken back, and when it ends', async () => {
    const made = await decide()
    await held({}, 403)
    await t.services.decisions.lift([made.id], OPERATOR, 'a colleague', t.now())
    await held({}, 200)
    await decide({ expiresAt: t.now() + MINUTE })
    await held({}, 403)
    t.advance(MINUTE)
    expect((await ask()).status).toBe(200)
  })

  it('is known by its /64 in IPv6, in every spelling', async () => {
    await decide({ target: { kind: 'ip', value: '2001:db8:0:1::5' } })
    await held({ from: '2001:db8:0:1::5' }, 403)
    for (const from of ['2001:0DB8:0:1:ffff::1', '[2001:db8:0:1::9]:443', '2001:db8:0:1::%eth0'])
      expect([from, (await ask({ from })).status]).toEqual([from, 403])
    expect((await ask({ from: '2001:db8:0:2::1' })).status).toBe(200)
    await decide({ target: { kind: 'ip', value: '203.0.113.9' } })
    await held({ from: '::ffff:203.0.113.9' }, 403)
  })

  it('of scope login is stopped where credentials are sent, whatever the spelling of the path, and nowhere else', async () => {
    await decide({ scope: 'login' })
    await held({ method: 'POST', uri: '/login' }, 403)
    for (const uri of ['/login/', '//login', '/LOGIN?next=/', '/%6cogin', '/x/../login', '/login;a=b', 'http://shop.example/login'])
      expect([uri, (await ask({ method: 'POST', uri })).status]).toEqual([uri, 403])
    expect((await ask({ method: 'POST', uri: '/api/session' })).status).toBe(403)
    expect((await ask({ uri: '/login' })).status).toBe(200)
    expect((await ask({ method: 'POST', uri: '/cart' })).status).toBe(200)
    // an application that declared nothing has no sign-in that is known
    expect((await ask({ token: plain.token, method: 'POST', uri: '/login' })).status).toBe(200)
  })

  it('is told to watch only, or meant for others: passes', async () => {
    await decide({ mode: 'observe' })
    await decide({ enforcers: ['guard', 'nftables'] })
    const seen = await decide({ target: { kind: 'ip', value: '203.0.113.50' }, enforcers: ['forward_auth'] })
    await held({ from: '203.0.113.50' }, 403)
    expect(seen.revision).toBeGreaterThan(0)
    expect((await ask()).status).toBe(200)
  })

  it('is let in when it is on the allow-list, whatever was decided', async () => {
    await decide({ target: { kind: 'cidr', value: '198.51.100.0/24' } })
    await held({ from: '198.51.100.5' }, 403)
    expect((await ask({ from: '198.51.100.77' })).status).toBe(200)
  })
})

describe('which client it is', () => {
  it('stands in what the nearest proxy wrote: a forged part to the left of it names nobody', async () => {
    await decide()
    await held({}, 403)
    expect((await ask({ from: '198.51.100.1, 203.0.113.1' })).status).toBe(403)
    expect((await ask({ from: '203.0.113.1, 198.51.100.1' })).status).toBe(200)
    expect(
      (
        await ask({
          from: '198.51.100.1',
          headers: { 'x-real-ip': '203.0.113.1', 'cf-connecting-ip': '203.0.113.1', forwarded: 'for=203.0.113.1' },
        })
      ).status,
    ).toBe(200)
  })

  it('is found behind further proxies that are declared, from the right, and only there', async () => {
    const { token } = await t.makeSource('behind a cdn')
    await decide()
    await held({}, 403)
    expect((await ask({ token, from: '203.0.113.1, 192.0.2.8' })).status).toBe(403)
    expect((await ask({ token, from: '203.0.113.1, 198.51.100.1, 192.0.2.8' })).status).toBe(200)
  })

  it('is the address of X-Real-IP where that is declared, and then nothing else', async () => {
    const { token } = await t.makeSource('real ip')
    await decide()
    await held({}, 403)
    expect((await ask({ token, from: '198.51.100.1', headers: { 'x-real-ip': '203.0.113.1' } })).status).toBe(403)
    expect((await ask({ token, from: '203.0.113.1', headers: { 'x-real-ip': '198.51.100.1' } })).status).toBe(200)
  })

  it('that nobody names is reported as trouble, and nothing else depends on it', async () => {
    expect((await ask({ from: 'not-an-address' })).status).toBe(200)
    expect(t.services.authorize.reports().find(({ source }) => source.name === 'shop')?.report.trouble).toMatch(/./)
  })

  it('reads the method and the URI only where this proxy writes them', async () => {
    await decide({ scope: 'login' })
    await held({ method: 'POST', uri: '/login' }, 403)
    const forged = { 'x-original-uri': '/harmless', 'x-original-method': 'GET' }
    expect((await ask({ method: 'POST', uri: '/login', headers: forged })).status).toBe(403)
    const other = { 'x-forwarded-uri': '/harmless', 'x-forwarded-method': 'GET' }
    expect((await ask({ proxy: 'nginx', method: 'POST', uri: '/login', headers: other })).status).toBe(403)
  })

  it('a URI however odd is judged, and never an error that lets everybody pass', async () => {
    await decide()
    await held({}, 403)
    for (const uri of ['*', '', '?x', '\\login', `/${'%'.repeat(5_000)}`, '/\u00ff', '//', 'http://'])
      expect([uri.slice(0, 20), (await ask({ uri })).status]).toEqual([uri.slice(0, 20), 403])
    expect((await ask({ method: 'M'.repeat(500) })).status).toBe(403)
  })
})

describe('a throttled client', () => {
  it('gets 429 with the wait and what is left, and nothing but the wait at sign-in', async () => {
    await decide({ action: 'throttle', limit: { limit: 2, windowMs: 60_000 } })
    const answer = await held({}, 429)
    expect(answer.headers['retry-after']).toMatch(/^\d+$/)
    expect(answer.headers['ratelimit-policy']).toContain('q=2')
    expect(answer.body.code).toBe('PPT_RATE_LIMITED')
    const login = await ask({ method: 'POST', uri: '/login' })
    expect([login.status, login.headers['ratelimit'], login.headers['retry-after']]).toEqual([429, undefined, expect.any(String)])
  })

  it('counts each client by itself', async () => {
    await decide({ action: 'throttle', target: { kind: 'cidr', value: '203.0.113.0/24' }, limit: { limit: 2, windowMs: 60_000 } })
    await held({}, 429)
    expect((await ask({ from: '203.0.113.2' })).status).toBe(200)
  })
})

describe('nginx', () => {
  it('gets only 401 and 403, with the true status and the way in headers', async () => {
    await decide({ action: 'throttle', limit: { limit: 1, windowMs: 60_000 } })
    const over = await held({ proxy: 'nginx' }, 403)
    expect([over.headers['parapet-status'], over.headers['retry-after']]).toEqual(['429', expect.any(String)])
    await decide({ target: { kind: 'user', value: 'u-1' }, action: 'challenge' })
    const page = await held({ proxy: 'nginx', from: '203.0.113.9', uri: '/a', headers: { 'x-auth-user': 'u-1', accept: 'text/html' } }, 401)
    expect([page.headers['parapet-status'], page.headers['parapet-location'], page.headers['location']]).toEqual([
      '302',
      '/confirm?return=%2Fa',
      undefined,
    ])
    await decide({ target: { kind: 'all', value: '*' }, action: 'lockdown', lockdown: { mode: 'all', allow: [] } })
    const locked = await held({ proxy: 'nginx', from: '203.0.113.10' }, 403)
    expect(locked.headers['parapet-status']).toBe('503')
  })
})

describe('what is told', () => {
  it('of a refused request is one event a minute for each client and decision', async () => {
    await decide()
    await held({ uri: '/only-here?token=secret' }, 403)
    for (let i = 0; i < 5; i++) await ask({ uri: '/b' })
    const refusedEvents = async (): Promise<Json[]> => {
      const { rows } = await t.database.pool.query<{ id: string }>('select id from events order by sequence desc limit 50')
      const events: Json[] = (await t.services.events.byIds(rows.map(({ id }) => id))).map(({ event }) => event)
      return events.filter((event) => event['event.dataset'] === 'parapet.forward_auth' && event['url.path'] === '/only-here')
    }
    await vi.waitFor(async () => expect(await refusedEvents()).toHaveLength(1), { timeout: 4_000 })
    const [event] = await refusedEvents()
    expect(event).toMatchObject({ 'source.ip': '203.0.113.1', 'http.response.status_code': 403, 'event.reason': 'denied' })
    expect(JSON.stringify(event)).not.toContain('secret')
  })

  it('of what it holds is a report for each application that asks', async () => {
    await decide()
    await decide({ target: { kind: 'country', value: 'XX' } })
    await decide({ enforcers: ['nftables'] })
    const revision = await t.services.decisions.revision()
    await held({}, 403)
    await vi.waitFor(() => expect(t.services.authorize.reports()[0]?.report.revision).toBe(revision))
    const report = t.services.authorize.reports().find(({ source }) => source.id === shop.id)?.report
    expect(report).toMatchObject({ kind: 'forward_auth', mode: 'enforce', wanted: 2, held: 2, cannot: ['end_sessions'] })
    expect(report?.refused).toEqual([{ id: expect.any(String), reason: 'forward-auth does not know the country of a request' }])
    expect(report?.latencyMs?.p50).toBeGreaterThanOrEqual(0)
  })
})
