import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { merged } from '../../app/fixtures/cookie-jar.js'
import { cookiesOf, createTestApp, PASSWORD, type TestApp } from '../../app/fixtures/test-app.js'
import { codeAt } from '../../app/fixtures/totp.js'

let t: TestApp
beforeAll(async () => {
  t = await createTestApp()
  await t.makeOperator('admin', 'Chief')
}, 60_000)
afterAll(() => t.close())

let host = 0
const address = (): string => `10.9.${(host >> 8) & 255}.${host++ & 255}`
const wait = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms))
const local = (method: string, url: string, body?: unknown) =>
  t.call(method, url, { token: t.local, from: address(), ...(body === undefined ? {} : { body }) })
const signIn = (name: string, password = PASSWORD) => t.call('POST', '/v1/session', { body: { name, password }, from: address() })
const opens = async (token: string): Promise<boolean> => (await t.call('GET', '/v1/session', { token, from: address() })).status === 200
const tokenBy = (cookie: string, scopes: readonly string[], extra: object = {}) =>
  t.call('POST', '/v1/tokens', { cookie, from: address(), body: { name: `made ${++host}`, scopes, ...extra } })
const person = async (name: string): Promise<{ id: string; name: string; cookie: string }> => {
  const { id } = await t.services.operators.create({ name, password: PASSWORD, role: 'admin' })
  return { id, name, cookie: cookiesOf(await signIn(name)) }
}
const CHOSEN = 'the thief chose this'
/** Moments after the one act began at which the other one begins, ms: before, within and after the hashing of a password. */
const MOMENTS = [0, 10, 20, 30, 45, 60]

describe('what overtakes a reset', () => {
  it('is no password that somebody else was just setting', async () => {
    for (const ms of MOMENTS) {
      const { id, name, cookie } = await person(`Pat ${ms}`)
      const body = { current: PASSWORD, password: CHOSEN }
      const changing = t.call('POST', '/v1/account/password', { cookie, from: address(), body })
      await wait(ms)
      expect((await local('POST', `/v1/operators/${id}/reset`)).status).toBe(200)
      await changing
      expect([ms, (await signIn(name, CHOSEN)).status]).toEqual([ms, 401])
    }
  })

  it('is no older link that somebody was just using', async () => {
    for (const ms of [0, 15, 30, 60]) {
      const { id, name } = await person(`Lea ${ms}`)
      const { link } = (await local('POST', `/v1/operators/${id}/reset`)).body
      const finishing = t.call('POST', '/v1/reset', { from: address(), body: { link, password: CHOSEN } })
      await wait(ms)
      // the limit of resets is the operator's who makes them: this one is made beside it
      t.services.limiter.forget('credential', ['local'])
      const again = await local('POST', `/v1/operators/${id}/reset`)
      const finished = await finishing
      expect(again.status).toBe(200)
      expect([ms, (await signIn(name, CHOSEN)).status]).toEqual([ms, 401])
      expect((await t.call('GET', '/v1/session', { cookie: cookiesOf(finished), from: address() })).status).toBe(401)
    }
  })

  it('is no half-done sign-in whose password was changed since', async () => {
    const mia = await person('Mia')
    const begun = await t.call('POST', '/v1/account/totp', { cookie: mia.cookie, from: address() })
    const code = (): string => codeAt(begun.body.secret, t.now())
    const enrolled = await t.call('POST', '/v1/account/totp/confirm', {
      cookie: mia.cookie,
      from: address(),
      body: { enrolment: begun.body.enrolment, code: code() },
    })
    const half = await signIn('Mia')
    expect(half.body.mfaRequired).toBe(true)
    t.advance(1_000)
    const body = { current: PASSWORD, password: 'quite another phrase' }
    expect((await t.call('POST', '/v1/account/password', { cookie: merged(mia.cookie, enrolled), from: address(), body })).status).toBe(200)
    t.advance(61_000)
    const late = await t.call('POST', '/v1/session/factor', { cookie: cookiesOf(half), from: address(), body: { code: code() } })
    expect(late.status).toBe(401)
    const fresh = await signIn('Mia', 'quite another phrase')
    const done = await t.call('POST', '/v1/session/factor', { cookie: cookiesOf(fresh), from: address(), body: { code: code() } })
    expect(done.status).toBe(200)
  })

  it('is no browser that was known before', async () => {
    const dan = await person('Dan')
    const device = dan.cookie.split('; ').find((cookie) => cookie.startsWith('parapet-device')) ?? ''
    expect(device).not.toBe('')
    t.advance(1_000)
    const { link } = (await local('POST', `/v1/operators/${dan.id}/reset`)).body
    await t.call('POST', '/v1/reset', { from: address(), body: { link, password: 'a quite new phrase' } })
    for (let i = 0; i < 6; i++) await t.call('POST', '/v1/session', { body: { name: 'Dan', password: 'guess' }, from: '192.0.2.9' })
    const old = await t.call('POST', '/v1/session', {
      body: { name: 'Dan', password: 'a quite new phrase' },
      from: address(),
      headers: { cookie: device },
    })
    expect(old.status).toBe(401)
  })
})

