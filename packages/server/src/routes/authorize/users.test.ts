import { type Decision, HOUR, MINUTE } from '@parapet/core'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import type { TestApp } from '../../app/fixtures/test-app.js'
import { type Asking, createAsking } from './fixtures/asking.js'

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

describe('a user that the proxy vouches for', () => {
  const user = { 'x-auth-user': 'u-1' }
  const about = { target: { kind: 'user', value: 'u-1' } } as const

  it('who is suspended is refused; a name that was not declared to be believed is not', async () => {
    await decide({ ...about, action: 'suspend' })
    expect((await held({ headers: user }, 403)).headers['parapet-reason']).toBe('suspended')
    expect((await ask({ headers: { 'x-auth-user': 'u-2' } })).status).toBe(200)
    expect((await ask({ headers: { 'x-parapet-user': 'u-1', 'remote-user': 'u-1' } })).status).toBe(200)
    expect((await ask({ token: plain.token, headers: user })).status).toBe(200)
  })

  it('owes a factor: a program is told so, a browser is led there and back, and the page itself is open', async () => {
    await decide({ ...about, action: 'require_mfa' })
    const program = await held({ headers: user }, 401)
    expect(program.body.code).toBe('PPT_MFA_REQUIRED')
    const browser = await ask({ uri: '/orders?page=2', headers: { ...user, accept: 'text/html' } })
    expect([browser.status, browser.headers['location']]).toEqual([302, '/confirm?return=%2Forders%3Fpage%3D2'])
    const posted = await ask({ method: 'POST', uri: '/orders', headers: { ...user, accept: 'text/html' } })
    expect(posted.headers['location']).toBe('/confirm')
    const away = await ask({ uri: '//evil.example/', headers: { ...user, accept: 'text/html' } })
    expect(away.headers['location']).toBe('/confirm')
    for (const uri of ['/confirm', '/static/app.css', '/help', '/confirm?return=%2F'])
      expect([uri, (await ask({ uri, headers: user })).status]).toEqual([uri, 200])
    expect((await ask({ uri: '/static/../orders', headers: user })).status).toBe(401)
    expect((await ask({ uri: '/helpers', headers: user })).status).toBe(401)
  })

  it('has a new password to set first', async () => {
    await decide({ ...about, action: 'require_reset' })
    const program = await held({ headers: user }, 401)
    expect(program.body.code).toBe('PPT_RESET_REQUIRED')
    const browser = await ask({ headers: { ...user, accept: 'text/html' } })
    expect(browser.headers['location']).toBe('https://id.example.org/reset?from=shop&return=%2F')
    expect((await ask({ uri: '/reset', headers: user })).status).toBe(200)
  })
})

