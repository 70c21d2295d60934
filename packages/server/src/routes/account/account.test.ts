import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { merged } from '../../app/fixtures/cookie-jar.js'
import { cookiesOf, createTestApp, PASSWORD, type TestApp } from '../../app/fixtures/test-app.js'
import { codeAt } from '../../app/fixtures/totp.js'

let t: TestApp
beforeAll(async () => {
  t = await createTestApp()
}, 60_000)
afterAll(() => t.close())

/** Each sign-in has an address of its own: the limits of credentials are by address. */
let host = 0
const address = (): string => `198.51.100.${(host++ % 250) + 1}`
const signIn = (name: string, cookie = '') =>
  t.call('POST', '/v1/session', { body: { name, password: PASSWORD }, from: address(), headers: cookie === '' ? {} : { cookie } })
const finish = (cookie: string, body: object) => t.call('POST', '/v1/session/factor', { body, headers: { cookie }, from: address() })
const notices = async (cookie: string) =>
  (await t.call('GET', '/v1/account/notices', { cookie })).body.items.map(({ kind }: { kind: string }) => kind) as string[]

/** An operator with an authenticator app; codes move the clock, since each works once. */
const withApp = async (name: string, role: 'admin' | 'viewer' = 'viewer') => {
  const person = await t.makeOperator(role, name)
  const begun = await t.call('POST', '/v1/account/totp', { cookie: person.cookie })
  expect(begun.status).toBe(200)
  const { secret, enrolment } = begun.body
  const done = await t.call('POST', '/v1/account/totp/confirm', {
    cookie: person.cookie,
    body: { enrolment, code: codeAt(secret, t.now()) },
  })
  expect(done.status).toBe(200)
  const nextCode = (): string => {
    t.advance(30_000)
    return codeAt(secret, t.now())
  }
  return {
    ...person,
    secret: secret as string,
    nextCode,
    codes: done.body.recoveryCodes as string[],
    cookie: merged(person.cookie, done),
    begun,
    done,
  }
}