describe('what overtakes a removal or another role', () => {
  it.each([
    ['a removal', (id: string) => local('DELETE', `/v1/operators/${id}`)],
    ['another role', (id: string) => local('PATCH', `/v1/operators/${id}`, { role: 'viewer' })],
  ] as const)('%s: no sign-in goes on as what it was', async (what, act) => {
    for (const ms of MOMENTS) {
      const name = `${what} ${ms}`
      const { id } = await t.services.operators.create({ name, password: PASSWORD, role: 'admin' })
      const going = signIn(name)
      await wait(ms)
      expect((await act(id)).status).toBeLessThan(300)
      const answer = await going
      const me = await t.call('GET', '/v1/session', { cookie: cookiesOf(answer), from: address() })
      expect([ms, me.status === 200 && me.body.role === 'admin']).toEqual([ms, false])
    }
  })

  it('no token that was just being made stays', async () => {
    for (let round = 0; round < 4; round++) {
      const { id, cookie } = await person(`Tom ${round}`)
      const made: ReturnType<typeof tokenBy>[] = []
      const removing = wait(8).then(() => local('DELETE', `/v1/operators/${id}`))
      for (let i = 0; i < 20; i++) {
        made.push(tokenBy(cookie, ['operators.manage']))
        await wait(1)
      }
      expect((await removing).status).toBe(204)
      const tokens = (await Promise.all(made)).flatMap(({ status, body }) => (status === 201 ? [body.token as string] : []))
      expect(await Promise.all(tokens.map(opens))).toEqual(tokens.map(() => false))
    }
  })
})

describe('a token', () => {
  it('that a token made ends with the operator behind both, and lasts no longer than the first', async () => {
    const eve = await person('Eve')
    const first = (await tokenBy(eve.cookie, ['tokens.manage', 'alerts.read'], { expiresInDays: 1 })).body
    const made = await t.call('POST', '/v1/tokens', {
      token: first.token,
      from: address(),
      body: { name: 'second', scopes: ['alerts.read'] },
    })
    expect(made.body.view.expiresAt).toBe(first.view.expiresAt)
    expect(await opens(made.body.token)).toBe(true)
    expect((await local('DELETE', `/v1/operators/${eve.id}`)).status).toBe(204)
    expect(await opens(made.body.token)).toBe(false)
  })

  it('of a source that may do more than sources do ends with the operator who made it', async () => {
    const ron = await person('Ron')
    const source = await t.makeSource()
    const [wide, narrow] = [
      (await tokenBy(ron.cookie, ['operators.manage'], { sourceId: source.id })).body.token,
      (await tokenBy(ron.cookie, ['decisions.read', 'events.write'], { sourceId: source.id })).body.token,
    ]
    expect((await local('DELETE', `/v1/operators/${ron.id}`)).status).toBe(204)
    expect([await opens(wide), await opens(narrow)]).toEqual([false, true])
  })

  it('removes nobody who may do more than it', async () => {
    const { id } = await person('Vic')
    const { token } = await t.makeToken(['operators.manage'])
    expect((await t.call('DELETE', `/v1/operators/${id}`, { token, from: address() })).status).toBe(403)
    expect(await t.services.operators.get(id)).toBeDefined()
  })
})