describe('a pass of the application', () => {
  const passOf = async (fields: object = {}, token = shop.token): Promise<string> => {
    const made = await t.call('POST', '/v1/authorize/passes', { token, body: { user: 'u-1', signedInAt: t.now() - HOUR, ...fields } })
    expect(made.status).toBe(201)
    return made.body.cookie.value
  }

  it('says who it is: decisions on the user hold at the proxy', async () => {
    await decide({ target: { kind: 'user', value: 'u-1' }, action: 'suspend' })
    const pass = await passOf()
    await held({ headers: { cookie: `a=b; parapet_pass=${pass}` } }, 403)
    expect((await ask({ headers: { 'parapet-pass': pass } })).status).toBe(403)
    expect((await ask({ headers: { cookie: 'parapet_pass=' } })).status).toBe(200)
  })

  it('of a factor shown since gives what was owed, one of before does not', async () => {
    const early = await passOf({ factorAt: t.now() - MINUTE })
    await decide({ target: { kind: 'user', value: 'u-1' }, action: 'require_mfa' })
    await held({ headers: { 'parapet-pass': early } }, 401)
    t.advance(1_000)
    const late = await passOf({ factorAt: t.now() })
    expect((await ask({ headers: { 'parapet-pass': late } })).status).toBe(200)
  })

  it('that was changed, cut, made for another source or has ended says nothing', async () => {
    await decide({ target: { kind: 'user', value: 'u-1' }, action: 'suspend' })
    const pass = await passOf({ maxAgeSeconds: 60 })
    await held({ headers: { 'parapet-pass': pass } }, 403)
    const [body = '', signature = ''] = pass.split('~')
    const forged = Buffer.from(JSON.stringify({ ...JSON.parse(Buffer.from(body, 'base64url').toString()), user: 'u-9' })).toString(
      'base64url',
    )
    for (const text of [`${forged}~${signature}`, pass.slice(0, -1), `~${signature}`, body, '~', 'x'.repeat(4_000), `${body}~`])
      expect([text.slice(0, 10), (await ask({ headers: { 'parapet-pass': text } })).status]).toEqual([text.slice(0, 10), 200])
    expect((await ask({ token: plain.token, headers: { 'parapet-pass': pass } })).status).toBe(200)
    t.advance(MINUTE)
    expect((await ask({ headers: { 'parapet-pass': pass } })).status).toBe(200)
  })

  it('of one user does not speak for another whom the proxy names', async () => {
    await decide({ target: { kind: 'user', value: 'u-2' }, action: 'require_mfa' })
    t.advance(1_000)
    const pass = await passOf({ factorAt: t.now() })
    await held({ headers: { 'x-auth-user': 'u-2', 'parapet-pass': pass } }, 401)
  })

  it("is made with a source's own token, and not of the future", async () => {
    const { token } = await t.makeToken(['decisions.read'])
    expect((await t.call('POST', '/v1/authorize/passes', { token, body: { user: 'u', signedInAt: 0 } })).status).toBe(403)
    expect(
      (await t.call('POST', '/v1/authorize/passes', { token: shop.token, body: { user: 'u', signedInAt: t.now() + HOUR } })).status,
    ).toBe(422)
  })
})

describe('a lockdown', () => {
  const start = (mode: 'read_only' | 'known_users' | 'allow_list' | 'all'): Promise<Decision> =>
    decide({ target: { kind: 'all', value: '*' }, action: 'lockdown', lockdown: { mode, allow: ['198.51.100.9'] } })

  it('of all lets in nobody but the allowed ranges, says for how long, and ends by itself', async () => {
    await start('all')
    const answer = await held({}, 503)
    expect(answer.body.code).toBe('PPT_LOCKDOWN')
    expect(Number(answer.headers['retry-after'])).toBeGreaterThan(3_500)
    expect((await ask({ from: '198.51.100.9' })).status).toBe(200)
    expect((await ask({ from: 'unknown' })).status).toBe(503)
    t.advance(HOUR)
    expect((await ask()).status).toBe(200)
  })

  it('that is read-only lets everybody look and sign in, and nobody change', async () => {
    await start('read_only')
    await held({ method: 'POST', uri: '/cart' }, 503)
    expect((await ask({ uri: '/cart' })).status).toBe(200)
    expect((await ask({ method: 'POST', uri: '/login' })).status).toBe(200)
  })

  it('for known users lets in who was signed in before, and who shows a factor', async () => {
    const pass = async (fields: object): Promise<Record<string, string>> => ({
      'parapet-pass': (await t.call('POST', '/v1/authorize/passes', { token: shop.token, body: { user: 'u-1', ...fields } })).body.cookie
        .value,
    })
    const before = await pass({ signedInAt: t.now() - HOUR })
    t.advance(1_000)
    await start('known_users')
    await held({}, 503)
    t.advance(1_000)
    expect((await ask({ headers: before })).status).toBe(200)
    expect((await ask({ headers: await pass({ signedInAt: t.now() }) })).status).toBe(503)
    expect((await ask({ headers: await pass({ signedInAt: t.now(), factorAt: t.now() }) })).status).toBe(200)
    expect((await ask({ method: 'POST', uri: '/login' })).status).toBe(200)
  })
})

describe('what sessions alone could carry out', () => {
  it('is not done here, and stands in the way of nothing that is', async () => {
    await decide({ target: { kind: 'user', value: 'u-1' }, action: 'end_sessions' })
    await decide({ target: { kind: 'user', value: 'u-1' }, action: 'require_mfa' })
    await held({ headers: { 'x-auth-user': 'u-1' } }, 401)
    const report = t.services.authorize.reports().find(({ source }) => source.id === shop.id)?.report
    expect(report).toMatchObject({ wanted: 1, cannot: ['end_sessions'] })
  })
})