describe('an authenticator app', () => {
  it('is shown once as text, URI and QR code, and is in force only after a code of it came back [ASVS 6.5.1]', async () => {
    const { cookie, name } = await t.makeOperator('viewer', 'Enrols')
    const { body } = await t.call('POST', '/v1/account/totp', { cookie })
    expect(body.secret).toMatch(/^[A-Z2-7]{32}$/)
    expect(body.uri).toMatch(/^otpauth:\/\/totp\/Parapet/)
    expect(body.svg).toMatch(/^<svg /)
    expect((await t.call('GET', '/v1/account', { cookie })).body).toMatchObject({ totp: null, recoveryCodes: 0 })
    const wrong = await t.call('POST', '/v1/account/totp/confirm', { cookie, body: { enrolment: body.enrolment, code: '000000' } })
    expect(wrong.body).toMatchObject({ status: 401, code: 'PPT_FACTOR_FAILED' })
    // not in force: the password alone still signs in
    expect((await signIn(name)).body).toMatchObject({ name })
  })

  it('asks for its code at the next sign-in, and nobody is signed in before it came [ASVS 6.3.3]', async () => {
    const { name, nextCode } = await withApp('Two Steps')
    const first = await signIn(name)
    expect(first.body).toEqual({ mfaRequired: true, methods: ['totp', 'recovery_code'], expiresAt: expect.any(Number) })
    expect(cookiesOf(first)).not.toMatch(/parapet-session=[^;]/)
    expect((await t.call('GET', '/v1/session', { cookie: cookiesOf(first) })).status).toBe(401)
    const done = await finish(cookiesOf(first), { code: nextCode() })
    expect(done).toMatchObject({ status: 200, body: { name } })
    expect((await t.call('GET', '/v1/session', { cookie: cookiesOf(done) })).body.name).toBe(name)
  })

  it('takes each code once, at once and later, and the sign-in ends with it', async () => {
    const { name, nextCode } = await withApp('Replayed')
    const code = nextCode()
    const [one, two] = [await signIn(name), await signIn(name)]
    expect((await finish(cookiesOf(one), { code })).status).toBe(200)
    expect((await finish(cookiesOf(two), { code })).body.code).toBe('PPT_FACTOR_FAILED')
    expect((await finish(cookiesOf(one), { code: nextCode() })).body.code).toBe('PPT_SIGN_IN_OVER')
  })

  it('five wrong codes pause the second step, also for the right one, and the operator is told [ASVS 6.3.1, 6.6.3]', async () => {
    const { name, nextCode, cookie } = await withApp('Guessed')
    const first = await signIn(name)
    for (let i = 0; i < 5; i++) expect((await finish(cookiesOf(first), { code: '123456' })).body.code).toBe('PPT_FACTOR_FAILED')
    expect((await finish(cookiesOf(first), { code: nextCode() })).body.code).toBe('PPT_FACTOR_FAILED')
    expect((await t.call('GET', '/v1/session', { cookie })).status).toBe(200)
  })

  it('gives five minutes for the second step [ASVS 6.5.5]', async () => {
    const { name, nextCode } = await withApp('Slow')
    const first = await signIn(name)
    t.advance(5 * 60_000 + 1)
    expect((await finish(cookiesOf(first), { code: nextCode() })).body).toMatchObject({ status: 401, code: 'PPT_SIGN_IN_OVER' })
    expect((await finish('', { code: nextCode() })).body.code).toBe('PPT_SIGN_IN_OVER')
  })

  it('stands in the database sealed, and opens in no other row [ASVS 11.3.3]', async () => {
    const { id, secret, codes } = await withApp('At Rest')
    const { rows } = await t.database.pool.query<{ sealed: string }>('select * from operator_factors where operator_id = $1', [id])
    const text = JSON.stringify(rows)
    for (const value of [secret, ...codes]) expect(text).not.toContain(value)
    const other = await withApp('Other Row')
    await t.database.pool.query('update operator_factors set sealed = $2 where operator_id = $1', [other.id, rows[0]?.sealed])
    expect((await signIn(other.name)).status).toBe(503)
  })

  it('is removed by its owner, who is told, and whose other sessions end [ASVS 6.5.6, 7.4.3]', async () => {
    const { name, cookie, nextCode } = await withApp('Removes')
    const first = await signIn(name)
    const elsewhere = cookiesOf(await finish(cookiesOf(first), { code: nextCode() }))
    const removed = await t.call('DELETE', '/v1/account/totp', { cookie })
    expect(removed.status).toBe(204)
    expect((await t.call('GET', '/v1/session', { cookie: elsewhere })).status).toBe(401)
    expect((await signIn(name)).body).toMatchObject({ name })
    await expect.poll(() => notices(merged(cookie, removed))).toEqual(expect.arrayContaining(['factor_removed', 'factor_added']))
    expect((await t.call('DELETE', '/v1/account/totp', { cookie: merged(cookie, removed) })).status).toBe(404)
  })
})

describe('recovery codes', () => {
  it('are ten, shown with the first factor only, and each signs in once [ASVS 6.5.1]', async () => {
    const { name, codes } = await withApp('Recovers')
    expect(codes).toHaveLength(10)
    const first = await signIn(name)
    const done = await finish(cookiesOf(first), { recoveryCode: codes[0] ?? '' })
    expect(done.status).toBe(200)
    expect((await t.call('GET', '/v1/account', { cookie: cookiesOf(done) })).body.recoveryCodes).toBe(9)
    await expect.poll(() => notices(cookiesOf(done))).toContain('recovery_code_used')
    expect((await finish(cookiesOf(await signIn(name)), { recoveryCode: codes[0] ?? '' })).body.code).toBe('PPT_FACTOR_FAILED')
  })

  it('are made anew: the old ones end', async () => {
    const { name, cookie, codes } = await withApp('Anew')
    const { body } = await t.call('POST', '/v1/account/recovery-codes', { cookie })
    expect(body.recoveryCodes).toHaveLength(10)
    expect((await finish(cookiesOf(await signIn(name)), { recoveryCode: codes[1] ?? '' })).body.code).toBe('PPT_FACTOR_FAILED')
    expect((await finish(cookiesOf(await signIn(name)), { recoveryCode: body.recoveryCodes[1] })).status).toBe(200)
  })

  it('are not made for somebody without a factor', async () => {
    const { cookie } = await t.makeOperator('viewer')
    expect((await t.call('POST', '/v1/account/recovery-codes', { cookie })).status).toBe(404)
  })
})

