import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { cookiesOf, createTestApp, PASSWORD, type TestApp } from '../../app/fixtures/test-app.js'

let t: TestApp
beforeAll(async () => {
  t = await createTestApp()
}, 60_000)
afterAll(() => t.close())

const signIn = (name: string, password: string, from = '203.0.113.1', headers: Record<string, string> = {}) =>
  t.call('POST', '/v1/session', { body: { name, password }, from, headers })
/** Each test has an address of its own: the limit of credentials is by address. */
let host = 10
const address = (): string => `203.0.113.${++host}`

describe('sign-in', () => {
  it('gives a cookie that scripts and other sites cannot use, and nothing else that signs in', async () => {
    const { id } = await t.services.operators.create({ name: 'Ann', password: PASSWORD, role: 'admin' })
    const answer = await signIn('ann', PASSWORD, address())
    expect(answer).toMatchObject({ status: 200, body: { id, name: 'Ann', role: 'admin' } })
    expect(answer.headers['cache-control']).toBe('no-store')
    const session = [answer.headers['set-cookie']].flat().find((cookie) => cookie?.startsWith('parapet-session='))
    expect(session).toMatch(/; Path=\/; HttpOnly; SameSite=Strict/)
    expect(answer.text).not.toContain(cookiesOf(answer).split('=')[1])
    const me = await t.call('GET', '/v1/session', { cookie: cookiesOf(answer) })
    expect(me.body).toMatchObject({
      kind: 'operator',
      name: 'Ann',
      role: 'admin',
      permissions: expect.arrayContaining(['operators.manage']),
    })
    expect((await t.call('GET', '/v1/operators', { cookie: cookiesOf(answer) })).body.items[0].lastSignInAt).toBeGreaterThan(0)
  })

  it('keeps only a hash of the cookie', async () => {
    const { cookie } = await t.makeOperator()
    const secret = /parapet-session=([\w-]+)/.exec(cookie)?.[1] ?? 'none'
    const { rows } = await t.database.pool.query('select key, value from shared_state')
    expect(JSON.stringify(rows)).not.toContain(secret)
  })

  it('answers alike for a wrong password, an unknown name and a locked sign-in', async () => {
    await t.services.operators.create({ name: 'Victim', password: PASSWORD, role: 'viewer' })
    const from = address()
    const strip = ({ status, body, headers }: Awaited<ReturnType<typeof signIn>>) => ({
      status,
      body: { ...body, instance: undefined },
      names: Object.keys(headers).toSorted(),
    })
    const wrong = strip(await signIn('Victim', 'not the password', from))
    expect(wrong).toMatchObject({ status: 401, body: { code: 'PPT_SIGN_IN_FAILED' } })
    expect(strip(await signIn('Nobody here', 'not the password', from))).toEqual(wrong)
    for (let i = 0; i < 5; i++) await signIn('Victim', 'not the password', from)
    // locked now: the right password gets the same answer
    expect(strip(await signIn('Victim', PASSWORD, from))).toEqual(wrong)
  })

  it('a lock is for unknown devices: the operator’s own browser still gets in', async () => {
    const { name, cookie } = await t.makeOperator('viewer', 'Known Device')
    for (let i = 0; i < 6; i++) await signIn(name, 'guess', '198.51.100.7')
    expect((await signIn(name, PASSWORD, '198.51.100.8')).status).toBe(401)
    const device = cookie.split('; ').find((one) => one.includes('device'))
    expect(device).toBeDefined()
    expect((await signIn(name, PASSWORD, '198.51.100.9', { cookie: device ?? '' })).status).toBe(200)
  })

  it('is limited by address before anything is hashed', async () => {
    const from = address()
    expect((await signIn('ghost', 'x', from)).status).toBe(401)
    await t.exhausted('credential', from, async () => {
      const refused = await signIn('ghost', 'x', from)
      expect(refused.status).toBe(429)
      expect(refused.headers['retry-after']).toMatch(/^\d+$/)
    })
  })

  it('from another site is refused: nobody is signed in as somebody else', async () => {
    const headers = { 'sec-fetch-site': 'cross-site', origin: 'https://evil.example' }
    expect((await t.call('POST', '/v1/session', { body: { name: 'Ann', password: PASSWORD }, headers, from: address() })).body.code).toBe(
      'PPT_CSRF',
    )
  })

  it('refuses bodies that are none, with the field and never the value', async () => {
    const from = address()
    for (const body of [
      {},
      { name: 'a' },
      { name: 'a\u0000b', password: 'secret-value' },
      { name: 'a', password: 'secret-value', admin: true },
      { name: { $ne: null }, password: 'secret-value' },
      [],
    ]) {
      const answer = await t.call('POST', '/v1/session', { body, from })
      expect(answer.body).toMatchObject({ status: 422, code: 'PPT_INVALID' })
      expect(answer.text).not.toContain('secret-value')
    }
  })

  it('is recorded: who, from where, and a failure without the name that was typed', async () => {
    const from = address()
    const { name } = await t.makeOperator('viewer', 'Recorded')
    await signIn('hunter2-typed-as-name', 'x', from)
    const { body } = await t.call('GET', '/v1/audit?action=operator.signed_in&limit=10', { token: t.local })
    expect(body.items[0]).toMatchObject({
      actor: { kind: 'anonymous' },
      outcome: 'failure',
      reason: 'PPT_SIGN_IN_FAILED',
      address: from,
      detail: { name: expect.stringMatching(/^h\*{3}~[\w-]{12}$/) },
    })
    expect(body.items[1]).toMatchObject({ actor: { kind: 'operator', name }, outcome: 'success' })
    expect(JSON.stringify(body) + t.log.join('')).not.toContain('hunter2')
  })
})