describe('the password', () => {
  const change = (cookie: string, body: object) => t.call('POST', '/v1/account/password', { cookie, body, from: address() })

  it('is changed with the old one; every other session ends and this one goes on under a new id [ASVS 6.2.3, 7.4.3]', async () => {
    const { name, cookie } = await t.makeOperator('viewer', 'Changes')
    const other = cookiesOf(await signIn(name))
    const answer = await change(cookie, { current: PASSWORD, password: 'quite another phrase' })
    expect(answer).toMatchObject({ status: 200, body: { sessionsEnded: 1 } })
    expect((await t.call('GET', '/v1/session', { cookie: other })).status).toBe(401)
    const fresh = merged(cookie, answer)
    expect(fresh).not.toBe(cookie)
    expect((await t.call('GET', '/v1/session', { cookie: fresh })).status).toBe(200)
    expect((await signIn(name)).status).toBe(401)
    await expect.poll(() => notices(fresh)).toContain('password_changed')
    expect((await t.call('GET', '/v1/account', { cookie: fresh })).body.passwordChangedAt).toBeGreaterThan(0)
  })

  it('stays when the old one is wrong, or the new one is weak or the same; guesses count like those of a sign-in', async () => {
    const { cookie, name } = await t.makeOperator('viewer', 'Keeps')
    expect((await change(cookie, { current: 'wrong', password: 'quite another phrase' })).body).toMatchObject({
      status: 422,
      detail: expect.stringContaining('current'),
    })
    expect((await change(cookie, { current: PASSWORD, password: 'password' })).body.detail).toContain('password')
    expect((await change(cookie, { current: PASSWORD, password: PASSWORD })).body.detail).toContain('old password')
    expect((await signIn(name)).status).toBe(200)
  })
})

describe('sessions', () => {
  it('are listed with device and place, the present one marked, and one is ended without the others [ASVS 7.5.2]', async () => {
    const { name, cookie } = await t.makeOperator('viewer', 'Everywhere')
    const phone = await t.call('POST', '/v1/session', {
      body: { name, password: PASSWORD },
      from: '203.0.113.77',
      headers: { 'user-agent': 'Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/131.0 Mobile Safari/537.36' },
    })
    const { body } = await t.call('GET', '/v1/account/sessions', { cookie })
    expect(body.items).toHaveLength(2)
    expect(body.items.filter(({ current }: { current: boolean }) => current)).toHaveLength(1)
    const other = body.items.find(({ current }: { current: boolean }) => !current)
    expect(other).toMatchObject({ device: 'Chrome on Android', address: '203.0.113.77' })
    expect(JSON.stringify(body)).not.toContain('Mozilla')
    expect((await t.call('DELETE', `/v1/account/sessions/${other.id}`, { cookie })).status).toBe(204)
    expect((await t.call('GET', '/v1/session', { cookie: cookiesOf(phone) })).status).toBe(401)
    expect((await t.call('GET', '/v1/session', { cookie })).status).toBe(200)
    expect((await t.call('DELETE', `/v1/account/sessions/${other.id}`, { cookie })).status).toBe(404)
  })

  it('of somebody else cannot be ended, and the present one ends by signing out [ASVS 8.2.2]', async () => {
    const [one, two] = [await t.makeOperator('viewer'), await t.makeOperator('viewer')]
    const { body } = await t.call('GET', '/v1/account/sessions', { cookie: two.cookie })
    expect((await t.call('DELETE', `/v1/account/sessions/${body.items[0].id}`, { cookie: one.cookie })).status).toBe(404)
    expect((await t.call('DELETE', `/v1/account/sessions/${body.items[0].id}`, { cookie: two.cookie })).status).toBe(409)
    expect((await t.call('GET', '/v1/session', { cookie: two.cookie })).status).toBe(200)
  })

  it('all others end at once [ASVS 7.4.5]', async () => {
    const { name, cookie } = await t.makeOperator('viewer', 'Ends All')
    const others = [cookiesOf(await signIn(name)), cookiesOf(await signIn(name))]
    expect((await t.call('DELETE', '/v1/account/sessions', { cookie })).body).toEqual({ ended: 2 })
    for (const other of others) expect((await t.call('GET', '/v1/session', { cookie: other })).status).toBe(401)
    expect((await t.call('DELETE', '/v1/account/sessions', { cookie })).body).toEqual({ ended: 0 })
  })
})

describe('notices', () => {
  it('tell of a new device, and of a pause of the sign-in that somebody else caused [ASVS 6.3.5, 6.3.7]', async () => {
    const { name, cookie } = await t.makeOperator('viewer', 'Told')
    await signIn(name)
    await expect.poll(() => notices(cookie)).toEqual(['new_device'])
    // from the device that is known: no news
    await signIn(name, cookie.split('; ').find((one) => one.startsWith('parapet-device')) ?? '')
    await expect.poll(() => notices(cookie)).toEqual(['new_device'])
    for (let i = 0; i < 5; i++) await t.call('POST', '/v1/session', { body: { name, password: 'a guess' }, from: '192.0.2.9' })
    await expect.poll(() => notices(cookie)).toEqual(['lockout', 'new_device'])
    const { body } = await t.call('GET', '/v1/audit?action=operator.locked&limit=1', { token: t.local })
    expect(body.items[0]).toMatchObject({
      actor: { kind: 'system', id: 'login-shield' },
      address: '192.0.2.9',
      detail: { method: 'password' },
    })
  })

  it('are those of the operator alone', async () => {
    const other = await t.makeOperator('viewer')
    expect(await notices(other.cookie)).toEqual([])
  })
})

describe('a session that looks like somebody else’s', () => {
  const FIREFOX = { 'user-agent': 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0', 'accept-language': 'de' }
  const OTHER = {
    'user-agent': 'Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 Chrome/131.0.0.0 Safari/537.36',
    'accept-language': 'ru',
  }

  it('does nothing of weight and enrols nothing before it has proved itself, and its operator is told [ASVS 7.5.1]', async () => {
    const { id } = await t.services.operators.create({ name: 'Copied', password: PASSWORD, role: 'viewer' })
    const first = await t.call('POST', '/v1/session', {
      body: { name: 'Copied', password: PASSWORD },
      from: '203.0.113.5',
      headers: FIREFOX,
    })
    const cookie = cookiesOf(first)
    expect((await t.call('GET', '/v1/session', { cookie, from: '203.0.113.5', headers: FIREFOX })).status).toBe(200)
    const seen = await t.call('GET', '/v1/session', { cookie, from: '192.0.2.200', headers: OTHER })
    const begun = await t.call('POST', '/v1/account/totp', { cookie: merged(cookie, seen), from: '192.0.2.200', headers: OTHER })
    expect(begun.status).toBe(401)
    expect(['PPT_STEP_UP', 'PPT_UNAUTHENTICATED']).toContain(begun.body.code)
    await expect.poll(async () => (await t.services.notices.list(id, 5)).map(({ kind }) => kind)).toContain('session_at_risk')
  })
})

describe('step-up', () => {
  const dangerous = (cookie: string) => t.call('POST', '/v1/sources', { cookie, body: { name: `source ${++host} ${t.now()}` } })
  const prove = (cookie: string, body: object) => t.call('POST', '/v1/session/step-up', { cookie, body, from: address() })

  it('is asked for once the sign-in is ten minutes old, names what will do, and opens the act [ASVS 7.5.3]', async () => {
    const { cookie } = await t.makeOperator('admin', 'Old Sign-in')
    expect((await dangerous(cookie)).status).toBe(201)
    t.advance(10 * 60_000)
    const asked = await dangerous(cookie)
    expect(asked.body).toMatchObject({ status: 401, code: 'PPT_STEP_UP', methods: ['password'], maxAgeSeconds: 600 })
    expect(asked.headers['www-authenticate']).toContain('insufficient_user_authentication')
    const wrong = await prove(cookie, { password: 'wrong' })
    expect(wrong.body.code).toBe('PPT_FACTOR_FAILED')
    expect((await dangerous(cookie)).status).toBe(401)
    const proved = await prove(cookie, { password: PASSWORD })
    expect(proved).toMatchObject({ status: 200, body: { method: 'password' } })
    const fresh = merged(cookie, proved)
    expect(fresh).not.toBe(cookie)
    expect((await dangerous(fresh)).status).toBe(201)
    // what is not dangerous never asked
    t.advance(20 * 60_000)
    expect((await t.call('GET', '/v1/operators', { cookie: fresh })).status).toBe(200)
  })

  it('takes the code of whoever has one, and not the password alone', async () => {
    const { cookie, nextCode } = await withApp('Has App', 'admin')
    t.advance(10 * 60_000)
    expect((await dangerous(cookie)).body).toMatchObject({ code: 'PPT_STEP_UP', methods: ['totp', 'recovery_code'] })
    expect((await prove(cookie, { password: PASSWORD })).body.code).toBe('PPT_FACTOR_FAILED')
    const proved = await prove(cookie, { code: nextCode() })
    expect(proved.status).toBe(200)
    expect((await dangerous(merged(cookie, proved))).status).toBe(201)
  })

  it('with a recovery code is told to the operator, and spends it', async () => {
    const { cookie, codes } = await withApp('Steps With Code', 'admin')
    t.advance(10 * 60_000)
    const proved = await prove(cookie, { recoveryCode: codes[0] ?? '' })
    expect(proved.body).toEqual({ method: 'recovery_code' })
    await expect.poll(() => notices(merged(cookie, proved))).toContain('recovery_code_used')
    expect((await prove(merged(cookie, proved), { recoveryCode: codes[0] ?? '' })).body.code).toBe('PPT_FACTOR_FAILED')
  })

  it('is not written down as a refusal, and the proof is', async () => {
    const { cookie, id } = await t.makeOperator('admin', 'Proves')
    t.advance(10 * 60_000)
    await dangerous(cookie)
    await prove(cookie, { password: PASSWORD })
    const { body } = await t.call('GET', '/v1/audit?limit=3', { token: t.local })
    expect(body.items[0]).toMatchObject({
      action: 'operator.stepped_up',
      actor: { id },
      outcome: 'success',
      detail: { method: 'password' },
    })
    expect(body.items[1].reason).not.toBe('PPT_STEP_UP')
  })

  it('does not stand in the way of tokens that the route exempts, nor of the command of this machine', async () => {
    const { token } = await t.makeToken(['sources.manage'])
    t.advance(60 * 60_000)
    expect((await t.call('POST', '/v1/sources', { token, body: { name: `by token ${t.now()}` } })).status).toBe(201)
    expect((await t.call('POST', '/v1/sources', { token: t.local, body: { name: `by command ${t.now()}` } })).status).toBe(201)
  })
})