describe('a session', () => {
  it('ends at sign-out, and the browser is told to forget', async () => {
    const { cookie } = await t.makeOperator()
    const out = await t.call('DELETE', '/v1/session', { cookie })
    expect(out.status).toBe(204)
    expect([out.headers['set-cookie']].flat().join()).toMatch(/parapet-session=; .*Max-Age=0/)
    expect(out.headers['clear-site-data']).toBeDefined()
    expect((await t.call('GET', '/v1/session', { cookie })).status).toBe(401)
  })

  it('ends after an hour without use, and after twelve whatever happens', async () => {
    const idle = await t.makeOperator()
    t.advance(61 * 60_000)
    expect((await t.call('GET', '/v1/session', { cookie: idle.cookie })).status).toBe(401)
    const busy = await t.makeOperator()
    for (let i = 0; i < 14; i++) {
      t.advance(50 * 60_000)
      await t.call('GET', '/v1/session', { cookie: busy.cookie })
    }
    t.advance(50 * 60_000)
    expect((await t.call('GET', '/v1/session', { cookie: busy.cookie })).status).toBe(401)
  })

  it('is not opened by a made-up, a foreign or a doubled cookie', async () => {
    for (const cookie of [
      'parapet-session=x',
      `parapet-session=${'a'.repeat(43)}`,
      'parapet-session=',
      `parapet-session=${'a'.repeat(10_000)}`,
      '__Host-parapet-session=x; other=1',
    ]) {
      expect((await t.call('GET', '/v1/session', { cookie })).body.code).toBe('PPT_UNAUTHENTICATED')
    }
  })

  it('of a viewer reads and does not write', async () => {
    const { cookie } = await t.makeOperator('viewer')
    for (const url of ['/v1/alerts', '/v1/decisions', '/v1/events', '/v1/audit', '/v1/sources'])
      expect((await t.call('GET', url, { cookie })).status).toBe(200)
    for (const [method, url] of [
      ['POST', '/v1/decisions'],
      ['POST', '/v1/operators'],
      ['POST', '/v1/tokens'],
      ['DELETE', '/v1/demo'],
      ['GET', '/v1/operators'],
    ] as const) {
      expect((await t.call(method, url, { cookie, ...(method === 'POST' ? { body: {} } : {}) })).body.code).toBe('PPT_FORBIDDEN')
    }
    const { body } = await t.call('GET', '/v1/audit?limit=1', { token: t.local })
    expect(body.items[0]).toMatchObject({ outcome: 'refused', reason: 'PPT_FORBIDDEN' })
  })

  it('cannot be told from none while the database is away: 503, not 401', async () => {
    const { cookie } = await t.makeOperator()
    await t.database.owner().query('alter table shared_state rename to shared_state_away')
    try {
      expect((await t.call('GET', '/v1/session', { cookie })).body).toMatchObject({ status: 503, code: 'PPT_DATABASE_UNAVAILABLE' })
    } finally {
      await t.database.owner().query('alter table shared_state_away rename to shared_state')
    }
    expect((await t.call('GET', '/v1/session', { cookie })).status).toBe(200)
  })
})

describe('who am I', () => {
  it('answers tokens and commands of this machine too', async () => {
    const { id, token } = await t.makeToken(['alerts.read'])
    expect((await t.call('GET', '/v1/session', { token })).body).toMatchObject({
      kind: 'token',
      id,
      permissions: ['alerts.read'],
      expiresAt: null,
    })
    expect((await t.call('GET', '/v1/session', { token: t.local })).body).toMatchObject({ kind: 'local' })
  })

  it('takes the token before the cookie when both come', async () => {
    const { cookie } = await t.makeOperator()
    const { token } = await t.makeToken(['alerts.read'])
    expect((await t.call('GET', '/v1/session', { token, cookie })).body.kind).toBe('token')
    expect((await t.call('GET', '/v1/session', { token: `ppt_${'z'.repeat(43)}`, cookie })).body.code).toBe('PPT_TOKEN_INVALID')
  })
})
